package records

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// Usage tells what people did with resources: sessions and sign-ins of a client, members of a group or organization,
// accounts linked to a provider, people who hold a role directly, and who else runs sign-ins through the flows. What
// cannot be told is said as such.
func Usage(ctx context.Context, c *current.Realm, questions []observation.UsageQuestion) ([]observation.Usage, error) {
	reader, err := newUsageReader(ctx, c, questions)
	if err != nil {
		return nil, admin.Outward("reading what is used", err)
	}
	usages := make([]observation.Usage, len(questions))
	err = c.ForEach(len(questions), func(i int) error {
		usage, err := reader.usage(ctx, questions[i])
		if admin.IsForbidden(err) {
			usage.Unknown, err = "the credential may not read it: "+err.Error(), nil
		}
		usage.Resource = questions[i].Resource.ID()
		usages[i] = usage
		return err
	})
	if err != nil {
		return nil, admin.Outward("reading what is used", err)
	}
	for i := range usages {
		usages[i].Used = len(usages[i].Facts) > 0
	}
	return usages, nil
}

// usageReader holds what one look at the realm tells about all clients.
type usageReader struct {
	*current.Realm
	asked    map[identity.ResourceID]identity.Resource
	people   int                                   // users of the realm; service accounts do not count
	sessions map[string][2]int                     // client id to sessions and offline sessions
	signIns  map[string]observation.SignInActivity // by client id
	// the sign-ins are complete from here on; zero when they are not known at all
	covers   time.Time
	silent   string // why sign-ins are not known
	machines bool   // sign-ins of machines are kept too
}

func newUsageReader(ctx context.Context, c *current.Realm,
	questions []observation.UsageQuestion) (*usageReader, error) {
	r := &usageReader{Realm: c, asked: map[identity.ResourceID]identity.Resource{}, sessions: map[string][2]int{},
		signIns: map[string]observation.SignInActivity{}}
	since, clients := c.Now(), false
	for _, question := range questions {
		r.asked[question.Resource.ID()] = question.Resource
		clients = clients || question.Resource.Type == realm.TypeClient
		if made, err := time.Parse(time.RFC3339, question.Since); err == nil && made.Before(since) {
			since = made
		}
	}
	if !clients {
		return r, nil
	}
	if err := c.Get(ctx, c.Admin("users", "count"), nil, &r.people); err != nil {
		return nil, err
	}
	var rows []struct {
		ClientID string `json:"clientId"`
		Active   any    `json:"active"`
		Offline  any    `json:"offline"`
	}
	if err := c.Get(ctx, c.Admin("client-session-stats"), nil, &rows); err != nil {
		return nil, err
	}
	for _, row := range rows {
		r.sessions[row.ClientID] = [2]int{whole(row.Active), whole(row.Offline)}
	}
	return r, r.readSignIns(ctx, since)
}

// whole reads a number that the server writes as a number or as text.
func whole(value any) int {
	var n int
	_, _ = fmt.Sscan(fmt.Sprint(value), &n)
	return n
}

func (r *usageReader) readSignIns(ctx context.Context, since time.Time) error {
	covers, settings, err := eventsCover(ctx, r.Realm, since)
	if admin.IsForbidden(err) {
		var fault *contract.ProviderError
		if r.silent = "sign-ins that ended are not known: the events may not be read"; errors.As(err, &fault) &&
			fault.Permission == switchStore {
			r.silent = "sign-ins that ended are not known: the realm does not keep sign-in events (" + switchStore + ")"
		}
		return nil
	}
	if err != nil {
		return err
	}
	sum := &usageSum{begun: true}
	reached, err := events(ctx, r.Realm, since, logins(), sum.add)
	for _, activity := range sum.activities() {
		r.signIns[activity.Resource.Key] = activity
	}
	r.covers, r.machines = later(covers, reached), settings.keeps(eventClientLogin)
	return err
}

func (r *usageReader) usage(ctx context.Context, question observation.UsageQuestion) (observation.Usage, error) {
	tell, known := usages()[question.Resource.Type]
	switch {
	case !known:
		return observation.Usage{
			Unknown: "it is not known how resources of the type " + question.Resource.Type + " are used"}, nil
	case tell == nil:
		return observation.Usage{}, nil
	}
	return tell(ctx, r, question)
}

