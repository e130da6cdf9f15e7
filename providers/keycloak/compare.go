package keycloak

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// differences names the attributes of want that the live resource does not have, sorted. Attributes that a server does not
// give back (secrets) or that nobody can want (computed) are left out.
func differences(resourceType string, want, live identity.Attributes) []string {
	schema := realm.TypeOf(resourceType).Schema
	names := slices.DeleteFunc(want.Names(), func(name string) bool {
		attribute, _ := schema.Attribute(name)
		_, secret := identity.AsSecretReference(want[name])
		return secret || strings.HasPrefix(name, "$") || attribute.Sensitive || attribute.Computed || attribute.Generated
	})
	return value.DiffOf(names, want, live, schema.Unordered()...)
}

// foreign names the attributes whose live value is neither that of before nor that of after, nor, for a set, something in between. An
// update of several requests that was cut off leaves values of both: that is no change by somebody else.
func foreign(resourceType string, before, after, live identity.Attributes) []string {
	sets := realm.TypeOf(resourceType).Schema.Unordered()
	changed := value.DiffOf(differences(resourceType, before, live), after, live, sets...)
	return slices.DeleteFunc(changed, func(name string) bool {
		return slices.Contains(sets, name) && onTheWay(before[name], after[name], live[name])
	})
}

// onTheWay tells whether a set can be met while one is being made into the other: nothing strange in it, nothing that both have gone.
func onTheWay(from, to, now any) bool {
	known := value.Union(from, to)
	both := value.Intersection(from, to)
	return value.EqualSets(value.Union(known, now), known) && value.EqualSets(value.Union(now, both), now)
}
