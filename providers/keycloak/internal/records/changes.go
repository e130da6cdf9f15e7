package records

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// SwitchAdminEvents is where a realm is told to record what administrators write.
const SwitchAdminEvents = `the realm switch "Save events" with "Include representation" ` +
	`(Realm settings, Events, Admin events settings)`

// adminEvent is one write that the realm recorded. Secrets in its representation are masked by the server.
type adminEvent struct {
	ID             string `json:"id"`
	Time           int64  `json:"time"` // milliseconds since 1970, by the clock of the server
	OperationType  string `json:"operationType"`
	ResourceType   string `json:"resourceType"`
	ResourcePath   string `json:"resourcePath"`
	Representation string `json:"representation"`
	Error          string `json:"error"`
	Auth           struct {
		ClientID string `json:"clientId"` // the server's id of the client, not its client id
		UserID   string `json:"userId"`
	} `json:"authDetails"`
}

// Changes lists the admin events between two times, oldest first. A realm records them only when it is told to: where
// it does not, nothing can be told, which is an error and not an empty list. Ours are those of our client; where it
// wrote nothing in that time, the run used another credential, which is the one that wrote the marker.
func Changes(ctx context.Context, c *current.Realm, since, until string,
	each func(observation.ChangeEvent) error) (observation.ChangeReport, error) {
	const doing = "reading the admin events"
	from, err := time.Parse(time.RFC3339Nano, since)
	if err != nil {
		return observation.ChangeReport{}, steps.Refuse("%s: %q is no time", doing, since)
	}
	to, err := time.Parse(time.RFC3339Nano, until)
	if err != nil {
		return observation.ChangeReport{}, steps.Refuse("%s: %q is no time", doing, until)
	}
	ctx, requests := admin.WithCounter(ctx)
	report, err := changes(ctx, c, from, to, each)
	report.Requests = int(requests.Load())
	return report, admin.Outward(doing, err)
}

