package realmfile

import (
	"context"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Read hands out all resources of the file.
func (t *Target) Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	var all []identity.Resource
	err := t.look(func(o *opened) error {
		all = realm.ReadDocument(o.root)
		return nil
	})
	if err != nil {
		return contract.ReadSummary{}, err
	}
	summary := contract.ReadSummary{Requests: 1}
	for _, resource := range all {
		if err := ctx.Err(); err != nil {
			return summary, err
		}
		if err := each(resource); err != nil {
			return summary, err
		}
		summary.Resources++
	}
	return summary, nil
}

// read finds one resource by its type and key. Types whose key has several parts are read by those.
func (d *document) read(id identity.ResourceID) (identity.Resource, bool) {
	if read := rows()[id.Type].read; read != nil {
		return read(d, id.Key)
	}
	return identity.Resource{}, false
}

func (d *document) readGroup(path string) (identity.Resource, bool) {
	return readIf(d.group(realm.GroupPath(path)),
		func(group object.Object) identity.Resource { return realm.ReadGroup(group, path) })
}

func (d *document) readGateFlows(string) (identity.Resource, bool) {
	return realm.ReadGateFlows(d.gateFlows())
}

func (d *document) providerOf(alias string) (identity.Resource, bool) {
	return readIf(d.find("identityProviders", alias), d.readProvider)
}

func (d *document) organizationOf(alias string) (identity.Resource, bool) {
	return readIf(d.find("organizations", alias), d.readOrganization)
}

func (d *document) readClient(id string) (identity.Resource, bool) {
	return readIf(d.find("clients", id), realm.ReadClient)
}

func (d *document) readEnablement(id string) (identity.Resource, bool) {
	return readIf(d.find("clients", id), realm.ReadEnablement)
}

func (d *document) readGate(id string) (identity.Resource, bool) {
	client := d.find("clients", id)
	if client == nil {
		return identity.Resource{}, false
	}
	return d.gateOf(client)
}

func readIf(part object.Object, read func(object.Object) identity.Resource) (identity.Resource, bool) {
	if part == nil {
		return identity.Resource{}, false
	}
	return read(part), true
}

// gateFlows lists those of our top-level flows that are as they must be.
func (d *document) gateFlows() []string {
	return gating.ParseFlows(d.root).GateFlows()
}

func (d *document) readProvider(provider object.Object) identity.Resource {
	mappers := slices.DeleteFunc(object.Objects(d.root["identityProviderMappers"]), func(mapper object.Object) bool {
		return text(mapper, "identityProviderAlias") != text(provider, "alias")
	})
	return realm.ReadProvider(provider, mappers)
}

func (d *document) readOrganization(organization object.Object) identity.Resource {
	var linked []object.Object
	for _, link := range object.Objects(organization["identityProviders"]) {
		if provider := d.find("identityProviders", text(link, "alias")); provider != nil {
			linked = append(linked, provider)
		}
	}
	return realm.ReadOrganization(organization, linked)
}

// role finds a role of a client, nil when it is not there.
func (d *document) role(client, role string) object.Object {
	roles, _ := within(d.root, "roles", "client")
	return find(roles, client, "name", role)
}

func (d *document) readRole(client, role string) (identity.Resource, bool) {
	return readIf(d.role(client, role),
		func(found object.Object) identity.Resource { return realm.ReadClientRole(client, found) })
}

func (d *document) readAssignment(group, client, role string) (identity.Resource, bool) {
	held, _ := d.group(realm.GroupPath(group))["clientRoles"].(map[string]any)
	if !slices.Contains(object.Texts(held[client]), role) {
		return identity.Resource{}, false
	}
	return realm.ReadRoleAssignment(group, client, role), true
}

// gateOf reads the gate of a client. Of the flows it takes those that lead to this gate only, so that one more gate
// does not make the others slower.
func (d *document) gateOf(client object.Object) (identity.Resource, bool) {
	id, protocol := text(client, "clientId"), text(client, "protocol")
	if protocol == "" {
		protocol = gating.ProtocolOIDC
	}
	walk := gateWalk{document: d, seen: map[string]bool{}}
	for _, place := range d.placesFor(client) {
		own := []string{place.Chunk(protocol, id), gating.GateAlias(place, id)}
		walk.down(gating.TopFlow(place), place, own)
		walk.down(gating.GateAlias(place, id), place, own)
	}
	return gating.ParseFlows(walk.section()).Gate(client)
}

// placesFor lists where the gate of a client must stand. The flows that a client may be bound to are the top-level
// ones; the names of all others are not looked at.
func (d *document) placesFor(client object.Object) []gating.Place {
	return gating.ParseFlows(object.Object{"authenticationFlows": d.tops()}).PlacesFor(client)
}

// tops are the top-level flows without what is in them.
func (d *document) tops() []object.Object {
	var tops []object.Object
	for _, flow := range object.Objects(d.root["authenticationFlows"]) {
		if flow["topLevel"] == true {
			tops = append(tops, object.Object{"id": flow["id"], "alias": flow["alias"], "topLevel": true})
		}
	}
	return tops
}

// gateWalk gathers the flows that lead to one gate.
type gateWalk struct {
	*document
	seen           map[string]bool
	flows, configs []object.Object
}

// section is what was gathered, as a realm file has it.
func (w *gateWalk) section() object.Object {
	flows := w.flows
	for _, top := range w.tops() {
		if !w.seen[text(top, "alias")] {
			flows = append(flows, top)
		}
	}
	return object.Object{"authenticationFlows": flows, "authenticatorConfig": w.configs}
}

// down takes a flow and what is below it, but for the chunks and gates of other clients.
func (w *gateWalk) down(alias string, place gating.Place, own []string) {
	flow := w.find("authenticationFlows", alias)
	if flow == nil || w.seen[alias] {
		return
	}
	w.seen[alias] = true
	w.flows = append(w.flows, flow)
	for _, execution := range object.Objects(flow["authenticationExecutions"]) {
		if config := w.find("authenticatorConfig", text(execution, "authenticatorConfig")); config != nil {
			w.configs = append(w.configs, config)
		}
		below := text(execution, "flowAlias")
		if !place.HoldsPart(below) || slices.ContainsFunc(own, func(prefix string) bool { return strings.HasPrefix(below, prefix) }) {
			w.down(below, place, own)
		}
	}
}
