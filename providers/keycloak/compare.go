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

// foreign names the attributes whose live value is neither that of before nor that of after, nor, for a set, something in between. An
// update of several requests that was cut off leaves values of both: that is no change by somebody else.
func foreign(resourceType string, before, after, live identity.Attributes) []string {
	schema := schemaOf(resourceType)
	var out []string
	for _, name := range differences(resourceType, before, live) {
		attribute, _ := schema.Attribute(name)
		then, wanted, now := plain(before[name], attribute.Unordered), plain(after[name], attribute.Unordered), plain(live[name], attribute.Unordered)
		if !reflect.DeepEqual(wanted, now) && !(attribute.Unordered && onTheWay(then, wanted, now)) {
			out = append(out, name)
		}
	}
	return out
}

// onTheWay tells whether a set can be met while one is being made into the other: nothing strange in it, nothing that both have gone.
func onTheWay(from, to, now any) bool {
	list := func(value any) map[string]bool {
		found := map[string]bool{}
		entries, _ := value.([]any)
		for _, entry := range entries {
			found[text(entry)] = true
		}
		return found
	}
	old, wanted, there := list(from), list(to), list(now)
	for entry := range there {
		if !old[entry] && !wanted[entry] {
			return false
		}
	}
	for entry := range old {
		if wanted[entry] && !there[entry] {
			return false
		}
	}
	return true
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
