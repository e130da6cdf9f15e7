package plan

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
)

// normalise brings what a step holds into the one form that is hashed, written and handed to the target: numbers in one
// spelling, sets as sorted lists. What was before says null where it says nothing, because no two targets agree on how
// to say it; what is to be keeps its empty values, which are orders.
func normalise(s *Step) {
	s.Before = normalAttributes(s.Before, s.Unordered, true)
	s.After = normalAttributes(s.After, s.Unordered, false)
	for i := range s.Sides {
		side := &s.Sides[i]
		side.Target, side.Source = normalValue(side.Target), normalValue(side.Source)
	}
}

func normalAttributes(attributes identity.Attributes, sets []string, folds bool) identity.Attributes {
	if attributes == nil {
		return nil
	}
	made := make(identity.Attributes, len(attributes))
	for name, v := range attributes {
		switch {
		case folds && value.IsNothing(v):
			made[name] = nil
		case folds:
			made[name] = folded(normalValue(v))
		default:
			made[name] = normalValue(v)
		}
		if slices.Contains(sets, name) && !value.IsNothing(made[name]) {
			made[name] = value.Union(made[name])
		}
	}
	return made
}

// normalValue is the value with plain types and numbers in one spelling.
func normalValue(v any) any {
	switch v := v.(type) {
	case nil, bool, string, float64, int, int64:
		return v
	case json.Number:
		return json.Number(value.Canonical(v))
	case []string:
		list := make([]any, len(v))
		for i, text := range v {
			list[i] = text
		}
		return list
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = normalValue(element)
		}
		return list
	case map[string]any:
		table := make(map[string]any, len(v))
		for name, member := range v {
			table[name] = normalValue(member)
		}
		return table
	case identity.Attributes:
		return normalValue(map[string]any(v))
	}
	return v
}

// folded leaves out the members of tables that say nothing, at any depth.
func folded(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = folded(v[i])
		}
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, member any) bool { return value.IsNothing(member) })
		for name := range v {
			v[name] = folded(v[name])
		}
	}
	return v
}
