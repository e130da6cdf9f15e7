package steps

import (
	"slices"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
)

// Differences names the attributes of want that the live resource does not have, sorted. Left out is what no comparison
// could tell: secrets, which a server does not give back, and what the server sets itself.
func Differences(schema identity.ResourceSchema, want, live identity.Attributes) []string {
	names := slices.DeleteFunc(want.Names(), func(name string) bool {
		attribute, _ := schema.Attribute(name)
		_, secret := identity.AsSecretReference(want[name])
		return secret || attribute.Sensitive || attribute.Computed || attribute.Generated
	})
	return value.DiffOf(names, want, live, schema.Unordered()...)
}

// Foreign names the attributes whose live value is neither that of before nor that of after, nor, for a set, something
// in between. An update of several requests that was cut off leaves values of both: that is no change by somebody else.
func Foreign(schema identity.ResourceSchema, before, after, live identity.Attributes) []string {
	sets := schema.Unordered()
	return slices.DeleteFunc(Differences(schema, before, live), func(name string) bool {
		if slices.Contains(sets, name) {
			return onTheWay(before[name], after[name], live[name])
		}
		return value.Equal(after[name], live[name])
	})
}

// onTheWay tells whether a set can be met while one is being made into the other: nothing strange in it, and all that
// both have.
func onTheWay(from, to, now any) bool {
	known := value.Union(from, to)
	both := value.Intersection(from, to)
	return value.EqualSets(value.Union(known, now), known) && value.EqualSets(value.Union(now, both), now)
}

func within(names, allowed []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(allowed, name) })
}

func without(names, dropped []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(dropped, name) })
}

// FormerName is what a step gives another name, as it is called before; false where it keeps its name.
func FormerName(schema identity.ResourceSchema, step contract.StepRequest) (identity.ResourceID, bool) {
	key, err := schema.Key(step.Before)
	former := identity.ResourceID{Type: step.Resource.Type, Key: key}
	return former, step.Action == contract.ActionUpdate && err == nil && former != step.Resource
}
