package realm

import (
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Type is what is known of a resource type. What each way to write a realm does with it stands in one table of that way.
type Type struct {
	Schema identity.ResourceSchema
	// ReadOnly says that rehome reads it and writes it never.
	ReadOnly bool
	// locks names what a step changes beside its own resource, nil for nothing.
	locks func(step identity.StepRequest) []string
}

// Types lists all resource types in the order in which they build on each other.
func Types() []Type {
	return []Type{
		{Schema: realmSchema(), ReadOnly: true},
		{Schema: groupSchema()},
		{Schema: gateFlowsSchema(), locks: flowsLock},
		{Schema: providerSchema()},
		{Schema: organizationSchema(), locks: linkedProviders},
		{Schema: clientSchema(), locks: sameClient},
		{Schema: clientRoleSchema()},
		{Schema: gateSchema(), locks: func(step identity.StepRequest) []string { return append(flowsLock(step), sameClient(step)...) }},
		{Schema: roleAssignmentSchema(), locks: rolesOfGroup},
		{Schema: enablementSchema(), locks: sameClient},
	}
}

// TypeOf finds a resource type by its name. One that is not known has an empty schema and is never written.
func TypeOf(name string) Type {
	for _, t := range Types() {
		if t.Schema.Type == name {
			return t
		}
	}
	return Type{ReadOnly: true}
}

// Locks names the live objects that a step changes, sorted. Keycloak 26.7.4 answers 500 to simultaneous writes of one object.
func (t Type) Locks(step identity.StepRequest) []string {
	keys := map[string]bool{step.Resource.String(): true}
	if t.locks != nil {
		for _, key := range t.locks(step) {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// sameClient: a client, its gate and its enablement are one object at the server.
func sameClient(step identity.StepRequest) []string {
	return []string{TypeClient + ":" + step.Resource.Key}
}

// flowsLock: all gates stand below the same three flows.
func flowsLock(identity.StepRequest) []string { return []string{"flows"} }

// linkedProviders: an organization writes at its provider, and at the one that it leaves.
func linkedProviders(step identity.StepRequest) []string {
	var keys []string
	for _, attributes := range []identity.Attributes{step.Before, step.After} {
		if alias := str(attributes, "identity_provider"); alias != "" {
			keys = append(keys, TypeProvider+":"+alias)
		}
	}
	return keys
}

// rolesOfGroup: the mappings of all clients' roles are one list of the group.
func rolesOfGroup(step identity.StepRequest) []string {
	for _, attributes := range []identity.Attributes{step.After, step.Before} {
		if group := str(attributes, "group"); group != "" {
			return []string{"roles of group:" + group}
		}
	}
	return nil
}
