package realmfile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// gateFlows adds what is missing of the top-level flows, or takes them away.
func (c *change) gateFlows() error {
	if c.deletes() {
		return c.dropGateFlows()
	}
	flows := gating.ParseFlows(c.root)
	for _, flow := range flows.BaseFlows() {
		if c.find("authenticationFlows", flow.Alias) == nil {
			c.addFlow(flow)
		}
	}
	for _, place := range gating.Places() {
		c.dropOldGates(place)
		if err := c.house(place, gating.ParseFlows(c.root)); err != nil {
			return err
		}
	}
	return nil
}

// house puts a copy of what the realm demands before the gates of a place, where it is not there or not as the realm
// demands it today.
func (c *change) house(place gating.Place, flows gating.FlowSet) error {
	if !place.HasHouse() || flows.House(place) != "" {
		return nil
	}
	house, known := flows.NewHouse(place)
	if !known {
		return steps.Refuse("the realm signs people in with the flow %q, of which the gates cannot stand behind a copy: it "+
			"is not in the file, or it holds the gates itself", flows.Bound(place))
	}
	top := c.find("authenticationFlows", gating.TopFlow(place))
	var kept []any
	for _, each := range object.Objects(top["authenticationExecutions"]) {
		alias, authenticator := text(each, "flowAlias"), text(each, "authenticator")
		switch {
		case alias == gating.GateParent(place):
			kept = append(kept, any(each))
		case place.IsFormer(alias) || place.IsFormer(authenticator) || slices.Contains(place.Houses(), alias):
			c.dropFlow(alias)
		default:
			return steps.Refuse("flow %q is not as rehome made it: somebody put %q into it; take that out, and put what it "+
				"demands into the flow that the realm has bound", gating.TopFlow(place), cmp.Or(alias, authenticator))
		}
	}
	top["authenticationExecutions"] = kept
	c.addFlow(*house.Flow)
	c.attach(gating.TopFlow(place), house)
	return nil
}

// dropOldGates puts the gates of today in the place of those of the shape before; the file is written once, so it holds
// the ones or the others.
func (c *change) dropOldGates(place gating.Place) {
	top, old := c.find("authenticationFlows", gating.TopFlow(place)), place.OldParent()
	if top == nil || c.find("authenticationFlows", old) == nil {
		return
	}
	clients := gating.ParseFlows(c.root).OldGates(place)
	for _, each := range object.Objects(top["authenticationExecutions"]) {
		if text(each, "flowAlias") == old {
			each["flowAlias"] = gating.GateParent(place)
		}
	}
	c.dropFlow(old)
	if c.find("authenticationFlows", gating.GateParent(place)) == nil {
		c.addFlow(place.Admission(clients))
	}
}

func (c *change) dropGateFlows() error {
	for _, flow := range gating.BaseFlows() {
		c.dropFlow(flow.Alias)
	}
	return c.forgetGates()
}

func (c *change) addFlow(flow gating.Flow) {
	flows, configs := flow.Objects(func(alias string) string { return derivedID(c.name(), "flow", alias) })
	for _, f := range flows {
		c.add("authenticationFlows", f)
	}
	for _, config := range configs {
		c.add("authenticatorConfig", config)
	}
}

// dropFlow takes a flow away with everything below it.
func (c *change) dropFlow(alias string) {
	flow := c.find("authenticationFlows", alias)
	if flow == nil {
		return
	}
	c.remove("authenticationFlows", alias)
	for _, e := range object.Objects(flow["authenticationExecutions"]) {
		if config, _ := e["authenticatorConfig"].(string); config != "" {
			c.remove("authenticatorConfig", config)
		}
		if below, _ := e["flowAlias"].(string); below != "" {
			c.dropFlow(below)
		}
	}
}

// gate builds the gate of a client in all places and binds the client to it; half a gate is never written, as the file
// is written once.
func (c *change) gate() error {
	id := c.step.Resource.Key
	client := c.find("clients", id)
	if client == nil {
		if c.deletes() {
			return nil
		}
		return invalid("the gate needs the client %s, which is not in the file", id)
	}
	protocol, _ := client["protocol"].(string)
	if protocol == "" {
		protocol = gating.ProtocolOIDC
	}
	ours := []string{text(c.find("authenticationFlows", gating.TopFlow(gating.PlaceBrowser)), "id"),
		text(c.find("authenticationFlows", gating.TopFlow(gating.PlaceDirect)), "id")}
	if _, there := c.gateOf(client); !there && !c.deletes() && realm.OwnFlow(client, ours...) {
		return steps.Refuse("%s", realm.OwnFlowStays)
	}
	for _, place := range gating.Places() {
		c.detach(place.Gates(protocol, id), gating.GateAlias(place, id))
		c.dropFlow(gating.GateAlias(place, id))
	}
	if c.deletes() {
		c.openClient(client, id)
		return nil
	}
	for _, place := range gating.Places() {
		if c.find("authenticationFlows", gating.TopFlow(place)) == nil {
			return invalid("the gate of %s needs the flow %q, which is not in the file", id, gating.TopFlow(place))
		}
		made, parent := place.Gate(id), place.Gates(protocol, id)
		if c.find("authenticationFlows", parent) == nil {
			made, parent = place.FirstGate(gating.Gated{ClientID: id, Protocol: protocol}), gating.GateParent(place)
		}
		c.addFlow(*made.Flow)
		c.attach(parent, made)
	}
	if err := c.scopes(client, protocol, gating.GateScopes(protocol, id)); err != nil {
		return err
	}
	overrides := object.Sub(client, "authenticationFlowBindingOverrides")
	for field, place := range map[string]gating.Place{"browser": gating.PlaceBrowser, "direct_grant": gating.PlaceDirect} {
		flow := c.find("authenticationFlows", gating.TopFlow(place))
		if flow["id"] == nil {
			flow["id"] = derivedID(c.name(), "flow", gating.TopFlow(place))
		}
		overrides[field] = flow["id"]
	}
	return nil
}

