package keycloak

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// What a delete takes along without asking, on a real server: an organization its managed members, a provider the links of people and
// of its organization, a group its memberships and sub-groups, a flow every sub-flow that hangs below it, also where another flow uses
// it. So each writer looks before it deletes, and refuses what would reach beyond its own resource.

// applyDelete deletes what this migration made and nobody changed. What is gone already is done.
func applyDelete(ctx context.Context, with writer, step identity.StepRequest, live *found) (identity.StepResult, error) {
	if live == nil {
		return identity.StepResult{Already: true}, nil
	}
	result := identity.StepResult{ServerID: live.resource.ServerID}
	if step.ServerID != "" && live.resource.ServerID != "" && step.ServerID != live.resource.ServerID {
		return result, conflict(live, "something else has taken its place")
	}
	if carriesTag(step.Resource.Type) && (step.Tag == "" || step.Tag != live.resource.Tag) {
		return result, conflict(live, "it does not carry the mark of this migration, and what rehome did not make it does not delete")
	}
	if differing := differences(step.Resource.Type, step.Before, live.resource.Attributes); len(differing) > 0 {
		return result, conflict(live, fmt.Sprintf("somebody has changed %v since it was made", differing))
	}
	err := with.remove(ctx, step, live)
	if isAbsent(err) {
		err = nil // gone between reading and deleting, or deleted by the request whose answer was lost
	}
	return result, err
}

// remove takes the flows away when no sign-in can run through them any more.
func (w flowsWriter) remove(ctx context.Context, _ identity.StepRequest, live *found) error {
	_, there, err := w.complete(ctx)
	if err != nil {
		return err
	}
	users, err := w.flowUsers(ctx, there)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		texts := make([]string, len(users))
		for i, user := range users {
			texts[i] = user.String()
		}
		return conflict(live, "sign-ins still run through it: "+strings.Join(texts, ", "))
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

// flowUsers lists what uses the flows of rehome (alias to id) or anything below them: gates of applications that are there, bindings
// of applications, providers and the realm, and flows of others. A gate whose application is gone guards nothing.
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
	slices.SortFunc(users, func(a, b flowUser) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name)) })
	return slices.Compact(users), nil
}

// realmBindings lists the settings of the realm that name one of the flows.
func realmBindings(document realm.Object, names map[string]bool) []flowUser {
	var users []flowUser
	for _, setting := range []string{"browserFlow", "registrationFlow", "directGrantFlow", "resetCredentialsFlow", "clientAuthenticationFlow", "dockerAuthenticationFlow", "firstBrokerLoginFlow"} {
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

// remove takes the gate down: the client is closed and unbound first, so that no sign-in runs into a flow that is being taken apart,
// and none gets in because it was.
func (w gateWriter) remove(ctx context.Context, _ identity.StepRequest, live *found) error {
	clientID := field(live.raw, "clientId")
	if live.raw["enabled"] == true {
		return conflict(live, "its client is open, and without the gate everybody could use it; close the client first")
	}
	if err := w.bind(ctx, live.raw, "", ""); err != nil {
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
	scopes := realm.Texts(live.raw["defaultClientScopes"])
	kept := missing(scopes, realm.GateScopes(field(live.raw, "protocol"), clientID))
	if err := w.setScopes(ctx, field(live.raw, "id"), scopes, kept); err != nil {
		return err
	}
	ids, err := w.scopeIDs(ctx)
	if err != nil || ids[realm.MarkerScope(clientID)] == "" {
		return err
	}
	return w.client.remove(ctx, w.admin("client-scopes", ids[realm.MarkerScope(clientID)]), nil)
}

func (w groupWriter) remove(ctx context.Context, _ identity.StepRequest, live *found) error {
	var children []realm.Object
	id := live.resource.ServerID
	if err := w.get(ctx, w.admin("groups", id, "children"), url.Values{"max": {"1"}}, &children); err != nil {
		return err
	}
	if len(children) > 0 {
		return conflict(live, "it has sub-groups, which would be deleted with it")
	}
	return w.client.remove(ctx, w.admin("groups", id), nil)
}

// remove refuses a provider that an organization still sends its people to: the link would go without a word.
func (w providerWriter) remove(ctx context.Context, step identity.StepRequest, live *found) error {
	if field(live.raw, "organizationId") != "" {
		return conflict(live, "an organization is still linked to it and would lose its sign-in")
	}
	return w.client.remove(ctx, w.admin("identity-provider", "instances", step.Resource.Key), nil)
}

// remove refuses an organization with managed members: the server would delete their accounts with it.
func (w organizationWriter) remove(ctx context.Context, _ identity.StepRequest, live *found) error {
	id := live.resource.ServerID
	managed, err := w.managedMember(ctx, id)
	if err != nil {
		return err
	}
	if managed {
		return conflict(live, "people have signed in through it for the first time, and their accounts would be deleted with it")
	}
	if alias := attributeOf(live.resource.Attributes, "identity_provider"); alias != "" {
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

func (w clientWriter) remove(ctx context.Context, _ identity.StepRequest, live *found) error {
	return w.client.remove(ctx, w.admin("clients", live.resource.ServerID), nil)
}

func (w roleWriter) remove(ctx context.Context, _ identity.StepRequest, live *found) error {
	return w.client.remove(ctx, w.path(live), nil)
}

func (w assignmentWriter) remove(ctx context.Context, step identity.StepRequest, _ *found) error {
	path, roles, err := w.mapping(ctx, step)
	if err != nil {
		return err
	}
	return w.client.remove(ctx, path, roles)
}

// remove closes the client; the client itself stays.
func (w enablementWriter) remove(ctx context.Context, _ identity.StepRequest, live *found) error {
	return w.enable(ctx, live, false)
}
