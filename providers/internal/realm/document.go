package realm

import (
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
)

// ReadDocument makes all resources of a realm in the form of a realm file or a full export: groups with subGroups and
// clientRoles, identityProviders, identityProviderMappers, organizations with identityProviders, clients with
// defaultClientScopes, roles.client, authenticationFlows and authenticatorConfig. The marker client is left out, and what
// refuses people.
func ReadDocument(doc Object) []identity.Resource {
	resources := []identity.Resource{ReadRealmSwitches(doc)}
	var groups, assignments []identity.Resource
	readGroups(Objects(doc["groups"]), "", &groups, &assignments)
	resources = append(resources, groups...)
	flows := ParseFlows(Objects(doc["authenticationFlows"]), Objects(doc["authenticatorConfig"]))
	if r, there := ReadGateFlows(flows.GateFlows()); there {
		resources = append(resources, r)
	}
	resources = append(resources, readProviders(doc)...)
	resources = append(resources, readClients(doc, flows)...)
	return append(resources, assignments...)
}

func readGroups(groups []Object, parent string, into, assignments *[]identity.Resource) {
	for _, g := range groups {
		path := parent + "/" + identity.EscapePath(str(g, "name"))
		*into = append(*into, ReadGroup(g, path))
		roles := peek(g, "clientRoles")
		for _, client := range sortedKeys(roles) {
			for _, role := range Texts(roles[client]) {
				*assignments = append(*assignments, ReadRoleAssignment(path, client, role))
			}
		}
		readGroups(Objects(g["subGroups"]), path, into, assignments)
	}
}

func readProviders(doc Object) []identity.Resource {
	var resources []identity.Resource
	mappers := map[string][]Object{}
	for _, m := range Objects(doc["identityProviderMappers"]) {
		alias := str(m, "identityProviderAlias")
		mappers[alias] = append(mappers[alias], m)
	}
	byAlias := map[string]Object{}
	for _, p := range Objects(doc["identityProviders"]) {
		if str(p, "alias") == RefusalName {
			continue
		}
		byAlias[str(p, "alias")] = p
		resources = append(resources, ReadProvider(p, mappers[str(p, "alias")]))
	}
	for _, o := range Objects(doc["organizations"]) {
		var linked []Object
		for _, link := range Objects(o["identityProviders"]) {
			if p, there := byAlias[str(link, "alias")]; there {
				linked = append(linked, p)
			}
		}
		resources = append(resources, ReadOrganization(o, linked))
	}
	return resources
}

func readClients(doc Object, flows flowSet) []identity.Resource {
	var clients, roles, gates, enablements []identity.Resource
	rolesOf := peek(peek(doc, "roles"), "client")
	for _, c := range Objects(doc["clients"]) {
		id := str(c, "clientId")
		if id == MarkerClient || id == RefusalName {
			continue
		}
		client := ReadClient(c)
		client.Attributes["own_flow"] = OwnFlow(c, flows.ID(TopFlow(PlaceBrowser)), flows.ID(TopFlow(PlaceDirect)))
		clients = append(clients, client)
		for _, r := range Objects(rolesOf[id]) {
			roles = append(roles, ReadClientRole(id, r))
		}
		if gate, there := flows.Gate(c); there {
			gates = append(gates, gate)
		}
		enablements = append(enablements, ReadEnablement(c))
	}
	return append(append(append(clients, roles...), gates...), enablements...)
}

func sortedKeys(o Object) []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
