package merge

import (
	"maps"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
)

// Managed lists the attributes of a desired resource that are compared with the live one: those that the translation
// set, without what the server computes, hides or makes. Sorted.
func Managed(desired identity.Attributes, schema identity.ResourceSchema) []string {
	var names []string
	for _, name := range desired.Names() {
		if a, known := schema.Attribute(name); known && (a.Computed || a.Sensitive || a.Generated) {
			continue
		}
		names = append(names, name)
	}
	return names
}

// Changed lists those of the names whose values differ; what is equal is said by package value.
func Changed(names []string, desired, live identity.Attributes, schema identity.ResourceSchema) []string {
	return value.DiffOf(names, desired, live, schema.Unordered()...)
}

// The fates of an attribute in a reconcile.
const (
	FateOverwritten = "overwritten"
	FateKept        = "kept"
	FateEqual       = "equal"
)

// Side is one attribute of both sides of a reconcile. Values of sensitive attributes are left out.
type Side struct {
	Name      string `json:"name"`
	Target    any    `json:"target"` // as it lives
	Source    any    `json:"source"` // as the item would have it; null when the item says nothing of it
	Fate      string `json:"fate"`
	Sensitive bool   `json:"sensitive,omitempty"`
}

// Sides lists every attribute that the item or the live resource has, by name, with what becomes of it when fields
// may change.
func Sides(fields []string, desired, live identity.Attributes, schema identity.ResourceSchema) []Side {
	may := map[string]bool{}
	for _, name := range fields {
		may[name] = true
	}
	differs := map[string]bool{}
	for _, name := range value.Diff(desired, live, schema.Unordered()...) {
		differs[name] = true
	}
	names := maps.Clone(desired)
	if names == nil {
		names = identity.Attributes{}
	}
	maps.Copy(names, live)
	var sides []Side
	for _, name := range names.Names() {
		a, _ := schema.Attribute(name)
		if a.Computed {
			continue
		}
		side := Side{Name: name, Target: live[name], Source: desired[name], Fate: FateKept, Sensitive: a.Sensitive}
		if a.Unordered { // two reads of one server need not list them alike
			side.Target, side.Source = sortedSet(side.Target), sortedSet(side.Source)
		}
		switch {
		case a.Sensitive:
			side.Target, side.Source = nil, nil
			if may[name] {
				side.Fate = FateOverwritten
			}
		case !differs[name]:
			side.Fate = FateEqual
		case may[name]:
			side.Fate = FateOverwritten
		}
		sides = append(sides, side)
	}
	return sides
}

func sortedSet(v any) any {
	if value.IsNothing(v) {
		return v
	}
	return value.Union(v)
}
