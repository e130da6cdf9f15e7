package realm

import (
	"slices"
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// ReadDocument makes all resources of a realm in the form of a realm file or a full export: groups with subGroups and
// clientRoles, identityProviders, identityProviderMappers, organizations with identityProviders, clients with
// defaultClientScopes, roles.client, authenticationFlows and authenticatorConfig. The marker client is left out, and what
// refuses people.
func ReadDocument(doc object.Object) []identity.Resource {
	resources := []identity.Resource{ReadRealmSwitches(doc)}
	var groups, assignments []identity.Resource
	readGroups(object.Objects(doc["groups"]), "", &groups, &assignments)
	resources = append(resources, groups...)
	flows := gating.ParseFlows(doc)
	if r, present := ReadGateFlows(flows.GateFlows()); present {
		resources = append(resources, r)
	}
	resources = append(resources, readProviders(doc)...)
	resources = append(resources, readClients(doc, flows)...)
	return append(resources, assignments...)
}

func readGroups(groups []object.Object, parent string, into, assignments *[]identity.Resource) {
	for _, g := range groups {
		path := parent + "/" + identity.EscapePath(object.Text(g, "name"))
		*into = append(*into, ReadGroup(g, path))
		roles := object.Peek(g, "clientRoles")
		for _, client := range sortedKeys(roles) {
			for _, role := range object.Texts(roles[client]) {
				*assignments = append(*assignments, ReadRoleAssignment(path, client, role))
			}
		}
		readGroups(object.Objects(g["subGroups"]), path, into, assignments)
	}
}

func readProviders(doc object.Object) []identity.Resource {
	var resources []identity.Resource
	mappers := map[string][]object.Object{}
	for _, m := range object.Objects(doc["identityProviderMappers"]) {
		alias := object.Text(m, "identityProviderAlias")
		mappers[alias] = append(mappers[alias], m)
	}
	byAlias := map[string]object.Object{}
	for _, p := range object.Objects(doc["identityProviders"]) {
		if object.Text(p, "alias") == gating.RefusalName {
			continue
		}
		byAlias[object.Text(p, "alias")] = p
		resources = append(resources, ReadProvider(p, mappers[object.Text(p, "alias")]))
	}
	for _, o := range object.Objects(doc["organizations"]) {
		var linked []object.Object
		for _, link := range object.Objects(o["identityProviders"]) {
			if p, present := byAlias[object.Text(link, "alias")]; present {
				linked = append(linked, p)
			}
		}
		resources = append(resources, ReadOrganization(o, linked))
	}
	return resources
}

func readClients(doc object.Object, flows gating.FlowSet) []identity.Resource {
	var clients, roles, gates, enablements []identity.Resource
	signIns := ReadSignIns(doc)
	rolesOf := object.Peek(object.Peek(doc, "roles"), "client")
	var ours []string
	for _, place := range flows.Places() {
		ours = append(ours, flows.ID(gating.TopFlow(place)))
	}
	for _, c := range object.Objects(doc["clients"]) {
		id := object.Text(c, "clientId")
		if id == MarkerClient || id == gating.RefusalName {
			continue
		}
		client := ReadClient(c)
		client.Attributes["own_flow"] = OwnFlow(c, ours...)
		clients = append(clients, client)
		for _, r := range object.Objects(rolesOf[id]) {
			roles = append(roles, ReadClientRole(id, r))
		}
		if gate, present := flows.Gate(c); present {
			gates = append(gates, gate)
		}
		enablements = append(enablements, signIns.Into(ReadEnablement(c), c))
	}
	return append(append(append(clients, roles...), gates...), enablements...)
}

func sortedKeys(o object.Object) []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// ReadServer makes all resources of a running realm out of its document. Beside what a file holds, its flows count as
// there only with what leads to the page of a refusal, unless there is nothing of it.
func ReadServer(doc object.Object) []identity.Resource {
	resources := ReadDocument(doc)
	if missing, reported := doc[lacks]; reported {
		for _, r := range resources {
			if r.Type == TypeRealm {
				r.Attributes["server_lacks"] = object.Sorted(object.Texts(missing))
			}
		}
	}
	flow := ""
	for _, each := range object.Objects(doc["authenticationFlows"]) {
		if object.Text(each, "alias") == gating.RefusalFlow {
			flow = object.Text(each, "id")
		}
	}
	client := named(doc["clients"], "clientId")
	provider := named(doc["identityProviders"], "alias")
	if client == nil && provider == nil || gating.RefusalIsWhole(client, provider, flow, "") {
		return resources // a realm that was made of a file has neither, and refuses all the same
	}
	return slices.DeleteFunc(resources, func(r identity.Resource) bool {
		if r.Type != TypeGateFlows {
			return false
		}
		kept := slices.DeleteFunc(object.Texts(r.Attributes["flows"]),
			func(alias string) bool { return alias == gating.RefusalFlow })
		r.Attributes["flows"] = object.List(kept)
		return len(kept) == 0
	})
}

// named finds what refuses in a section of a document, nil when it is not there.
func named(section any, key string) object.Object {
	all := object.Objects(section)
	if at := slices.IndexFunc(all, func(o object.Object) bool {
		return object.Text(o, key) == gating.RefusalName
	}); at >= 0 {
		return all[at]
	}
	return nil
}