// clientUsage looks at the sessions there are and the sign-ins there were. Without recorded sign-ins a client counts as
// used, unless nobody could use it: it was never opened, or there is nobody.
func (r *usageReader) clientUsage(question observation.UsageQuestion) observation.Usage {
	var usage observation.Usage
	resource := question.Resource
	if n := r.sessions[resource.Key]; n != [2]int{} {
		usage.Facts = append(usage.Facts, fmt.Sprintf("sessions now: %d, offline sessions: %d", n[0], n[1]))
	}
	if seen := r.signIns[resource.Key]; seen.SignIns > 0 {
		day, _, _ := strings.Cut(seen.Last, "T")
		usage.Facts = append(usage.Facts, fmt.Sprintf("sign-ins: %d by %d people, the last on %s", seen.SignIns,
			seen.PeopleCount, day))
	}
	machine, _ := resource.Attributes["service_accounts"].(bool)
	if len(usage.Facts) > 0 || !question.Opened || (r.people == 0 && !machine) {
		return usage
	}
	made, err := time.Parse(time.RFC3339, question.Since)
	switch {
	case r.silent != "":
		usage.Unknown = r.silent
	case machine && !r.machines:
		usage.Unknown = "sign-ins of machines are not known: the realm does not keep events of the type " + eventClientLogin
	case err != nil || r.covers.Truncate(time.Second).After(made):
		usage.Unknown = "sign-ins are recorded since " + r.covers.UTC().Format(time.RFC3339) + " only"
	}
	return usage
}

// someone tells whether a list of people holds anybody.
func (r *usageReader) someone(ctx context.Context, what, path string, query url.Values) (observation.Usage, error) {
	var rows []object.Object
	err := r.Get(ctx, path, query, &rows)
	if admin.IsAbsent(err) {
		return observation.Usage{}, nil
	}
	if len(rows) == 0 {
		return observation.Usage{}, err
	}
	return observation.Usage{Facts: []string{what + ": at least one"}}, err
}

func (r *usageReader) roleUsage(ctx context.Context, resource identity.Resource) (observation.Usage, error) {
	attributes := object.Object(resource.Attributes)
	clientID, role := admin.Text(attributes, "client"), admin.Text(attributes, "role")
	id := r.asked[identity.ResourceID{Type: realm.TypeClient, Key: clientID}].ServerID
	if id == "" {
		raw, err := r.Application(ctx, clientID)
		if err != nil || raw == nil {
			return observation.Usage{}, err
		}
		id = admin.Text(raw, "id")
	}
	usage, err := r.someone(ctx, "people who hold it directly", r.Admin("clients", id, "roles", role, "users"),
		url.Values{"max": {"1"}, "briefRepresentation": {"true"}})
	if err != nil || len(usage.Facts) > 0 {
		return usage, err
	}
	groups, err := r.Pages(ctx, r.Admin("clients", id, "roles", role, "groups"), nil, "id")
	if admin.IsAbsent(err) {
		err = nil
	}
	for _, group := range groups {
		path := admin.Text(group, "path")
		if _, ours := r.asked[identity.ResourceID{Type: realm.TypeRoleAssignment,
			Key: keyOfPath(group) + " -> " + clientID + "/" + role}]; !ours {
			usage.Facts = append(usage.Facts, "group "+admin.Printable(path)+" holds it, which this run did not give it")
		}
	}
	return usage, err
}

// keyOfPath is the key of a group whose names hold no slash; with one the path is ambiguous and the group counts as
// somebody else's.
func keyOfPath(group object.Object) string {
	names := strings.Split(strings.TrimPrefix(admin.Text(group, "path"), "/"), "/")
	for i, name := range names {
		names[i] = identity.EscapePath(name)
	}
	return "/" + strings.Join(names, "/")
}

func (r *usageReader) organizationUsage(ctx context.Context, resource identity.Resource) (observation.Usage, error) {
	members := 0
	err := r.Get(ctx, r.Admin("organizations", resource.ServerID, "members", "count"), nil, &members)
	if admin.IsAbsent(err) || members == 0 {
		if admin.IsAbsent(err) {
			err = nil
		}
		return observation.Usage{}, err
	}
	facts := []string{fmt.Sprintf("members: %d", members)}
	if managed, err := r.ManagedMember(ctx, resource.ServerID); err != nil || managed {
		facts = append(facts,
			"some came through its provider: their accounts would be deleted with it, so no decision deletes it while "+
				"they are there")
	}
	return observation.Usage{Facts: facts}, nil
}

// flowUsage names whoever else runs sign-ins through the flows. What was asked for in the same breath is taken back
// with them.
func (r *usageReader) flowUsage(ctx context.Context) (observation.Usage, error) {
	flows, err := r.GateFlows(ctx)
	if err != nil {
		return observation.Usage{}, err
	}
	users, err := r.FlowUsers(ctx, flows.IDs)
	var usage observation.Usage
	for _, user := range users {
		_, ours := r.asked[identity.ResourceID{Type: user.Kind, Key: user.Name}]
		_, gated := r.asked[identity.ResourceID{Type: realm.TypeGate, Key: user.Name}]
		if !ours && (user.Kind != realm.TypeClient || !gated) {
			usage.Facts = append(usage.Facts, "sign-ins run through it: "+user.String())
		}
	}
	return usage, err
}
