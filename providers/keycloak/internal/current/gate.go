package current

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// GateFlows is what is there of our top-level flows.
type GateFlows struct {
	Whole []string          // aliases of those that are as they must be
	IDs   map[string]string // alias to id of all that are there
	Trees map[string]Tree   // by alias
	Set   gating.FlowSet    // with what the realm has bound, and without what the gates themselves are set to
	Known map[string]string // alias to id of every top-level flow of the realm
}

// GateFlows reads our top-level flows, with those of the realm that they stand behind copies of.
func (c *Realm) GateFlows(ctx context.Context) (GateFlows, error) {
	var document object.Object
	if err := c.Get(ctx, c.Admin(), nil, &document); err != nil {
		return GateFlows{}, err
	}
	found, err := c.readGateFlows(ctx, document, gating.BaseFlows())
	if err != nil || !slices.Contains(found.Whole, gating.RefusalFlow) {
		return found, err
	}
	refusal, err := c.ReadRefusal(ctx)
	if refusal.IsThere() && !refusal.IsWhole(found.IDs[gating.RefusalFlow]) {
		found.Whole = slices.DeleteFunc(found.Whole, func(alias string) bool { return alias == gating.RefusalFlow })
	}
	return found, err
}

// standing lists those of the flows that people come in by which stand behind what the realm demands today.
func (c *Realm) standing(ctx context.Context, document object.Object) ([]string, error) {
	places := slices.DeleteFunc(gating.BaseFlows(), func(flow gating.Flow) bool { return !gating.IsOurs(flow.Alias) })
	found, err := c.readGateFlows(ctx, maps.Clone(document), places)
	return found.Whole, err
}

// readGateFlows reads some of our flows; document is the realm as the server gives it.
func (c *Realm) readGateFlows(ctx context.Context, document object.Object, ours []gating.Flow) (GateFlows, error) {
	found := GateFlows{IDs: map[string]string{}, Trees: map[string]Tree{}}
	var err error
	if found.Known, err = c.TopFlows(ctx); err != nil {
		return found, err
	}
	var wanted []string
	for _, flow := range ours {
		if id, exists := found.Known[flow.Alias]; exists {
			found.IDs[flow.Alias] = id
			wanted = append(wanted, flow.Alias)
		}
	}
	for _, alias := range SortedNames(found.Known) { // what stands behind flows of single clients
		if place, is := gating.PlaceOf(alias); is && found.IDs[alias] == "" && !slices.Contains(gating.Places(), place) {
			found.IDs[alias] = found.Known[alias]
			wanted = append(wanted, alias)
		}
	}
	bound := gating.ParseFlows(withTops(document, found.Known, nil))
	for _, place := range bound.Places() {
		if alias := bound.Bound(place); found.Known[alias] != "" && !slices.Contains(wanted, alias) {
			wanted = append(wanted, alias)
		}
	}
	if err := c.addFlows(ctx, wanted, &found, document); err != nil {
		return found, err
	}
	found.Set = gating.ParseFlows(document)
	for _, flow := range ours {
		if found.Set.IsWhole(flow) {
			found.Whole = append(found.Whole, flow.Alias)
		}
	}
	return found, nil
}

// addFlows reads flows into a document. What the gates themselves are set to is left out: it is a request for each.
func (c *Realm) addFlows(ctx context.Context, aliases []string, into *GateFlows, document object.Object) error {
	var flows []object.Object
	var configs []string
	for _, alias := range aliases {
		tree, err := c.Tree(ctx, alias, into.Known[alias])
		if err != nil {
			return err
		}
		into.Trees[alias] = tree
		flows = append(flows, tree.flows...)
		for _, name := range SortedNames(tree.configs) {
			if !gating.IsGatePart(name) {
				configs = append(configs, tree.configs[name])
			}
		}
	}
	values, err := c.configValues(ctx, configs)
	withTops(document, into.Known, flows)["authenticatorConfig"] = admin.List(values)
	return err
}

// withTops puts flows into a document, and the name alone of every other top-level flow of the realm: a client may be
// bound to any of them.
func withTops(document object.Object, tops map[string]string, flows []object.Object) object.Object {
	known := map[string]bool{}
	for _, flow := range flows {
		known[admin.Text(flow, "alias")] = true
	}
	for _, alias := range SortedNames(tops) {
		if !known[alias] {
			flows = append(flows, object.Object{"id": tops[alias], "alias": alias, "topLevel": true})
		}
	}
	document["authenticationFlows"] = flows
	return document
}

// OldGates lists the clients that have a gate of the shape before in the flow of a place; false when the flow holds
// none of that shape.
func (c *Realm) OldGates(ctx context.Context, place gating.Place, tree Tree) ([]gating.Gated, bool, error) {
	if tree.Executions[place.OldParent()] == "" {
		return nil, false, nil
	}
	var ids []string
	for _, alias := range SortedNames(tree.configs) {
		if strings.HasSuffix(alias, " member role") {
			ids = append(ids, tree.configs[alias])
		}
	}
	configs, err := c.configValues(ctx, ids)
	if err != nil {
		return nil, false, err
	}
	return gating.ParseFlows(section(tree.flows, configs)).OldGates(place), true, nil
}

// section is flows as a realm file has them.
func section(flows, configs []object.Object) object.Object {
	return object.Object{"authenticationFlows": flows, "authenticatorConfig": configs}
}

// GatesIn lists the aliases of gates below a flow.
func GatesIn(tree Tree) []string {
	var gates []string
	for alias := range tree.Executions {
		if gating.IsGate(alias) {
			gates = append(gates, alias)
		}
	}
	sort.Strings(gates)
	return gates
}

