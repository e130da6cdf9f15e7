package realm

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func TestCheckFindsWaysAroundTheGate(t *testing.T) {
	gate := identity.Resource{Type: TypeGate, Key: "c", Attributes: identity.Attributes{"client": "c",
		"intact": true}}
	client := identity.Resource{Type: TypeClient, Key: "c", Attributes: identity.Attributes{"client_id": "c"}}
	organization := func(key, domain, provider string) identity.Resource {
		return identity.Resource{Type: TypeOrganization, Key: key, Attributes: identity.Attributes{"alias": key,
			"domains": object.List([]string{domain}), "identity_provider": provider}}
	}
	provider := identity.Resource{Type: TypeProvider, Key: "p", Attributes: identity.Attributes{"alias": "p",
		"enabled": true}}
	realm := func(name string, value any) identity.Resource {
		return identity.Resource{Type: TypeRealm, Key: "r", Attributes: identity.Attributes{"realm": "r", name: value}}
	}
	for name, test := range map[string]struct {
		desired, live []identity.Resource
		field         string
	}{
		"a live provider without our flow": {[]identity.Resource{gate, client}, []identity.Resource{provider},
			"identity_provider"},
		"forgotten password": {[]identity.Resource{gate, client},
			[]identity.Resource{realm("reset_password_allowed", true)}, "reset_password_allowed"},
		"self-registration": {[]identity.Resource{gate, client},
			[]identity.Resource{realm("registration_allowed", true)}, "registration_allowed"},
		"a realm that is bound to the gates": {[]identity.Resource{GateFlows(), gate, client},
			[]identity.Resource{realm("browser_flow", gating.TopFlow(gating.PlaceBrowser))}, "browser_flow"},
		"a realm whose password grant is bound to the gates": {[]identity.Resource{GateFlows(), gate, client},
			[]identity.Resource{realm("direct_grant_flow", gating.TopFlow(gating.PlaceDirect))}, "direct_grant_flow"},
		"organizations off": {[]identity.Resource{organization("o", "a.example", "p"), provider},
			[]identity.Resource{realm("organizations_enabled", false)}, "organizations_enabled"},
		"a domain of two": {[]identity.Resource{organization("o", "a.example", "p"), provider},
			[]identity.Resource{organization("q", "A.example", "z")}, "domains"},
		"a client that is nowhere": {[]identity.Resource{gate}, nil, "client"},
		"the alias of what refuses": {[]identity.Resource{{Type: TypeProvider, Key: gating.RefusalName,
			Attributes: identity.Attributes{"alias": gating.RefusalName}}}, nil, "alias"},
		"an alias of two": {[]identity.Resource{provider, provider}, nil, "alias"},
	} {
		t.Run(name, func(t *testing.T) {
			found := Check(test.desired, test.live)
			if !slices.ContainsFunc(found, func(f contract.CheckFinding) bool {
				return f.Finding.Field == test.field && f.Finding.Type == fidelity.Blocked
			}) {
				t.Errorf("found %+v", found)
			}
		})
	}
	if found := Check([]identity.Resource{gate, client}, []identity.Resource{realm("reset_password_allowed",
		false)}); len(found) > 0 {
		t.Errorf("a sound plan has %+v", found)
	}
}

func TestCheckFindsGatesOfOneName(t *testing.T) {
	gate := func(client string) identity.Resource {
		return identity.Resource{Type: TypeGate, Key: client, Attributes: identity.Attributes{"client": client}}
	}
	one := func(string) string { return "one" }
	for name, test := range map[string]struct {
		desired, live []identity.Resource
		nameOf        func(string) string
		found         int
	}{
		"two that are planned":          {[]identity.Resource{gate("a"), gate("b")}, nil, one, 1},
		"one planned beside a live one": {[]identity.Resource{gate("a")}, []identity.Resource{gate("b")}, one, 1},
		"one that is there already":     {[]identity.Resource{gate("a")}, []identity.Resource{gate("a")}, one, 0},
		"names of their own":            {[]identity.Resource{gate("a"), gate("A"), gate("a ")}, nil, gating.GateKey, 0},
	} {
		c := checker{desired: byID(test.desired), live: byID(test.live)}
		if c.gateNames(test.nameOf); len(c.found) != test.found {
			t.Errorf("%s: found %+v", name, c.found)
		}
	}
}

func TestCheck_BlocksWhatIsLongerThanTheServerKeeps(t *testing.T) {
	long := strings.Repeat("é", 256)
	resource := func(kind string, attributes identity.Attributes, tag string) identity.Resource {
		return identity.Resource{Type: kind, Key: "k", Attributes: attributes, Tag: tag}
	}
	for name, c := range map[string]struct {
		desired identity.Resource
		field   string
		blocked bool
	}{
		"a name that a merge block gives": {resource(TypeGroup, identity.Attributes{"name": long}, ""), "name", true},
		"a name that just fits":           {resource(TypeGroup, identity.Attributes{"name": long[2:]}, ""), "name", false},
		"one of several addresses": {resource(TypeClient, identity.Attributes{"client_id": "c",
			"redirect_uris": []any{"https://a.example.test", "https://" + long}}, ""), "redirect_uris", true},
		"a value of a custom attribute": {resource(TypeGroup, identity.Attributes{
			"attributes": map[string]any{"cost": []any{long}}}, ""), "attributes", true},
		"an alias of a provider": {resource(TypeProvider, identity.Attributes{"alias": long}, ""), "alias", true},
		"a key that has no limit": {resource(TypeClient, identity.Attributes{"client_id": "c",
			"attributes": map[string]any{"jwks.string": strings.Repeat(long, 20)}}, ""), "attributes", false},
		"the mark of a group":         {resource(TypeGroup, identity.Attributes{"name": "g"}, "csv."+long), "", true},
		"the mark of an organization": {resource(TypeOrganization, identity.Attributes{"alias": "o"}, "csv."+long), "", true},
		"the mark of a client": {resource(TypeClient, identity.Attributes{"client_id": "c"}, "csv."+long), "",
			false}, // which stands in a column without a limit
	} {
		t.Run(name, func(t *testing.T) {
			found := slices.ContainsFunc(Check([]identity.Resource{c.desired}, nil), func(f contract.CheckFinding) bool {
				return f.Finding.Field == c.field && strings.Contains(f.Finding.Summary, "255 characters")
			})
			if found != c.blocked {
				t.Errorf("found %+v", Check([]identity.Resource{c.desired}, nil))
			}
		})
	}
}

func TestCheck_SaysWhichCharacterAnAliasMayNotHold(t *testing.T) {
	for alias, want := range map[string]string{"corp": "", "corp.example_1-2~": "", "日本": "", "a b": `holds ' '`, "a+b": `holds '+'`,
		"": "empty", "..": "another place", "a%b": `holds '%'`, "a\tb": `holds '\t'`} {
		if got := unfitAlias(alias); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q", alias, got)
		}
	}
}
