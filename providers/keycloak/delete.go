package keycloak

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// What a delete takes along without asking, on a real server: an organization its managed members, a provider the links
// of people and of its organization, a group its memberships and sub-groups, a flow every sub-flow that hangs below it,
// also where another flow uses it. So each writer looks before it deletes, and refuses what would reach beyond its own
// resource.

// TakesAlong says whose sign-ins run through the flows still.
func (w flowsWriter) TakesAlong(ctx context.Context, _ contract.StepRequest, _ *found) (string, error) {
	_, there, err := w.complete(ctx)
	if err != nil {
		return "", err
	}
	users, err := w.flowUsers(ctx, there)
	if err != nil || len(users) == 0 {
		return "", err
	}
	texts := make([]string, len(users))
	for i, user := range users {
		texts[i] = user.String()
	}
	return "sign-ins still run through it: " + strings.Join(texts, ", "), nil
}

// Remove takes the flows away.
func (w flowsWriter) Remove(ctx context.Context, _ contract.StepRequest, _ *found) error {
	_, there, err := w.complete(ctx)
	if err != nil {
		return err
	}
	for _, alias := range sortedNames(there) {
		if err := w.client.remove(ctx, w.admin("authentication", "flows", there[alias]), nil); err != nil {
			return err
		}
	}
	return w.removeScopes(ctx)
}

// flowUser is somebody whose sign-ins run through a flow. Kind is a resource type, or what the server calls it.
type flowUser struct{ kind, name string }

func (u flowUser) String() string {
	return strings.ReplaceAll(u.kind, "_", " ") + " " + printable(u.name)
}

// flowUsers lists what uses the flows of rehome (alias to id) or anything below them: gates of applications that are
// there, bindings of applications, providers and the realm, and flows of others. A gate whose application is gone
// guards nothing.
func (c *client) flowUsers(ctx context.Context, ours map[string]string) ([]flowUser, error) {
	names, ids := map[string]bool{}, map[string]bool{}
	gates := map[string]bool{}
	for alias, id := range ours {
		tree, err := c.tree(ctx, alias, id)
		if err != nil {
			return nil, err
		}
		for below, belowID := range tree.flowIDs {
			names[below], ids[belowID] = true, true
		}
		for _, gate := range gatesIn(tree) {
			gates[gate] = true
		}
	}
	document, err := c.document(ctx)
	if err != nil {
		return nil, err
	}
	users := realmBindings(document, names)
	for _, application := range realm.Objects(document["clients"]) {
		users = append(users, applicationUse(application, ids, gates)...)
	}
	for _, provider := range realm.Objects(document["identityProviders"]) {
		if names[field(provider, "firstBrokerLoginFlowAlias")] || names[field(provider, "postBrokerLoginFlowAlias")] {
			users = append(users, flowUser{realm.TypeProvider, field(provider, "alias")})
		}
	}
	for _, flow := range realm.Objects(document["authenticationFlows"]) {
		if names[field(flow, "alias")] {
			continue
		}
		for _, execution := range realm.Objects(flow["authenticationExecutions"]) {
			if names[field(execution, "flowAlias")] {
				users = append(users, flowUser{"flow", field(flow, "alias")})
			}
		}
	}
	slices.SortFunc(users, func(a, b flowUser) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind),
			cmp.Compare(a.name, b.name))
	})
	return slices.Compact(users), nil
}

// realmBindings lists the settings of the realm that name one of the flows.
func realmBindings(document realm.Object, names map[string]bool) []flowUser {
	var users []flowUser
	for _, setting := range []string{"browserFlow", "registrationFlow", "directGrantFlow", "resetCredentialsFlow",
		"clientAuthenticationFlow", "dockerAuthenticationFlow", "firstBrokerLoginFlow"} {
		if names[field(document, setting)] {
			users = append(users, flowUser{"the realm's", setting})
		}
	}
	return users
}

func applicationUse(application realm.Object, ids, gates map[string]bool) []flowUser {
	clientID := field(application, "clientId")
	for _, bound := range object(application, "authenticationFlowBindingOverrides") {
		if id, ok := bound.(string); ok && ids[id] {
			return []flowUser{{realm.TypeClient, clientID}}
		}
	}
	for _, place := range realm.Places() {
		if gates[realm.GateAlias(place, clientID)] {
			return []flowUser{{realm.TypeClient, clientID}}
		}
	}
	return nil
}