// SortedNames lists the keys of a map of names.
func SortedNames(from map[string]string) []string {
	names := make([]string, 0, len(from))
	for name := range from {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Gate reads the gate of a client; false when no part of one is there.
func (c *Realm) Gate(ctx context.Context, application object.Object) (identity.Resource, bool, error) {
	trees, tops, err := c.gateTrees(ctx)
	if err != nil {
		return identity.Resource{}, false, err
	}
	clientID, protocol := admin.Text(application, "clientId"), admin.Text(application, "protocol")
	var flows []object.Object
	var wanted []string
	for place, tree := range trees {
		flows = append(flows, tree.flows...)
		for _, alias := range SortedNames(tree.configs) {
			if strings.HasPrefix(alias, gating.GateAlias(place, clientID)) ||
				strings.HasPrefix(alias, place.Chunk(protocol, clientID)+" ") ||
				strings.HasPrefix(alias, gating.GateParent(place)+" ") {
				wanted = append(wanted, tree.configs[alias])
			}
		}
	}
	configs, err := c.configValues(ctx, wanted)
	if err != nil {
		return identity.Resource{}, false, err
	}
	document := withTops(object.Object{"authenticatorConfig": configs}, tops, flows)
	resource, exists := gating.ParseFlows(document).Gate(application)
	return resource, exists, nil
}

// PlacesFor lists where the gate of a client must stand.
func (c *Realm) PlacesFor(ctx context.Context, application object.Object) ([]gating.Place, error) {
	tops, err := c.TopFlows(ctx)
	return gating.ParseFlows(withTops(object.Object{}, tops, nil)).PlacesFor(application), err
}

// GateTrees reads the flows of the places of gates that are there.
func (c *Realm) GateTrees(ctx context.Context) (map[gating.Place]Tree, error) {
	trees, _, err := c.gateTrees(ctx)
	return trees, err
}

// gateTrees reads them, and tells all top-level flows.
func (c *Realm) gateTrees(ctx context.Context) (map[gating.Place]Tree, map[string]string, error) {
	ids, err := c.TopFlows(ctx)
	if err != nil {
		return nil, nil, err
	}
	trees := map[gating.Place]Tree{}
	for _, alias := range SortedNames(ids) {
		place, ours := gating.PlaceOf(alias)
		if !ours {
			continue
		}
		if trees[place], err = c.Tree(ctx, alias, ids[alias]); err != nil {
			return nil, nil, err
		}
	}
	return trees, ids, nil
}

type flowUser struct{ Kind, Name string }

func (u flowUser) String() string {
	return strings.ReplaceAll(u.Kind, "_", " ") + " " + admin.Printable(u.Name)
}

// FlowUsers lists what uses the flows of rehome (alias to id) or anything below them: gates of applications that are
// there, bindings of applications, providers and the realm, and flows of others. A gate whose application is gone
// guards nothing.
func (c *Realm) FlowUsers(ctx context.Context, ours map[string]string) ([]flowUser, error) {
	names, ids := map[string]bool{}, map[string]bool{}
	gates := map[string]bool{}
	for alias, id := range ours {
		tree, err := c.Tree(ctx, alias, id)
		if err != nil {
			return nil, err
		}
		for below, belowID := range tree.FlowIDs {
			names[below], ids[belowID] = true, true
		}
		for _, gate := range GatesIn(tree) {
			gates[gate] = true
		}
	}
	document, err := c.Document(ctx)
	if err != nil {
		return nil, err
	}
	users := realmBindings(document, names)
	for _, application := range object.Objects(document["clients"]) {
		if admin.Text(application, "clientId") == gating.RefusalName {
			continue
		}
		users = append(users, applicationUse(application, ids, gates)...)
	}
	for _, provider := range object.Objects(document["identityProviders"]) {
		if admin.Text(provider, "alias") == gating.RefusalName {
			continue
		}
		if names[admin.Text(provider, "firstBrokerLoginFlowAlias")] ||
			names[admin.Text(provider, "postBrokerLoginFlowAlias")] {
			users = append(users, flowUser{realm.TypeProvider, admin.Text(provider, "alias")})
		}
	}
	for _, flow := range object.Objects(document["authenticationFlows"]) {
		if names[admin.Text(flow, "alias")] {
			continue
		}
		for _, execution := range object.Objects(flow["authenticationExecutions"]) {
			if names[admin.Text(execution, "flowAlias")] {
				users = append(users, flowUser{"flow", admin.Text(flow, "alias")})
			}
		}
	}
	slices.SortFunc(users, func(a, b flowUser) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Name, b.Name))
	})
	return slices.Compact(users), nil
}

// realmBindings lists the settings of the realm that name one of the flows.
func realmBindings(document object.Object, names map[string]bool) []flowUser {
	var users []flowUser
	for _, setting := range []string{"browserFlow", "registrationFlow", "directGrantFlow", "resetCredentialsFlow",
		"clientAuthenticationFlow", "dockerAuthenticationFlow", "firstBrokerLoginFlow"} {
		if names[admin.Text(document, setting)] {
			users = append(users, flowUser{"the realm's", setting})
		}
	}
	return users
}

func applicationUse(application object.Object, ids, gates map[string]bool) []flowUser {
	clientID := admin.Text(application, "clientId")
	for _, bound := range admin.Part(application, "authenticationFlowBindingOverrides") {
		if id, ok := bound.(string); ok && ids[id] {
			return []flowUser{{realm.TypeClient, clientID}}
		}
	}
	for _, place := range gating.Places() {
		if gates[gating.GateAlias(place, clientID)] || gates[place.OldGate(clientID)] {
			return []flowUser{{realm.TypeClient, clientID}}
		}
	}
	return nil
}
