package realmfile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
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
	for _, place := range gating.ParseFlows(c.root).Places() {
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
	places := c.placesFor(client)
	for i, b := range gating.Bindings() {
		id := text(object.Peek(client, "authenticationFlowBindingOverrides"), b.Field)
		if id != "" && places[i] == b.Kind && id != text(c.find("authenticationFlows", gating.TopFlow(b.Kind)), "id") {
			return steps.Refuse("the client %s is bound to the flow %s, which is not in the file: nobody knows what it demands",
				text(client, "clientId"), id)
		}
	}
	if c.step.Action == contract.ActionCreate && client["enabled"] != false {
		if why := c.staysOpen(client); why != "" {
			return steps.Refuse("%s", why)
		}
	}
	c.dropStrays(client)
	if c.deletes() {
		return c.takeGateOff()
	}
	c.dropGate(places, protocol, id)
	for _, place := range places {
		if err := c.makeOwn(place); err != nil {
			return err
		}
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
	c.bind(client, places)
	return nil
}

func (c *change) dropGate(places []gating.Place, protocol, clientID string) {
	for _, place := range places {
		c.detach(place.Gates(protocol, clientID), gating.GateAlias(place, clientID))
		c.dropFlow(gating.GateAlias(place, clientID))
	}
}

// takeGateOff takes down the gate of the client of the step, and gives the client back what it was bound to.
func (c *change) takeGateOff() error {
	id := c.step.Resource.Key
	client := c.find("clients", id)
	protocol := cmp.Or(text(client, "protocol"), gating.ProtocolOIDC)
	places := c.placesFor(client)
	if err := c.release(client); err != nil {
		return err
	}
	c.dropGate(places, protocol, id)
	c.openClient(client, id)
	c.dropUnused(places)
	return nil
}

// staysOpen says why a client that is in use gets no gate, empty when it gets one.
func (c *change) staysOpen(client object.Object) string {
	if open := realm.OpenDoors(c.situation(client, identity.Attributes{"intact": true})); len(open) > 0 {
		return realm.StaysOpen(text(client, "clientId"), open)
	}
	return ""
}

// makeOwn adds what stands behind a flow that single clients are bound to, where no client needed it before.
func (c *change) makeOwn(place gating.Place) error {
	if slices.Contains(gating.Places(), place) || c.find("authenticationFlows", gating.TopFlow(place)) != nil {
		return nil
	}
	flows := gating.ParseFlows(c.root)
	house, known := flows.NewHouse(place)
	if !known {
		return steps.Refuse("the client is bound to a flow that is not in the file")
	}
	top, gates := place.Top(), place.Admission(nil)
	top.Executions = []gating.Execution{house,
		{Flow: &gates, Requirement: gating.Required, Priority: gating.GatesPriority}}
	c.addFlow(top)
	return nil
}

// dropUnused takes away what stands behind flows of single clients where no gate stands any more.
func (c *change) dropUnused(places []gating.Place) {
	for _, place := range places {
		gates := slices.ContainsFunc(object.Objects(c.root["authenticationFlows"]), func(flow object.Object) bool {
			return place.IsGate(text(flow, "alias"))
		})
		if !gates && !slices.Contains(gating.Places(), place) {
			c.dropFlow(gating.TopFlow(place))
		}
	}
}

// bind leads a client to the flows of its gate, and remembers at the client what it was bound to, and whether it was
// open.
func (c *change) bind(client object.Object, places []gating.Place) {
	overrides := object.Sub(client, "authenticationFlowBindingOverrides")
	attributes := object.Sub(client, "attributes")
	ours := map[any]bool{}
	for _, flow := range c.tops() {
		ours[flow["id"]] = gating.IsOurs(text(flow, "alias"))
	}
	for i, b := range gating.Bindings() {
		flow := c.find("authenticationFlows", gating.TopFlow(places[i]))
		if flow["id"] == nil {
			flow["id"] = derivedID(c.name(), "flow", gating.TopFlow(places[i]))
		}
		if former := text(overrides, b.Field); former != "" && !ours[former] && former != flow["id"] {
			attributes[b.Former] = former
		}
		overrides[b.Field] = flow["id"]
	}
	if c.step.Action == contract.ActionCreate && client["enabled"] != false {
		attributes[gating.FormerOpen] = "true"
	}
}

// release gives a client back what it was bound to before its gate.
func (c *change) release(client object.Object) error {
	overrides := object.Sub(client, "authenticationFlowBindingOverrides")
	attributes, _ := client["attributes"].(map[string]any)
	for _, b := range gating.Bindings() {
		delete(overrides, b.Field)
		id := text(attributes, b.Former)
		if id == "" {
			continue
		}
		if !slices.ContainsFunc(c.tops(), func(flow object.Object) bool { return flow["id"] == id }) {
			return steps.Refuse("the client was bound to a flow that is not in the file any more (%s), so it cannot be given "+
				"back; take the attribute %s off it", id, b.Former)
		}
		overrides[b.Field] = id
		delete(attributes, b.Former)
	}
	delete(attributes, gating.FormerOpen)
	return nil
}

// dropStrays takes the scopes of other gates off a client, with the gate that it had under another id. A gate that is
// another client's stays.
func (c *change) dropStrays(client object.Object) {
	strays := gating.StrayScopes(client)
	if len(strays) == 0 {
		return
	}
	taken := map[string]bool{}
	for _, other := range object.Objects(c.root["clients"]) {
		taken[gating.GateKey(text(other, "clientId"))] = true
	}
	for _, scope := range strays {
		key := gating.StrayGate(scope)
		if key == "" || taken[key] {
			continue
		}
		for _, place := range c.placesFor(client) {
			alias := place.AliasOf(key)
			for _, flow := range object.Objects(c.root["authenticationFlows"]) {
				remove(flow, "authenticationExecutions", "flowAlias", alias)
			}
			c.dropFlow(alias)
		}
		c.remove("clientScopes", scope)
	}
	client["defaultClientScopes"] = object.List(slices.DeleteFunc(object.Texts(client["defaultClientScopes"]),
		func(scope string) bool { return slices.Contains(strays, scope) }))
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
	if _, present := c.root["clientScopes"]; !present {
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

// openClient takes the marker of a gate off a client.
func (c *change) openClient(client object.Object, id string) {
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
		if _, present := c.root[section]; !present && sections[section] != nil {
			c.root[section] = sections[section]
			what.Sections = append(what.Sections, section)
		}
	}
	return what, nil
}
