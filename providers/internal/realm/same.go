package realm

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
)

// Same tells whether a live resource has every attribute that is wanted. Attributes that are not in wanted are not
// looked at; nor are secrets, which cannot be read back, and reserved names. The order of unordered lists has no
// meaning.
func Same(resourceType string, wanted, live identity.Attributes) bool {
	return len(Differences(resourceType, wanted, live)) == 0
}

// Differences names the attributes of which wanted and live differ, sorted.
func Differences(resourceType string, wanted, live identity.Attributes) []string {
	schema := TypeOf(resourceType).Schema
	names := slices.DeleteFunc(wanted.Names(), func(name string) bool {
		attribute, _ := schema.Attribute(name)
		return strings.HasPrefix(name, "$") || attribute.Sensitive || attribute.Computed
	})
	return value.DiffOf(names, wanted, live, schema.Unordered()...)
}
