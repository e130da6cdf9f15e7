package realmfile

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// gateFlows adds what is missing of the top-level flows, or takes them away.
func (c *change) gateFlows() error {
	if c.deletes() {
		return c.dropGateFlows()
	}
	for _, flow := range realm.BaseFlows() {
		if c.find("authenticationFlows", flow.Alias) == nil {
			c.addFlow(flow)
		}
	}
	for _, place := range realm.Places() {
		c.dropOldGates(place)
	}
	return nil
}

// dropOldGates puts the gates of today in the place of those of the shape before; the file is written once, so it holds
// the ones or the others.
func (c *change) dropOldGates(place realm.Place) {
	top, old := c.find("authenticationFlows", realm.TopFlow(place)), place.OldParent()
	if top == nil || c.find("authenticationFlows", old) == nil {
		return
	}
	clients := realm.ParseFlows(realm.Objects(c.root["authenticationFlows"]),
		realm.Objects(c.root["authenticatorConfig"])).OldGates(place)
	for _, each := range realm.Objects(top["authenticationExecutions"]) {
		if text(each, "flowAlias") == old {
			each["flowAlias"] = realm.GateParent(place)
		}
	}
	c.dropFlow(old)
	if c.find("authenticationFlows", realm.GateParent(place)) == nil {
		c.addFlow(place.Admission(clients))
	}
}

func (c *change) dropGateFlows() error {
	for _, flow := range realm.BaseFlows() {
		c.dropFlow(flow.Alias)
	}
	return c.forgetGates()
}

func (c *change) addFlow(flow realm.Flow) {
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
	for _, e := range realm.Objects(flow["authenticationExecutions"]) {
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
		protocol = realm.ProtocolOIDC
	}
	ours := []string{text(c.find("authenticationFlows", realm.TopFlow(realm.PlaceBrowser)), "id"),
		text(c.find("authenticationFlows", realm.TopFlow(realm.PlaceDirect)), "id")}
	if _, there := c.gateOf(client); !there && !c.deletes() && realm.OwnFlow(client, ours...) {
		return steps.Refuse("%s", realm.OwnFlowStays)
	}
	for _, place := range realm.Places() {
		c.detach(place.Gates(protocol, id), realm.GateAlias(place, id))
		c.dropFlow(realm.GateAlias(place, id))
	}
	if c.deletes() {
		c.openClient(client, id)
		return nil
	}
	for _, place := range realm.Places() {
		if c.find("authenticationFlows", realm.TopFlow(place)) == nil {
			return invalid("the gate of %s needs the flow %q, which is not in the file", id, realm.TopFlow(place))
		}
		made, parent := place.Gate(id), place.Gates(protocol, id)
		if c.find("authenticationFlows", parent) == nil {
			made, parent = place.FirstGate(realm.Gated{ClientID: id, Protocol: protocol}), realm.GateParent(place)
		}
		c.addFlow(*made.Flow)
		c.attach(parent, made)
	}
	if err := c.scopes(client, protocol, realm.GateScopes(protocol, id)); err != nil {
		return err
	}
	overrides := object(client, "authenticationFlowBindingOverrides")
	for field, place := range map[string]realm.Place{"browser": realm.PlaceBrowser, "direct_grant": realm.PlaceDirect} {
		flow := c.find("authenticationFlows", realm.TopFlow(place))
		if flow["id"] == nil {
			flow["id"] = derivedID(c.name(), "flow", realm.TopFlow(place))
		}
		overrides[field] = flow["id"]
	}
	return nil
}

// attach puts a sub-flow into its parent, sorted by priority as Keycloak writes it.
func (c *change) attach(parent string, execution realm.Execution) {
	holder := c.find("authenticationFlows", parent)
	if holder == nil {
		return
	}
	list, _ := holder["authenticationExecutions"].([]any)
	at := slices.IndexFunc(realm.Objects(list), func(e realm.Object) bool { return realm.PriorityOf(e) > execution.Priority })
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
func (c *change) scopes(client realm.Object, protocol string, wanted []string) error {
	if _, there := c.root["clientScopes"]; !there {
		defaults, err := realm.DefaultScopes()
		if err != nil {
			return err
		}
		for _, scope := range defaults {
			c.add("clientScopes", scope)
		}
		c.root["defaultDefaultClientScopes"] = realm.List(realm.RealmDefaultScopes())
		c.root["defaultOptionalClientScopes"] = realm.List(realm.RealmOptionalScopes())
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
	scopes := realm.Texts(own)
	if !said {
		scopes = realm.ClientDefaultScopes(protocol)
		if service, _ := client["serviceAccountsEnabled"].(bool); service {
			scopes = append(scopes, "service_account")
		}
	}
	if _, said := client["optionalClientScopes"]; !said {
		client["optionalClientScopes"] = []any{}
		if protocol == realm.ProtocolOIDC {
			client["optionalClientScopes"] = realm.List(realm.RealmOptionalScopes())
		}
	}
	for _, name := range wanted {
		if c.find("clientScopes", name) == nil {
			c.add("clientScopes", realm.ScopeObject(name, protocol))
		}
		if !slices.Contains(scopes, name) {
			scopes = append(scopes, name)
		}
	}
	client["defaultClientScopes"] = realm.List(scopes)
	return nil
}

// openClient takes the binding and the marker of a gate off a client.
func (c *change) openClient(client realm.Object, id string) {
	overrides := object(client, "authenticationFlowBindingOverrides")
	delete(overrides, "browser")
	delete(overrides, "direct_grant")
	kept := slices.DeleteFunc(realm.Texts(client["defaultClientScopes"]), func(scope string) bool {
		return scope == realm.MarkerScope(id) || (realm.IsGateScope(scope) && strings.Contains(scope, "chunk"))
	})
	client["defaultClientScopes"] = realm.List(kept)
	c.remove("clientScopes", realm.MarkerScope(id))
}

// builtin adds the clients that Keycloak makes by itself, which an import would leave without scopes. A file that holds
// one of them already is complete in the eyes of its author and stays as it is.
func (c *change) builtin() (addition, error) {
	var what addition
	sections, err := realm.Builtin(c.name())
	if err != nil {
		return what, err
	}
	clients := realm.Objects(sections["clients"])
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
	roles, given := object(c.root, "roles"), object(sections, "roles")
	for _, role := range realm.Objects(given["realm"]) {
		if name, _ := role["name"].(string); find(roles, "realm", "name", name) == nil {
			add(roles, "realm", role)
			what.RealmRoles = append(what.RealmRoles, name)
		}
	}
	for client, list := range object(given, "client") {
		if byClient := object(roles, "client"); byClient[client] == nil {
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
