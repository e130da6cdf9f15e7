package realm

import (
	"encoding/json"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Same tells whether a live resource has every attribute that is wanted. Attributes that are not in wanted are not looked at; nor
// are secrets, which cannot be read back, and reserved names. The order of unordered lists has no meaning.
func Same(resourceType string, wanted, live identity.Attributes) bool {
	return len(Differences(resourceType, wanted, live)) == 0
}

// Differences names the attributes of which wanted and live differ, sorted.
func Differences(resourceType string, wanted, live identity.Attributes) []string {
	schema := TypeOf(resourceType).Schema
	var names []string
	for _, name := range wanted.Names() {
		attribute, known := schema.Attribute(name)
		if strings.HasPrefix(name, "$") || (known && (attribute.Sensitive || attribute.Computed)) {
			continue
		}
		if canonical(wanted[name], attribute.Unordered) != canonical(live[name], attribute.Unordered) {
			names = append(names, name)
		}
	}
	return names
}

// canonical is a value as text, such that equal values have equal texts. Nothing, an empty text and an empty list are one.
func canonical(value any, unordered bool) string {
	if list, ok := value.([]any); ok && unordered {
		texts := make([]string, 0, len(list))
		for _, each := range list {
			texts = append(texts, canonical(each, false))
		}
		sort.Strings(texts)
		return strings.Join(texts, "\n")
	}
	switch v := value.(type) {
	case nil:
		return ""
	case []any:
		if len(v) == 0 {
			return ""
		}
	case map[string]any:
		if len(v) == 0 {
			return ""
		}
	case string:
		if v == "" {
			return ""
		}
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(encoded)
}