func changes(ctx context.Context, c *current.Realm, from, to time.Time,
	each func(observation.ChangeEvent) error) (observation.ChangeReport, error) {
	report := observation.ChangeReport{Covers: from.UTC().Format(time.RFC3339Nano)}
	ahead, err := recordsChanges(ctx, c, from, &report)
	if err != nil {
		return report, err
	}
	events, err := adminEvents(ctx, c, from.Add(ahead), to.Add(ahead))
	if err != nil {
		return report, err
	}
	reader := changeReader{Realm: c, ahead: ahead, clients: map[string]string{}, groups: map[string]string{}}
	if err := reader.prepare(ctx, events); err != nil {
		return report, err
	}
	for _, event := range events {
		change, err := reader.change(ctx, event)
		if err == nil {
			err = each(change)
		}
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

// recordsChanges makes sure that the realm records writes, and tells how far the server's clock is ahead of ours.
func recordsChanges(ctx context.Context, c *current.Realm, from time.Time,
	report *observation.ChangeReport) (time.Duration, error) {
	var settings struct {
		Enabled bool `json:"adminEventsEnabled"`
		Details bool `json:"adminEventsDetailsEnabled"`
	}
	path := c.Admin("events", "config")
	asked := c.Now()
	header, err := c.Do(ctx, admin.Call{Method: http.MethodGet, Path: path}, &settings)
	if err != nil {
		return 0, err
	}
	if !settings.Enabled {
		fault := c.Failure(contract.ErrorForbidden, 0, admin.Call{Method: http.MethodGet, Path: path},
			"the realm does not record what administrators write, so nobody can tell what was written; turn on "+
				SwitchAdminEvents+" before the next apply")
		fault.Permission = SwitchAdminEvents
		return 0, fault
	}
	if !settings.Details {
		report.Note = "the realm records writes without what was sent: there are no digests, and what a write was about " +
			"is known less exactly"
	}
	var live object.Object
	if err := c.Get(ctx, c.Admin(), nil, &live); err == nil {
		if seconds := whole(admin.Part(live, "attributes")["adminEventsExpiration"]); seconds > 0 {
			if kept := c.Now().Add(-time.Duration(seconds) * time.Second); kept.After(from) {
				report.Covers = kept.UTC().Format(time.RFC3339Nano)
			}
		}
	}
	return clockAhead(header, asked, c.Now()), nil
}

// clockAhead is how far the server's clock is ahead of ours. The header has whole seconds, so less than two is none.
func clockAhead(header http.Header, asked, answered time.Time) time.Duration {
	said, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	ahead := said.Sub(asked.Add(answered.Sub(asked) / 2))
	if ahead.Abs() < 2*time.Second {
		return 0
	}
	return ahead
}

// adminEvents reads the events of a time, oldest first.
func adminEvents(ctx context.Context, c *current.Realm, from, to time.Time) ([]adminEvent, error) {
	query := url.Values{
		"dateFrom": {strconv.FormatInt(from.UnixMilli(), 10)}, "dateTo": {strconv.FormatInt(to.UnixMilli(), 10)},
		"direction": {"asc"}, "max": {strconv.Itoa(eventPage)},
	}
	seen := map[string]bool{}
	var all []adminEvent
	for first := 0; ; first += eventPage {
		query.Set("first", strconv.Itoa(first))
		var page []adminEvent
		if err := c.Get(ctx, c.Admin("admin-events"), query, &page); err != nil {
			return nil, err
		}
		for _, e := range page {
			if at := time.UnixMilli(e.Time); e.Error != "" || at.Before(from.Truncate(time.Millisecond)) || at.After(to) ||
				(e.ID != "" && seen[e.ID]) {
				continue
			}
			seen[e.ID] = true
			all = append(all, e)
		}
		if len(page) < eventPage {
			break
		}
		if len(all) >= mostEvents {
			return nil, steps.Refuse("there are more than %d events in that time; look at a shorter one", mostEvents)
		}
	}
	slices.SortStableFunc(all, func(a, b adminEvent) int { return cmp.Compare(a.Time, b.Time) })
	return all, nil
}

// changeReader finds out what events are about.
type changeReader struct {
	*current.Realm
	ahead   time.Duration
	author  string            // the server's id of the client whose writes are ours
	marker  string            // the server's id of the marker client
	clients map[string]string // server id to client id
	groups  map[string]string // server id to key, empty for one that is gone
}

// prepare learns the names of clients, and whose events are ours.
func (r *changeReader) prepare(ctx context.Context, events []adminEvent) error {
	var rows []object.Object
	if err := r.Get(ctx, r.Admin("clients"), nil, &rows); err != nil {
		return err
	}
	for _, row := range rows {
		r.clients[admin.Text(row, "id")] = admin.Text(row, "clientId")
	}
	for _, event := range events {
		if id, found := strings.CutPrefix(event.ResourcePath, "clients/"); found && !strings.Contains(id, "/") {
			if name := admin.Text(event.body(), "clientId"); name != "" && r.clients[id] == "" {
				r.clients[id] = name
			}
		}
	}
	for id, name := range r.clients {
		switch name {
		case r.ID:
			r.author = id
		case realm.MarkerClient:
			r.marker = id
		}
	}
	if slices.ContainsFunc(events, r.ours) {
		return nil
	}
	for _, event := range events {
		if r.marker != "" && event.ResourcePath == "clients/"+r.marker {
			r.author = event.Auth.ClientID
			return nil
		}
	}
	return nil
}

func (r *changeReader) ours(e adminEvent) bool { return r.author != "" && e.Auth.ClientID == r.author }

// body is what was sent, where it is one object.
func (e adminEvent) body() object.Object {
	var body object.Object
	if json.Unmarshal([]byte(e.Representation), &body) != nil {
		return nil
	}
	return body
}

func (r *changeReader) change(ctx context.Context, e adminEvent) (observation.ChangeEvent, error) {
	change := observation.ChangeEvent{
		ID: e.ID, At: time.UnixMilli(e.Time).Add(-r.ahead).UTC().Format(time.RFC3339Nano),
		Operation: strings.ToLower(e.OperationType),
		Type:      strings.ToLower(e.ResourceType), Path: e.ResourcePath, ByUs: r.ours(e),
	}
	if !change.ByUs {
		change.By = fmt.Sprintf("client %s, user %s", e.Auth.ClientID, e.Auth.UserID)
	}
	if e.Representation != "" {
		sum := sha256.Sum256([]byte(e.Representation))
		change.Digest = "sha256:" + hex.EncodeToString(sum[:])
	}
	segments := strings.Split(strings.Trim(e.ResourcePath, "/"), "/")
	change.Bookkeeping = change.ByUs && r.marker != "" && len(segments) == 2 && segments[0] == "clients" &&
		segments[1] == r.marker
	for _, segment := range segments {
		if len(segment) == 36 && strings.Count(segment, "-") == 4 {
			change.ServerIDs = append(change.ServerIDs, segment)
		}
	}
	if made := admin.Text(e.body(), "id"); made != "" && !slices.Contains(change.ServerIDs, made) {
		change.ServerIDs = append(change.ServerIDs, made)
	}
	var err error
	change.About, err = r.about(ctx, e, segments)
	return change, err
}

// about lists the resources that a write of this kind makes or changes.
func (r *changeReader) about(ctx context.Context, e adminEvent, path []string) ([]identity.ResourceID, error) {
	id := func(resourceType, key string) identity.ResourceID {
		return identity.ResourceID{Type: resourceType, Key: key}
	}
	second := ""
	if len(path) > 1 {
		second = path[1]
	}
	switch path[0] {
	case "clients":
		return r.aboutClient(e, path), nil
	case "roles-by-id":
		return []identity.ResourceID{id(realm.TypeClientRole, "")}, nil
	case "client-scopes", "authentication":
		return []identity.ResourceID{id(realm.TypeGateFlows, realm.GateFlowsKey), id(realm.TypeGate, "")}, nil
	case "groups":
		if made := admin.Text(e.body(), "id"); len(path) > 2 && path[2] == "children" && made != "" {
			second = made // a child is recorded under its parent
		}
		key := r.groups[second]
		if r.ours(e) { // others may have written thousands; theirs are known by the id
			var err error
			if key, err = r.groupKey(ctx, second); err != nil {
				return nil, err
			}
		}
		if len(path) < 5 || path[2] != "role-mappings" {
			return []identity.ResourceID{id(realm.TypeGroup, key)}, nil
		}
		return r.aboutMapping(e, key, r.clients[path[4]]), nil
	case "identity-provider":
		if len(path) < 3 {
			return nil, nil
		}
		if path[2] == gating.RefusalName || admin.Text(e.body(), "alias") == gating.RefusalName {
			return []identity.ResourceID{id(realm.TypeGateFlows, realm.GateFlowsKey)}, nil
		}
		about := []identity.ResourceID{id(realm.TypeProvider, path[2])}
		if len(path) == 3 { // an organization's step sets its domain and redirect at the provider
			about = append(about, id(realm.TypeOrganization, ""))
		}
		return about, nil
	case "organizations":
		alias := ""
		if len(path) == 2 { // below it, what was sent is something else's
			alias = admin.Text(e.body(), "alias")
		}
		return []identity.ResourceID{id(realm.TypeOrganization, alias)}, nil
	}
	return nil, nil
}

// aboutClient tells by what was sent which part of a client was written.
func (r *changeReader) aboutClient(e adminEvent, path []string) []identity.ResourceID {
	if len(path) < 2 {
		return nil
	}
	name, body := r.clients[path[1]], e.body()
	if name == gating.RefusalName {
		return []identity.ResourceID{{Type: realm.TypeGateFlows, Key: realm.GateFlowsKey}}
	}
	client, gate, enablement := identity.ResourceID{Type: realm.TypeClient, Key: name},
		identity.ResourceID{Type: realm.TypeGate, Key: name}, identity.ResourceID{Type: realm.TypeEnablement, Key: name}
	if len(path) > 2 {
		switch path[2] {
		case "default-client-scopes", "registration-access-token": // making a gate ends the client's token
			return []identity.ResourceID{client, gate}
		case "roles":
			role := admin.Text(body, "name")
			if role == "" && len(path) > 3 {
				role = path[3]
			}
			key := ""
			if name != "" && role != "" {
				key = name + "/" + role
			}
			return []identity.ResourceID{{Type: realm.TypeClientRole, Key: key}}
		}
		return []identity.ResourceID{client}
	}
	_, bound := body["authenticationFlowBindingOverrides"]
	_, reopened := admin.Part(body, "attributes")[current.ReopenKey]
	_, switched := body["enabled"]
	_, named := body["protocol"]
	switch {
	case e.OperationType != "UPDATE":
		return []identity.ResourceID{client}
	case body == nil:
		return []identity.ResourceID{client, gate, enablement}
	case named:
		return []identity.ResourceID{client}
	case bound || reopened:
		return []identity.ResourceID{gate}
	case switched:
		return []identity.ResourceID{enablement}
	}
	return []identity.ResourceID{client}
}

// aboutMapping names the assignments of the roles that were sent.
func (r *changeReader) aboutMapping(e adminEvent, group, clientID string) []identity.ResourceID {
	var roles []object.Object
	if group == "" || clientID == "" || json.Unmarshal([]byte(e.Representation), &roles) != nil {
		return []identity.ResourceID{{Type: realm.TypeRoleAssignment}}
	}
	about := make([]identity.ResourceID, 0, len(roles))
	for _, role := range roles {
		about = append(about, identity.ResourceID{Type: realm.TypeRoleAssignment,
			Key: group + " -> " + clientID + "/" + admin.Text(role, "name")})
	}
	return about
}

// groupKey finds the path of a group, empty when it is gone.
func (r *changeReader) groupKey(ctx context.Context, id string) (string, error) {
	if key, known := r.groups[id]; known || id == "" {
		return key, nil
	}
	raw, err := r.GroupByID(ctx, id)
	if err != nil && !admin.IsForbidden(err) {
		return "", err
	}
	key := ""
	if raw != nil {
		parent, err := r.groupKey(ctx, admin.Text(raw, "parentId"))
		if err != nil {
			return "", err
		}
		key = parent + "/" + identity.EscapePath(admin.Text(raw, "name"))
	}
	r.groups[id] = key
	return key, nil
}
