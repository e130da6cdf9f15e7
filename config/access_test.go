package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
)

func TestAccess_ClaimsHaveDefaults(t *testing.T) {
	cfg, found := load(t,
		"access {\n issuer = \"https://id.acme.example/realms/acme\"\n audience = \"rehome\"\n operator_tenant = "+
			"\"platform\"\n claims = { permissions = \"resource_access.rehome.roles\" }\n}", Inputs{})
	if found.HasErrors() {
		t.Fatal(found)
	}
	want := AccessClaims{Tenant: "tenant", Permissions: "resource_access.rehome.roles", Context: "context"}
	if diff := cmp.Diff(want, cfg.Access.Claims); diff != "" || cfg.Access.Issuer == "" ||
		cfg.Access.OperatorTenant != "platform" {
		t.Error(cfg.Access, diff)
	}
	if cfg, found := load(t, "", Inputs{}); found.HasErrors() || cfg.Access != nil {
		t.Error("a configuration without the block has one")
	}
}

func TestAccess_ContextsAreWords(t *testing.T) {
	const block = "access {\n issuer = \"https://id\"\n audience = \"r\"\n contexts = %s\n}"
	cfg, found := load(t, strings.Replace(block, "%s", `["Portal", "member", "portal"]`, 1), Inputs{})
	if found.HasErrors() || strings.Join(cfg.Access.Contexts, " ") != "member portal" {
		t.Error(cfg.Access, found)
	}
	for _, wrong := range []string{`[""]`, `["a b"]`, `[" a"]`} {
		if _, found := load(t, strings.Replace(block, "%s", wrong, 1), Inputs{}); !found.HasErrors() {
			t.Errorf("%s was taken", wrong)
		}
	}
}

func TestAccess_ABlockThatWouldLetEverybodyInIsAnError(t *testing.T) {
	cases := map[string]struct{ text, says string }{
		"no issuer":         {`audience = "r"`, "issuer"},
		"no audience":       {`issuer = "https://id"`, "audience"},
		"a null issuer":     {"issuer = null\n audience = \"r\"", "issuer must be"},
		"an empty audience": {"issuer = \"https://id\"\n audience = \"\"", "audience must be"},
		"an empty operator": {"issuer = \"https://id\"\n audience = \"r\"\n operator_tenant = \"\"",
			"operator_tenant must be"},
		"http":       {"issuer = \"http://id.acme.example\"\n audience = \"r\"", "loopback"},
		"no address": {"issuer = \"acme\"\n audience = \"r\"", "address"},
		"an unknown claim": {"issuer = \"https://id\"\n audience = \"r\"\n claims = { tenat = \"x\" }",
			`Did you mean "tenant"?`},
		"an empty claim": {"issuer = \"https://id\"\n audience = \"r\"\n claims = { context = \"\" }", "context"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, found := load(t, "access {\n "+c.text+"\n}", Inputs{}); !found.HasErrors() ||
				!strings.Contains(found.Error(), c.says) {
				t.Errorf("wanted an error that says %q, got %v", c.says, found)
			}
		})
	}
	if _, found := load(t,
		"access {\n issuer = \"https://id\"\n audience = \"r\"\n}\naccess {\n issuer = \"https://other\"\n"+
			" audience = \"r\"\n}", Inputs{}); !found.HasErrors() {
		t.Error("two access blocks were taken")
	}
}

func TestProviderBlock_SeesThePhase(t *testing.T) {
	asked := ""
	cfg, found := load(t,
		"source \"okta\" \"corp\" {\n name = \"client-${rehome.phase}\"\n secret = "+
			"credential(\"kc-${rehome.phase}\")\n}", Inputs{
			Credentials: func(name string) (Credential, error) {
				asked = name
				return Credential{Value: "planted-" + name, For: []string{"okta"}}, nil
			},
		})
	if found.HasErrors() {
		t.Fatal(found)
	}
	schema := contract.ProviderSchema{Config: []contract.ConfigAttribute{{Name: "name", Type: "string"},
		{Name: "secret", Type: "string", Sensitive: true}}}
	for _, phase := range []string{PhasePlan, PhaseApply} {
		values, found := cfg.InPhase(phase).DecodeProvider(&cfg.Sources[0], schema)
		if found.HasErrors() || values["name"] != "client-"+phase || asked != "kc-"+phase {
			t.Errorf("%s: %v %v %v", phase, values, asked, found)
		}
	}
	if values, _ := cfg.DecodeProvider(&cfg.Sources[0], schema); values["name"] != "client-plan" {
		t.Errorf("without a phase: %v", values)
	}
	if _, found := load(t, "source \"okta\" \"corp\" {\n name = rehome.fase\n}", Inputs{}); !found.HasErrors() ||
		!strings.Contains(found.Error(), "phase") {
		t.Error("a wrong name below rehome was taken: ", found)
	}
	if _, found := load(t, "locals {\n a = rehome.phase\n}", Inputs{}); !found.HasErrors() {
		t.Error("rehome.phase can be used outside of source and target blocks, so that a plan would depend on the command")
	}
}
