package keycloak

import (
	"encoding/json"
	"reflect"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// differences names the attributes of want that the live resource does not have, sorted. Attributes that a server does not
// give back (secrets) or that nobody can want (computed) are left out; so are texts, lists and maps that are empty on both sides.
func differences(resourceType string, want, live identity.Attributes) []string {
	schema := schemaOf(resourceType)
	var out []string
	for name, value := range want {
		if strings.HasPrefix(name, "$") {
			continue
		}
		attribute, _ := schema.Attribute(name)
		if attribute.Sensitive || attribute.Computed || attribute.Generated {
			continue
		}
		if _, secret := identity.AsSecretReference(value); secret {
			continue
		}
		if !reflect.DeepEqual(plain(value, attribute.Unordered), plain(live[name], attribute.Unordered)) {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

func schemaOf(resourceType string) identity.ResourceSchema {
	for _, schema := range realm.Resources() {
		if schema.Type == resourceType {
			return schema
		}
	}
	return identity.ResourceSchema{}
}

// plain brings a value into one form: through JSON, empty values as nil, a set sorted.
func plain(value any, unordered bool) any {
	encoded, err := json.Marshal(value)
	if err != nil {
		return value
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		return value
	}
	switch v := decoded.(type) {
	case string:
		if v == "" {
			return nil
		}
	case map[string]any:
		if len(v) == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		if unordered {
			sort.Slice(v, func(i, j int) bool { return text(v[i]) < text(v[j]) })
		}
	}
	return decoded
}

// text of a JSON value; the encoder sorts the members of objects.
func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(encoded)
}
