package keycloak

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// A plan, a Keycloak and a realm file must not quarrel over what is changed: an update would never end, or a resumed one be refused.
func TestDifferences_AreThoseOfTheEngine(t *testing.T) {
	type table = identity.Attributes
	list := func(texts ...string) []any { return realm.List(texts) }
	for name, c := range map[string]struct {
		want, live table
		differ     []string
	}{
		"an empty text":       {table{"name": ""}, table{}, nil},
		"an empty map":        {table{"name": map[string]any{}}, table{"name": nil}, nil},
		"an empty list":       {table{"redirect_uris": list()}, table{}, nil},
		"a repetition":        {table{"redirect_uris": list("a", "a", "b")}, table{"redirect_uris": list("b", "a")}, nil},
		"off":                 {table{"enabled": false}, table{}, []string{"enabled"}},
		"another text":        {table{"name": "a"}, table{"name": "b"}, []string{"name"}},
		"what nobody manages": {table{"name": "a"}, table{"name": "a", "description": "by hand"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			schema := realm.TypeOf(realm.TypeClient).Schema
			engine := merge.Changed(merge.Managed(c.want, schema), c.want, c.live, schema)
			if got := differences(realm.TypeClient, c.want, c.live); !slices.Equal(got, c.differ) || !slices.Equal(got, engine) {
				t.Errorf("a Keycloak sees %v, the engine %v, wanted are %v", got, engine, c.differ)
			}
			if got := realm.Differences(realm.TypeClient, c.want, c.live); !slices.Equal(got, c.differ) {
				t.Errorf("a realm file sees %v", got)
			}
		})
	}
}
