package keycloak

import (
	"maps"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
)

// oddNames are names that a search, an address or a comparison may get wrong. Some differ in little, and all of them are
// in one realm at the same time.
func oddNames() []string {
	odd := []string{
		"plain", "Plain", "PLAIN", " leading", "leading", "trailing ", "trailing", "  two  blanks  ", "two  blanks", "two blanks",
		"a/b", "a%2Fb", "a%b", "100%", "%", "_", "pl_in", "pl%in", "*", "pla*", `back\slash`, `"quoted"`, "it's", "a+b", "a b",
		"a&b=c", "a?b#c", "a;b", "a,b", "..", ".", "~0~1", "{x}", "<b>", "Zoë", "Zoe\u0308", "日本語", "😀", "a\tb", "straße", "STRASSE",
		"İ", "i̇", "ﬁ", "fi", "null", "0", "-", "admin",
	}
	for _, c := range "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" {
		odd = append(odd, "p"+string(c)+"q")
	}
	return odd
}

// TestKeycloak_NamesThatAreLikeOthersAreFoundExactly makes, finds, changes and takes back things whose names hold blanks,
// case, percent signs, slashes and what a search takes for a wildcard.
func TestKeycloak_NamesThatAreLikeOthersAreFoundExactly(t *testing.T) {
	target, _ := liveTarget(t)
	mustApply(t, target, create(realm.TypeClient, "owner", identity.Attributes{"client_id": "owner",
		"protocol": gating.ProtocolOIDC, "public": false}))
	mustApply(t, target, create(realm.TypeGroup, "/above", identity.Attributes{"path": "/above", "name": "above"}))
	forms := map[string]func(name string) (identity.ResourceID, identity.Attributes){
		"a group": func(name string) (identity.ResourceID, identity.Attributes) {
			path := "/" + identity.EscapePath(name)
			return identity.ResourceID{Type: realm.TypeGroup, Key: path},
				identity.Attributes{"path": path, "name": name, "description": "one"}
		},
		"a group below another": func(name string) (identity.ResourceID, identity.Attributes) {
			path := "/above/" + identity.EscapePath(name)
			return identity.ResourceID{Type: realm.TypeGroup, Key: path},
				identity.Attributes{"path": path, "name": name, "description": "one"}
		},
		"a client": func(name string) (identity.ResourceID, identity.Attributes) {
			return identity.ResourceID{Type: realm.TypeClient, Key: name}, identity.Attributes{"client_id": name,
				"protocol": gating.ProtocolOIDC, "public": false, "description": "one"}
		},
		"a role": func(name string) (identity.ResourceID, identity.Attributes) {
			return identity.ResourceID{Type: realm.TypeClientRole, Key: "owner/" + name},
				identity.Attributes{"client": "owner", "role": name, "description": "one"}
		},
		"a provider": func(name string) (identity.ResourceID, identity.Attributes) {
			return identity.ResourceID{Type: realm.TypeProvider, Key: name}, identity.Attributes{"alias": name,
				"protocol": "oidc", "enabled": true, "display_name": "one", "mappers": []any{map[string]any{"name": name,
					"type": "hardcoded-attribute-idp-mapper", "config": map[string]any{"attribute": "x", "attribute.value": name,
						"syncMode": "INHERIT"}}}}
		},
	}
	for kind, form := range forms {
		t.Run(kind, func(t *testing.T) { testOddNames(t, target, form) })
	}
}

func testOddNames(t *testing.T, target *Target, form func(name string) (identity.ResourceID, identity.Attributes)) {
	ids := map[string]string{}
	var made []string
	live := slices.Collect(maps.Values(readAll(t, target)))
	for _, name := range oddNames() {
		id, wanted := form(name)
		desired := identity.Resource{Type: id.Type, Key: id.Key, Attributes: wanted}
		blocked := target.Check([]identity.Resource{desired}, live)
		if len(blocked) > 0 {
			if id.Type != realm.TypeProvider {
				t.Errorf("%q is blocked: %v", name, blocked)
			}
			continue
		}
		result, err := target.Apply(t.Context(), create(id.Type, id.Key, wanted))
		if err != nil { // what a plan lets through, the server takes
			t.Errorf("%q: %v", name, err)
			continue
		}
		if other, twice := ids[result.ServerID]; twice {
			t.Errorf("%q and %q are one", name, other)
		}
		ids[result.ServerID] = name
		made, live = append(made, name), append(live, desired)
	}
	for _, name := range made {
		id, wanted := form(name)
		if result, err := target.Apply(t.Context(), create(id.Type, id.Key, wanted)); err != nil || !result.Already ||
			ids[result.ServerID] != name {
			t.Errorf("%q is found as %+v: %v", name, result, err)
		}
		changed := wanted.Clone()
		for _, text := range []string{"description", "display_name"} {
			if _, has := wanted[text]; has {
				changed[text] = "two"
			}
		}
		if _, err := target.Apply(t.Context(), contract.StepRequest{Action: contract.ActionUpdate, Resource: id, Tag: tag,
			Before: wanted, After: changed}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := target.Apply(t.Context(), contract.StepRequest{Action: contract.ActionDelete, Resource: id, Tag: tag,
			Before: changed}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