// removeScopes deletes the client scopes of chunks, which no gate uses any more.
func (w flowsWriter) removeScopes(ctx context.Context) error {
	ids, err := w.scopeIDs(ctx)
	if err != nil {
		return err
	}
	for _, name := range sortedNames(ids) {
		if !realm.IsGateScope(name) {
			continue
		}
		if err := w.client.remove(ctx, w.admin("client-scopes", ids[name]), nil); err != nil {
			return err
		}
	}
	return nil
}

// TakesAlong guards an open client: what a gate keeps out would come in.
func (w gateWriter) TakesAlong(_ context.Context, _ contract.StepRequest, live *found) (string, error) {
	if live.Raw["enabled"] == true {
		return "its client is open, and without the gate everybody could use it; close the client first", nil
	}
	return "", nil
}

// Remove takes the gate down: the client is unbound first, so that no sign-in runs into a flow that is being taken
// apart.
func (w gateWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	clientID := field(live.Raw, "clientId")
	if err := w.bind(ctx, live.Raw, "", ""); err != nil {
		return err
	}
	trees, err := w.gateTrees(ctx)
	if err != nil {
		return err
	}
	for _, place := range realm.Places() {
		execution, there := trees[place].executions[realm.GateAlias(place, clientID)]
		if !there {
			continue
		}
		if err := w.client.remove(ctx, w.admin("authentication", "executions", execution), nil); err != nil {
			return err
		}
	}
	scopes := realm.Texts(live.Raw["defaultClientScopes"])
	kept := missing(scopes, realm.GateScopes(field(live.Raw, "protocol"), clientID))
	if err := w.setScopes(ctx, field(live.Raw, "id"), scopes, kept); err != nil {
		return err
	}
	ids, err := w.scopeIDs(ctx)
	if err != nil || ids[realm.MarkerScope(clientID)] == "" {
		return err
	}
	return w.client.remove(ctx, w.admin("client-scopes", ids[realm.MarkerScope(clientID)]), nil)
}

// TakesAlong looks for sub-groups.
func (w groupWriter) TakesAlong(ctx context.Context, _ contract.StepRequest, live *found) (string, error) {
	var children []realm.Object
	err := w.get(ctx, w.admin("groups", live.ServerID, "children"), url.Values{"max": {"1"}}, &children)
	if err != nil || len(children) == 0 {
		return "", err
	}
	return "it has sub-groups, which would be deleted with it", nil
}

// Remove deletes a group with its memberships.
func (w groupWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	return w.client.remove(ctx, w.admin("groups", live.ServerID), nil)
}

// TakesAlong looks for an organization that still sends its people to a provider: the link would go without a word.
func (w providerWriter) TakesAlong(_ context.Context, _ contract.StepRequest, live *found) (string, error) {
	if field(live.Raw, "organizationId") != "" {
		return "an organization is still linked to it and would lose its sign-in", nil
	}
	return "", nil
}

// Remove deletes a provider with the links of people to it.
func (w providerWriter) Remove(ctx context.Context, step contract.StepRequest, _ *found) error {
	return w.client.remove(ctx, w.admin("identity-provider", "instances", step.Resource.Key), nil)
}

// TakesAlong looks for managed members of an organization: the server would delete their accounts with it.
func (w organizationWriter) TakesAlong(ctx context.Context, _ contract.StepRequest, live *found) (string, error) {
	managed, err := w.managedMember(ctx, live.ServerID)
	if err != nil || !managed {
		return "", err
	}
	return "people have signed in through it for the first time, and their accounts would be deleted with it", nil
}

// Remove unlinks and deletes an organization.
func (w organizationWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	id := live.ServerID
	if alias := attributeOf(live.Attributes, "identity_provider"); alias != "" {
		if err := w.unlink(ctx, id, alias); err != nil {
			return err
		}
	}
	return w.client.remove(ctx, w.admin("organizations", id), nil)
}

func (c *client) managedMember(ctx context.Context, organization string) (bool, error) {
	var members []realm.Object
	query := url.Values{"max": {"1"}, "membershipType": {"MANAGED"}}
	err := c.get(ctx, c.admin("organizations", organization, "members"), query, &members)
	return len(members) > 0, err
}

// Remove deletes a client with its roles.
func (w clientWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	return w.client.remove(ctx, w.admin("clients", live.ServerID), nil)
}

// Remove deletes a role.
func (w roleWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	return w.client.remove(ctx, w.path(live), nil)
}

// Remove takes the role from the group.
func (w assignmentWriter) Remove(ctx context.Context, step contract.StepRequest, _ *found) error {
	path, roles, err := w.mapping(ctx, step)
	if err != nil {
		return err
	}
	return w.client.remove(ctx, path, roles)
}

// Remove closes the client; the client itself stays.
func (w enablementWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	return w.enable(ctx, live, false)
}
