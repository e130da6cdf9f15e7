package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
)

var withAddresses = contract.ProviderSchema{Config: []contract.ConfigAttribute{
	{Name: "org_url", Type: "string"}, {Name: "authority", Type: "string", Default: "https://login.vendor.example"},
	{Name: "more", Type: "list(string)"}, {Name: "api_token", Type: "string", Sensitive: true},
	{Name: "name", Type: "string"},
}}

// Whoever may change the configuration must not be able to have a stored secret sent somewhere else.
func TestACredentialGoesWhereItWasKeptFor(t *testing.T) {
	kept := map[string]Credential{
		"corp":    {Value: "planted", For: []string{"https://acme.okta.example"}},
		"path":    {Value: "planted", For: []string{"https://id.example/a"}},
		"vendor":  {Value: "planted", For: []string{"okta"}},
		"old":     {Value: "planted"},
		"trigger": {Value: "yes", For: []string{"https://acme.okta.example"}},
	}
	const token = "api_token = credential(\"corp\")\n"
	for body, want := range map[string]string{
		"org_url = \"https://acme.okta.example\"\n" + token:                                  "",
		"org_url = \"HTTPS://ACME.okta.example:443/\"\n" + token:                             "",
		"name = \"https but no address\"\norg_url = \"https://acme.okta.example\"\n" + token: "",
		"org_url = \"https://evil.example\"\n" + token:                                       "https://evil.example",
		"org_url = \"https://acme.okta.example@evil.example\"\n" + token:                     "https://evil.example",
		"org_url = \"https://acme.okta.example:8443\"\n" +
			token: "https://acme.okta.example:8443",
		"org_url = \"http://acme.okta.example\"\n" + token: "http://acme.okta.example",
		token: "okta",
		"org_url = \"https://acme.okta.example\"\nauthority = \"https://evil.example\"\n" + token: "https://evil.example",
		"org_url = \"https://acme.okta.example\"\nmore = [\"https://evil.example\"]\n" + token:    "https://evil.example",
		"org_url = credential(\"trigger\") == \"yes\" ? \"https://evil.example\" : \"https://acme.okta.example\"\n" +
			token: "made of a sensitive value",
		"org_url = \"https://evil.example/${credential(\"corp\")}\"\n":                "made of a sensitive value",
		"org_url = \"https://id.example/a\"\napi_token = credential(\"path\")\n":      "",
		"org_url = \"https://id.example/b\"\napi_token = credential(\"path\")\n":      "https://id.example/b",
		"org_url = \"https://id.example/a/../b\"\napi_token = credential(\"path\")\n": "https://id.example/b",
		"api_token = credential(\"vendor\")\n":                                        "",
		"org_url = \"https://evil.example\"\napi_token = credential(\"vendor\")\n":    "https://evil.example",
		"org_url = \"https://acme.okta.example\"\napi_token = credential(\"old\")\n":  "kept without an address",
	} {
		c, list := load(t, "source \"okta\" \"corp\" {\n"+body+"}\n", Inputs{
			Credentials: func(name string) (Credential, error) { return kept[name], nil }})
		if list.HasErrors() {
			t.Fatal(body, list)
		}
		values, list := c.DecodeProvider(&c.Sources[0], withAddresses)
		if want == "" {
			if list != nil || values["api_token"] != "planted" {
				t.Errorf("%s: %v", body, list)
			}
			continue
		}
		if !list.HasErrors() || values != nil || list[0].Code != codeCredentialAddress || list[0].Subject == nil ||
			!strings.Contains(list[0].Detail, want) || strings.Contains(list.Error(), "planted") {
			t.Errorf("%s: %v %+v", body, values, list)
		}
	}
}

func TestTheAddressesOfACredentialAreThoseOfItsBlocks(t *testing.T) {
	c, list := load(t, "variable \"url\" {\n default = \"https://Acme.okta.example/\"\n}\n"+
		"source \"okta\" \"corp\" {\n org_url = var.url\n api_token = credential(\"okta-${rehome.phase}\")\n}\n"+
		"source \"entra\" \"hq\" {\n tenant_id = \"x\"\n client_secret = credential(\"entra\")\n}\n", Inputs{})
	if list.HasErrors() {
		t.Fatal(list)
	}
	for name, want := range map[string][]string{
		"okta-plan": {"https://acme.okta.example"}, "okta-apply": {"https://acme.okta.example"},
		"entra": {"entra"}, "keycloak-portal": {"https://id.acme.example"}, "other": nil,
	} {
		if got := c.CredentialAddresses(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, not %v", name, got, want)
		}
	}
}
