package merge

import (
	"encoding/json"
	"math/big"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Managed lists the attributes of a desired resource that are compared with the live one: those that the translation set, without
// what the server computes, hides or makes. Sorted.
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

// Changed lists those of the names whose values differ. Absent and null are equal; unordered lists compare as sets.
func Changed(names []string, desired, live identity.Attributes, schema identity.ResourceSchema) []string {
	var changed []string
	for _, name := range names {
		a, _ := schema.Attribute(name)
		if !EqualValues(desired[name], live[name], a.Unordered) {
			changed = append(changed, name)
		}
	}
	return changed
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

// Sides lists every attribute that the item or the live resource has, by name, with what becomes of it when fields may change.
func Sides(fields []string, desired, live identity.Attributes, schema identity.ResourceSchema) []Side {
	may := map[string]bool{}
	for _, name := range fields {
		may[name] = true
	}
	names := identity.Attributes{}
	for _, side := range []identity.Attributes{desired, live} {
		for name := range side {
			names[name] = nil
		}
	}
	var sides []Side
	for _, name := range names.Names() {
		a, _ := schema.Attribute(name)
		if a.Computed {
			continue
		}
		wanted, stated := desired[name]
		side := Side{Name: name, Target: live[name], Source: wanted, Fate: FateKept, Sensitive: a.Sensitive}
		switch {
		case a.Sensitive:
			side.Target, side.Source = nil, nil
			if may[name] {
				side.Fate = FateOverwritten
			}
		case !stated && nothing(live[name]), stated && EqualValues(wanted, live[name], a.Unordered):
			side.Fate = FateEqual
		case may[name]:
			side.Fate = FateOverwritten
		}
		sides = append(sides, side)
	}
	return sides
}

// nothing tells whether a value says nothing: the target shows many attributes that nobody set.
func nothing(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case map[string]any:
		return len(v) == 0
	}
	return len(asList(value)) == 0
}

// EqualValues compares two JSON values by meaning: 1 and 1.0 are equal, and so are lists in another order when unordered is set.
func EqualValues(a, b any, unordered bool) bool {
	if unordered {
		return setText(a) == setText(b)
	}
	return valueText(a) == valueText(b)
}

// Union joins two unordered lists, sorted, each value once.
func Union(a, b any) []any {
	seen := map[string]any{}
	for _, list := range []any{a, b} {
		for _, value := range asList(list) {
			seen[valueText(value)] = value
		}
	}
	keys := identity.Attributes(seen).Names()
	joined := make([]any, 0, len(keys))
	for _, key := range keys {
		joined = append(joined, seen[key])
	}
	return joined
}

func asList(value any) []any {
	switch list := value.(type) {
	case []any:
		return list
	case []string:
		values := make([]any, len(list))
		for i, text := range list {
			values[i] = text
		}
		return values
	case nil:
		return nil
	}
	return []any{value}
}

func setText(value any) string {
	seen := map[string]bool{}
	for _, entry := range asList(value) {
		seen[valueText(entry)] = true
	}
	texts := make([]string, 0, len(seen))
	for text := range seen {
		texts = append(texts, text)
	}
	sort.Strings(texts)
	return strings.Join(texts, "\x00")
}

// valueText is an encoding in which equal values are equal texts.
func valueText(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return "s" + v
	case bool:
		if v {
			return "true"
		}
		return "false"
	case map[string]any:
		var b strings.Builder
		for _, name := range identity.Attributes(v).Names() {
			writeFramed(&b, name)
			writeFramed(&b, valueText(v[name]))
		}
		return "{" + b.String() + "}"
	case []any, []string:
		var b strings.Builder
		for _, entry := range asList(v) {
			writeFramed(&b, valueText(entry))
		}
		return "[" + b.String() + "]"
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return "?" + err.Error()
	}
	if len(encoded) < 64 {
		if number, ok := new(big.Float).SetPrec(256).SetString(string(encoded)); ok {
			return "n" + number.Text('g', -1)
		}
	}
	return "j" + string(encoded)
}

func writeFramed(b *strings.Builder, text string) {
	encoded, err := json.Marshal(len(text))
	if err == nil {
		b.Write(encoded)
	}
	b.WriteByte(':')
	b.WriteString(text)
}
