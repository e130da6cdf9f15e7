package project

import (
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/project/issuertest"
)

func TestVerifyToken_RefusesWhatIsNotItsOwn(t *testing.T) {
	f := issuertest.New()
	defer f.Server.Close()
	rules := &authorization.Rules{Issuer: f.Server.URL, Audience: "rehome"}
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	cases := map[string]struct {
		claims    map[string]any
		algorithm string
		says      string // empty: it verifies
	}{
		"RS256":                       {nil, "RS256", ""},
		"ES256":                       {nil, "ES256", ""},
		"one of several audiences":    {map[string]any{"aud": []string{"account", "rehome"}}, "RS256", ""},
		"expired within the leeway":   {map[string]any{"exp": in(-10 * time.Second)}, "RS256", ""},
		"expired":                     {map[string]any{"exp": in(-2 * time.Minute)}, "RS256", "expired"},
		"no expiry":                   {map[string]any{"exp": nil}, "RS256", "expired"},
		"another issuer":              {map[string]any{"iss": "https://elsewhere"}, "RS256", "different provider"},
		"another audience":            {map[string]any{"aud": "account"}, "RS256", "audience"},
		"not valid yet":               {map[string]any{"nbf": in(time.Hour)}, "RS256", "not before"},
		"a key that is not published": {nil, "foreign", "signature"},
		"a public key used as secret": {nil, "HS256", "signature algorithm"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			token, err := f.Mint(c.claims, c.algorithm)
			if err != nil {
				t.Fatal(err)
			}
			claims, err := verifyToken(t.Context(), rules, token, time.Now)
			if c.says == "" {
				if err != nil || claims["sub"] != "alice" {
					t.Errorf("%v %v", claims, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), token) {
				t.Errorf("wanted an error that says %q, got %v", c.says, err)
			}
		})
	}
	for name, token := range map[string]string{"text": "planted", "unsigned": "eyJhbGciOiJub25lIn0.e30.",
		"empty parts": ".."} {
		t.Run(name, func(t *testing.T) {
			if _, err := verifyToken(t.Context(), rules, token, time.Now); err == nil ||
				strings.Contains(err.Error(), "planted") {
				t.Errorf("got %v", err)
			}
		})
	}
}
