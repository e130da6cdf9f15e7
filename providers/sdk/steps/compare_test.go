package steps_test

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// A plan and its target must not quarrel over what is changed: an update would never end, or a resumed one be refused.
func TestDifferences_AreThoseOfTheEngine(t *testing.T) {
	type table = identity.Attributes
	list := func(elements ...any) []any { return elements }
	for name, c := range map[string]struct {
		want, live table
		differ     []string
	}{
		"an empty text":       {table{"name": ""}, table{}, nil},
		"an empty map":        {table{"name": map[string]any{}}, table{"name": nil}, nil},
		"an empty list":       {table{"uris": list()}, table{}, nil},
		"a repetition":        {table{"uris": list("a", "a", "b")}, table{"uris": list("b", "a")}, nil},
		"off":                 {table{"enabled": false}, table{}, []string{"enabled"}},
		"another text":        {table{"name": "a"}, table{"name": "b"}, []string{"name"}},
		"what nobody manages": {table{"name": "a"}, table{"name": "a", "description": "by hand"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			engine := merge.Changed(merge.Managed(c.want, schema), c.want, c.live, schema)
			if got := steps.Differences(schema, c.want, c.live); !slices.Equal(got, c.differ) || !slices.Equal(got, engine) {
				t.Errorf("a target sees %v, the engine %v, wanted are %v", got, engine, c.differ)
			}
		})
	}
}