// attach puts a sub-flow into its parent, sorted by priority as Keycloak writes it.
func (c *change) attach(parent string, execution gating.Execution) {
	holder := c.find("authenticationFlows", parent)
	if holder == nil {
		return
	}
	list, _ := holder["authenticationExecutions"].([]any)
	at := slices.IndexFunc(object.Objects(list),
		func(e object.Object) bool { return gating.PriorityOf(e) > execution.Priority })
	if at < 0 {
		at = len(list)
	}
	holder["authenticationExecutions"] = slices.Insert(list, at, any(execution.Object()))
}

func (c *change) detach(parent, flow string) {
	if holder := c.find("authenticationFlows", parent); holder != nil {
		remove(holder, "authenticationExecutions", "flowAlias", flow)
	}
}

// scopes gives a client the marker scopes of its gate. A section clientScopes would replace the default scopes of the
// realm, and a list of a client those it gets by default, so both are written in full.
func (c *change) scopes(client object.Object, protocol string, wanted []string) error {
	if _, there := c.root["clientScopes"]; !there {
		defaults, err := realm.DefaultScopes()
		if err != nil {
			return err
		}
		for _, scope := range defaults {
			c.add("clientScopes", scope)
		}
		c.root["defaultDefaultClientScopes"] = object.List(realm.RealmDefaultScopes())
		c.root["defaultOptionalClientScopes"] = object.List(realm.RealmOptionalScopes())
		what, err := c.builtin()
		if err != nil {
			return err
		}
		what.Sections = append(what.Sections, "clientScopes", "defaultDefaultClientScopes", "defaultOptionalClientScopes")
		if err := c.remember(what); err != nil {
			return err
		}
	}
	own, said := client["defaultClientScopes"].([]any)
	scopes := object.Texts(own)
	if !said {
		scopes = realm.ClientDefaultScopes(protocol)
		if service, _ := client["serviceAccountsEnabled"].(bool); service {
			scopes = append(scopes, "service_account")
		}
	}
	if _, said := client["optionalClientScopes"]; !said {
		client["optionalClientScopes"] = []any{}
		if protocol == gating.ProtocolOIDC {
			client["optionalClientScopes"] = object.List(realm.RealmOptionalScopes())
		}
	}
	for _, name := range wanted {
		if c.find("clientScopes", name) == nil {
			c.add("clientScopes", gating.ScopeObject(name, protocol))
		}
		if !slices.Contains(scopes, name) {
			scopes = append(scopes, name)
		}
	}
	client["defaultClientScopes"] = object.List(scopes)
	return nil
}

// openClient takes the binding and the marker of a gate off a client.
func (c *change) openClient(client object.Object, id string) {
	overrides := object.Sub(client, "authenticationFlowBindingOverrides")
	delete(overrides, "browser")
	delete(overrides, "direct_grant")
	kept := slices.DeleteFunc(object.Texts(client["defaultClientScopes"]), func(scope string) bool {
		return scope == gating.MarkerScope(id) || (gating.IsGateScope(scope) && strings.Contains(scope, "chunk"))
	})
	client["defaultClientScopes"] = object.List(kept)
	c.remove("clientScopes", gating.MarkerScope(id))
}

// builtin adds the clients that Keycloak makes by itself, which an import would leave without scopes. A file that holds
// one of them already is complete in the eyes of its author and stays as it is.
func (c *change) builtin() (addition, error) {
	var what addition
	sections, err := realm.Builtin(c.name())
	if err != nil {
		return what, err
	}
	clients := object.Objects(sections["clients"])
	for _, client := range clients {
		if id, _ := client["clientId"].(string); c.find("clients", id) != nil {
			return what, nil
		}
	}
	for _, client := range clients {
		id, _ := client["clientId"].(string)
		what.Clients = append(what.Clients, id)
		c.add("clients", client)
	}
	roles, given := object.Sub(c.root, "roles"), object.Sub(sections, "roles")
	for _, role := range object.Objects(given["realm"]) {
		if name, _ := role["name"].(string); find(roles, "realm", "name", name) == nil {
			add(roles, "realm", role)
			what.RealmRoles = append(what.RealmRoles, name)
		}
	}
	for client, list := range object.Sub(given, "client") {
		if byClient := object.Sub(roles, "client"); byClient[client] == nil {
			byClient[client] = list
			what.ClientRoles = append(what.ClientRoles, client)
		}
	}
	slices.Sort(what.ClientRoles)
	for _, section := range []string{"defaultRole", "clientScopeMappings"} {
		if _, there := c.root[section]; !there && sections[section] != nil {
			c.root[section] = sections[section]
			what.Sections = append(what.Sections, section)
		}
	}
	return what, nil
}
