package writing

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// What a delete takes along without asking, on a real server: an organization its managed members, a provider the links
// of people and of its organization, a group its memberships and sub-groups, a flow every sub-flow that hangs below it,
// also where another flow uses it. So each writer looks before it deletes, and refuses what would reach beyond its own
// resource.

// TakesAlong says whose sign-ins run through the flows still.
func (w flowsWriter) TakesAlong(ctx context.Context, _ contract.StepRequest, _ *found) (string, error) {
	live, err := w.GateFlows(ctx)
	if err != nil {
		return "", err
	}
	users, err := w.FlowUsers(ctx, live.IDs)
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
	live, err := w.GateFlows(ctx)
	if err != nil {
		return err
	}
	if err := w.removeRefusal(ctx); err != nil {
		return err
	}
	for _, alias := range current.SortedNames(live.IDs) {
		if err := w.Realm.Delete(ctx, w.Admin("authentication", "flows", live.IDs[alias]), nil); err != nil {
			return err
		}
	}
	return w.removeScopes(ctx)
}

// flowUser is somebody whose sign-ins run through a flow. Kind is a resource type, or what the server calls it.
// removeScopes deletes the client scopes of chunks, which no gate uses any more.
func (w flowsWriter) removeScopes(ctx context.Context) error {
	ids, err := w.ScopeIDs(ctx)
	if err != nil {
		return err
	}
	for _, name := range current.SortedNames(ids) {
		if !gating.IsGateScope(name) {
			continue
		}
		if err := w.Realm.Delete(ctx, w.Admin("client-scopes", ids[name]), nil); err != nil {
			return err
		}
	}
	return nil
}

// TakesAlong guards an open client: what a gate keeps out would come in.
func (w gateWriter) TakesAlong(_ context.Context, _ contract.StepRequest, live *found) (string, error) {
	if live.Raw["enabled"] == true && !wasOpen(live.Raw) {
		return "its client is open, and without the gate everybody could use it; close the client first", nil
	}
	return "", nil
}

// wasOpen tells whether a client was open before its gate: without it, it is as it was.
func wasOpen(application object.Object) bool {
	return admin.Text(admin.Part(application, "attributes"), gating.FormerOpen) == "true"
}

// Remove takes the gate down: the client is unbound first, so that no sign-in runs into a flow that is being taken
// apart.
func (w gateWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	clientID := admin.Text(live.Raw, "clientId")
	if err := w.release(ctx, live.Raw); err != nil {
		return err
	}
	trees, err := w.GateTrees(ctx)
	if err != nil {
		return err
	}
	for place := range trees {
		for _, alias := range []string{gating.GateAlias(place, clientID), place.OldGate(clientID)} {
			execution, present := trees[place].Executions[alias]
			if !present {
				continue
			}
			if err := w.Realm.Delete(ctx, w.Admin("authentication", "executions", execution), nil); err != nil {
				return err
			}
		}
	}
	if err := w.removeEmpty(ctx); err != nil {
		return err
	}
	scopes := object.Texts(live.Raw["defaultClientScopes"])
	kept := current.Missing(scopes, gating.GateScopes(admin.Text(live.Raw, "protocol"), clientID))
	if err := setScopes(ctx, w.Realm, admin.Text(live.Raw, "id"), scopes, kept); err != nil {
		return err
	}
	ids, err := w.ScopeIDs(ctx)
	if err != nil || ids[gating.MarkerScope(clientID)] == "" {
		return err
	}
	return w.Realm.Delete(ctx, w.Admin("client-scopes", ids[gating.MarkerScope(clientID)]), nil)
}

// removeEmpty deletes what stands behind flows of single clients where no gate stands any more.
func (w gateWriter) removeEmpty(ctx context.Context) error {
	trees, err := w.GateTrees(ctx)
	if err != nil {
		return err
	}
	for place, tree := range trees {
		if slices.Contains(gating.Places(), place) || len(current.GatesIn(tree)) > 0 {
			continue
		}
		path := w.Admin("authentication", "flows", tree.FlowIDs[gating.TopFlow(place)])
		if err := w.Realm.Delete(ctx, path, nil); err != nil {
			return err
		}
	}
	return nil
}

// TakesAlong looks for sub-groups.
func (w groupWriter) TakesAlong(ctx context.Context, _ contract.StepRequest, live *found) (string, error) {
	var children []object.Object
	err := w.Get(ctx, w.Admin("groups", live.ServerID, "children"), url.Values{"max": {"1"}}, &children)
	if err != nil || len(children) == 0 {
		return "", err
	}
	return "it has sub-groups, which would be deleted with it", nil
}

// Remove deletes a group with its memberships.
func (w groupWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	return w.Realm.Delete(ctx, w.Admin("groups", live.ServerID), nil)
}

// TakesAlong looks for an organization that still sends its people to a provider: the link would go without a word.
func (w providerWriter) TakesAlong(_ context.Context, _ contract.StepRequest, live *found) (string, error) {
	if admin.Text(live.Raw, "organizationId") != "" {
		return "an organization is still linked to it and would lose its sign-in", nil
	}
	return "", nil
}

// Remove deletes a provider with the links of people to it.
func (w providerWriter) Remove(ctx context.Context, step contract.StepRequest, _ *found) error {
	return w.Realm.Delete(ctx, w.Admin("identity-provider", "instances", step.Resource.Key), nil)
}

// TakesAlong looks for managed members of an organization: the server would delete their accounts with it.
func (w organizationWriter) TakesAlong(ctx context.Context, _ contract.StepRequest, live *found) (string, error) {
	managed, err := w.ManagedMember(ctx, live.ServerID)
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
	return w.Realm.Delete(ctx, w.Admin("organizations", id), nil)
}

// Remove deletes a client with its roles.
func (w clientWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	return w.Realm.Delete(ctx, w.Admin("clients", live.ServerID), nil)
}

// Remove deletes a role.
func (w roleWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	return w.Realm.Delete(ctx, w.path(live), nil)
}

// Remove takes the role from the group.
func (w assignmentWriter) Remove(ctx context.Context, step contract.StepRequest, _ *found) error {
	path, roles, err := w.mapping(ctx, step)
	if err != nil {
		return err
	}
	return w.Realm.Delete(ctx, path, roles)
}

// Remove closes the client; the client itself stays.
func (w enablementWriter) Remove(ctx context.Context, _ contract.StepRequest, live *found) error {
	return enable(ctx, w.Realm, live, false)
}
