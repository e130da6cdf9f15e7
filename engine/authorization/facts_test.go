package authorization

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadFacts_FindsClaimsByTheirPath(t *testing.T) {
	where := Claims{Tenant: "tenant", Permissions: "resource_access.re.home.roles", Context: "ctx.kind"}
	cases := map[string]struct {
		token string
		want  Facts
		wrong bool
	}{
		"nested, with a dot in a name": {
			token: `{"iss":"i","sub":"s","tenant":"acme","resource_access":{"re.home":{"roles":["a","b"]}},"ctx":{"kind":"portal"}}`,
			want: Facts{Issuer: "i", Subject: "s", Tenant: "acme", Permissions: []string{"a", "b"},
				Contexts: []string{"portal"}},
		},
		"a text of words":                  {token: `{"sub":"s","resource_access":{"re.home":{"roles":"a b"}},"tenant":["acme"]}`, want: Facts{Subject: "s", Tenant: "acme", Permissions: []string{"a", "b"}}},
		"nothing":                          {token: `{}`, want: Facts{}},
		"null is nothing":                  {token: `{"tenant":null,"ctx":null}`, want: Facts{}},
		"two tenants":                      {token: `{"tenant":["a","b"]}`, wrong: true},
		"a context that is no text":        {token: `{"ctx":{"kind":{"x":1}}}`, wrong: true},
		"a permission that is no text":     {token: `{"resource_access":{"re.home":{"roles":[1]}}}`, wrong: true},
		"a tenant that is an object":       {token: `{"tenant":{"acme":{}}}`, wrong: true},
		"a path through what is no object": {token: `{"resource_access":"x"}`, want: Facts{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var claims map[string]any
			if err := json.Unmarshal([]byte(c.token), &claims); err != nil {
				t.Fatal(err)
			}
			got, err := ReadFacts(claims, where)
			if (err != nil) != c.wrong {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzReadFacts(f *testing.F) {
	f.Add([]byte(`{"sub":"s","a":{"b":["x"]}}`), "a.b")
	f.Add([]byte(`{"https://x.y/z":"t"}`), "https://x.y/z")
	f.Fuzz(func(t *testing.T, token []byte, path string) {
		var claims map[string]any
		if json.Unmarshal(token, &claims) != nil {
			return
		}
		// It must end, and never panic.
		_, _ = ReadFacts(claims, Claims{Tenant: path, Permissions: path, Context: path})
	})
}
