package realm

import (
	"maps"
	"slices"
	"sync"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Type is what is known of a resource type. What each way to write a realm does with it stands in one table of that
// way.
type Type struct {
	Schema identity.ResourceSchema
	// ReadOnly says that rehome reads it and writes it never.
	ReadOnly bool
	fields   []field
	// locks names what a step changes beside its own resource, nil for nothing.
	locks func(step contract.StepRequest) []string
}

// Types lists all resource types in the order in which they build on each other.
func Types() []Type { return table() }

var table = sync.OnceValue(func() []Type {
	all := []Type{
		{fields: realmFields(), ReadOnly: true, Schema: identity.ResourceSchema{Type: TypeRealm, KeyFormat: "{realm}",
			Doc: "Switches of the realm itself. Read only: rehome changes none of them."}},
		{fields: groupFields(), Schema: identity.ResourceSchema{Type: TypeGroup, KeyFormat: "{path}", Tagged: true,
			Doc: "Group of people.", ItemKinds: []identity.Kind{identity.KindGroup}, Evidence: []string{"name"},
			RenameBy: "name"}},
		{fields: gateFlowsFields(), locks: flowsLock, Schema: identity.ResourceSchema{Type: TypeGateFlows,
			KeyFormat: "{name}", Doc: "The three top-level authentication flows in which the gates stand."}},
		{fields: providerFields(), Schema: identity.ResourceSchema{Type: TypeProvider, KeyFormat: "{alias}", Tagged: true,
			Doc: "Upstream identity provider.", ItemKinds: []identity.Kind{identity.KindIdentityProvider},
			Evidence: []string{"entity_id", "issuer", "display_name"}, RenameBy: "alias"}},
		{fields: organizationFields(), locks: linkedProviders, Schema: identity.ResourceSchema{Type: TypeOrganization,
			KeyFormat: "{alias}", Tagged: true, Doc: "Sends people of its domains to its identity provider.",
			ItemKinds: []identity.Kind{identity.KindRoutingRule}, Evidence: []string{"domains", "identity_provider"}}},
		{fields: clientFields(), locks: sameClient, Schema: identity.ResourceSchema{Type: TypeClient,
			KeyFormat: "{client_id}", Tagged: true, Doc: "Application. Made disabled; client_enablement is what opens it.",
			ItemKinds: []identity.Kind{identity.KindApplication}, Evidence: []string{"client_id", "redirect_uris", "name"},
			RenameBy: "client_id"}},
		{fields: clientRoleFields(), Schema: identity.ResourceSchema{Type: TypeClientRole, KeyFormat: "{client}/{role}",
			Doc: "Role of a client; access lets its holder through the gate."}},
		{fields: gateFields(), locks: flowsAndClient, Schema: identity.ResourceSchema{Type: TypeGate, KeyFormat: "{client}",
			Doc: "Lets only holders of the access role use a client."}},
		{fields: roleAssignmentFields(), locks: rolesOfGroup, Schema: identity.ResourceSchema{Type: TypeRoleAssignment,
			KeyFormat: "{group} -> {client}/{role}", Doc: "Gives a client role to a group.",
			ItemKinds: []identity.Kind{identity.KindAppAssignment}}},
		{fields: enablementFields(), locks: sameClient, Schema: identity.ResourceSchema{Type: TypeEnablement,
			KeyFormat: "{client}", Opens: true, Doc: "Opens a client: the last step of an application."}},
	}
	for i := range all {
		all[i].Schema.Attributes = schemas(all[i].fields)
	}
	return all
})

// TypeOf finds a resource type by its name. One that is not known has an empty schema and is never written.
func TypeOf(name string) Type {
	for _, t := range Types() {
		if t.Schema.Type == name {
			return t
		}
	}
	return Type{ReadOnly: true}
}

// Locks names the live objects that a step changes, sorted. Keycloak 26.7.4 answers 500 to simultaneous writes of one
// object.
func (t Type) Locks(step contract.StepRequest) []string {
	keys := map[string]bool{step.Resource.String(): true}
	if t.locks != nil {
		for _, key := range t.locks(step) {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// sameClient: a client, its gate and its enablement are one object at the server.
func sameClient(step contract.StepRequest) []string {
	return []string{TypeClient + ":" + step.Resource.Key}
}

// flowsLock: all gates stand below the same three flows.
func flowsLock(contract.StepRequest) []string { return []string{"flows"} }

// flowsAndClient: a gate stands in the flows and binds its client to them.
func flowsAndClient(step contract.StepRequest) []string {
	return append(flowsLock(step), sameClient(step)...)
}

// linkedProviders: an organization writes at its provider, and at the one that it leaves.
func linkedProviders(step contract.StepRequest) []string {
	var keys []string
	for _, attributes := range []identity.Attributes{step.Before, step.After} {
		if alias := object.Text(attributes, "identity_provider"); alias != "" {
			keys = append(keys, TypeProvider+":"+alias)
		}
	}
	return keys
}

// rolesOfGroup: the mappings of all clients' roles are one list of the group.
func rolesOfGroup(step contract.StepRequest) []string {
	for _, attributes := range []identity.Attributes{step.After, step.Before} {
		if group := object.Text(attributes, "group"); group != "" {
			return []string{"roles of group:" + group}
		}
	}
	return nil
}
