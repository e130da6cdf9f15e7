package observing

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokenRoles_AreReadOrUnknown(t *testing.T) {
	cases := map[string]struct {
		token  string
		roles  []string
		stated bool
	}{
		"roles": {"x.eyJyZXNvdXJjZV9hY2Nlc3MiOnsicmVhbG0tbWFuYWdlbWVudCI6eyJyb2xlcyI6WyJhIl19fX0.x",
			[]string{"a"}, true},
		"no roles":    {"x.e30.x", nil, false},
		"not base 64": {"x.*.x", nil, false},
		"opaque":      {"abc", nil, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			roles, stated := tokenRoles(c.token)
			if diff := cmp.Diff(c.roles, roles); diff != "" || stated != c.stated {
				t.Error(stated, diff)
			}
		})
	}
}
