package okta

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// recorded reads a file of recorded bodies, which live outside the project.
func recorded(t *testing.T, name string) []json.RawMessage {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "okta", "objects", name))
	if err != nil {
		t.Skipf("the recorded bodies are not here: %v", err)
	}
	var bodies []json.RawMessage
	if err := json.Unmarshal(content, &bodies); err != nil {
		t.Fatal(err)
	}
	return bodies
}

// converters is every conversion of one body, by the file of recordings it fits.
func converters() map[string]func(node) (identity.Item, error) {
	return map[string]func(node) (identity.Item, error){
		"apps.json":  func(n node) (identity.Item, error) { return convertApplication(n, assignments{}) },
		"users.json": convertUser,
		"groups.json": func(n node) (identity.Item, error) {
			return convertGroup(n, groupFillers{known: true}, membersOf{})
		},
		"group-rules.json": convertGroupRule,
		"idps.json": func(n node) (identity.Item, error) {
			return convertIdentityProvider(n, nil, profileMappings{known: true})
		},
		"policies.json": func(n node) (identity.Item, error) { return convertAuthPolicy(n, ruleList{}) },
		"policy-rules.json": func(n node) (identity.Item, error) {
			return convertRoutingRule(node{}, []element{{body: n}}, n)
		},
	}
}

func TestEveryRecordedBodyConvertsTheSameWayTwiceWithoutItsSecrets(t *testing.T) {
	for file, convert := range converters() {
		t.Run(file, func(t *testing.T) {
			for _, raw := range recorded(t, file) {
				redacted, err := reading.Redact(raw, secretRules())
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(redacted), "EXAMPLE-NOT-A-SECRET") {
					t.Errorf("a secret is left in %s", redacted)
				}
				body, err := parse(redacted)
				if err != nil {
					t.Fatal(err)
				}
				first, err := convert(body)
				if err != nil || first.ID == "" || first.Name == "" {
					t.Fatalf("%s became %+v, %v", redacted, first, err)
				}
				second, _ := convert(body)
				if string(first.Attributes) != string(second.Attributes) {
					t.Errorf("%s differs between two conversions", first.ID)
				}
			}
		})
	}
}

func TestRecordedAppsAreDecidedAsTheirBodiesSay(t *testing.T) {
	counts := map[string]int{}
	for _, raw := range recorded(t, "apps.json") {
		body, err := parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		item, err := convertApplication(body, assignments{})
		if err != nil {
			t.Fatal(err)
		}
		var app identity.Application
		if err := item.Decode(&app); err != nil {
			t.Fatal(err)
		}
		counts[app.Protocol]++
		if app.Access == identity.AccessEveryone {
			counts["everyone"]++
		}
		if app.Protocol == "oidc" && app.Undecided == "" && !app.Vendor && (app.ClientID == "" || app.ClientType == "") {
			t.Errorf("%s is decided without a client", item.ID)
		}
		if app.Protocol == "saml" && app.Undecided == "" && (app.EntityID == "" || app.ACSURL == "") {
			t.Errorf("%s is decided without audience and address", item.ID)
		}
		for _, field := range app.Unknown {
			counts[field]++
		}
		if app.Undecided != "" {
			counts["undecided "+app.Protocol]++
		}
	}
	if counts["oidc"] != 175 || counts["saml"] != 44 || counts["everyone"] != 20 {
		t.Errorf("counts %v", counts)
	}
	t.Logf("%v", counts)
}

func TestPatternsBecomeDomains(t *testing.T) {
	cases := []struct{ kind, value, domain string }{
		{"SUFFIX", "@Acme.com", "acme.com"}, {"SUFFIX", "acme.com", "acme.com"}, {"SUFFIX", ".acme.com", "*.acme.com"},
		{"EXPRESSION", `.*@acme\.com`, "acme.com"}, {"EXPRESSION", `^.*@acme.com$`, "acme.com"}, {"SUFFIX", "ann@acme.com", ""},
		{"EXPRESSION", `.*@(a|b)\.com`, ""}, {"EQUALS", "ann@acme.com", ""}, {"SUFFIX", "", ""},
	}
	for _, c := range cases {
		got, ok := domainOf(node{map[string]any{"matchType": c.kind, "value": c.value}})
		if ok != (c.domain != "") || (ok && got != c.domain) {
			t.Errorf("%s %s: %q %v", c.kind, c.value, got, ok)
		}
	}
}

func TestLinksAreSplitByRelation(t *testing.T) {
	got := splitLinks(`<https://a/x?y=1;2>; rel="self", </b>; title="t"; rel=next`)
	if len(got) != 2 || got[0] != (link{"https://a/x?y=1;2", "self"}) || got[1] != (link{"/b", "next"}) {
		t.Fatalf("%v", got)
	}
}

func FuzzConvert(f *testing.F) {
	f.Add([]byte(`{"id":"a","signOnMode":"SAML_2_0","settings":{"signOn":{"acsEndpoints":[null,1,{"url":2}]}}}`))
	f.Add([]byte(`{"signOnMode":"OPENID_CONNECT","settings":{"oauthClient":{"redirect_uris":["https://*/x",null],"jwks":{"keys":[1e999]}}}}`))
	f.Add([]byte(`{"conditions":{"userIdentifier":{"patterns":[{"matchType":"SUFFIX","value":"@x"}]}},"actions":{"idp":{"providers":[{}]}}}`))
	f.Add([]byte(`[[[]]]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := parse(raw)
		if err != nil {
			return
		}
		all := converters()
		all["session"] = func(n node) (identity.Item, error) {
			return convertSessionPolicy(n, ruleList{elements: []element{{raw: raw, body: n}}})
		}
		all["domain"] = convertDomain
		all["assignment"] = func(n node) (identity.Item, error) { return convertAssignment("a", identity.KindUser, n) }
		for name, convert := range all {
			item, err := convert(body)
			if err != nil || !json.Valid(item.Attributes) {
				t.Errorf("%s of %q: %v", name, raw, err)
			}
		}
		convertMapping(body)
	})
}

func FuzzLinks(f *testing.F) {
	f.Add(`<https://a/x>; rel="next"`)
	f.Add(`<<>>;,rel=`)
	f.Fuzz(func(_ *testing.T, line string) { splitLinks(line) })
}
