package translation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
)

// stated is what somebody writes who follows a to-do: the value of each field that one may ask for.
func stated() map[string]any {
	return map[string]any{
		"client_id": "stated", "redirect_uris": []any{"https://app.example/cb"},
		"frontchannel_logout_url": "https://app.example/out", "logout_url": "https://app.example/out",
		"network_limit": false, "directory_api_use": false,
		"hooks": []any{}, "grant_types": []any{"authorization_code"}, "encryption_certificate": testCertificate,
		"signing_certificate": testCertificate, "signing_certificates": []any{testCertificate},
		"name_id_format": "emailAddress", "name_id_source": "${user.wikiName}", "entity_id": "urn:stated",
		"acs_url":  "https://app.example/acs",
		"protocol": "oidc", "client_type": "confidential", "client_authentication": "client_secret_basic", "status": "active",
		"access": "assigned", "audience": "tenant", "issuer": "https://up.example", "jwks_url": "https://up.example/keys",
		"token_url": "https://up.example/token", "authorization_url": "https://up.example/auth",
		"userinfo_url": "https://up.example/me", "sso_url": "https://up.example/sso", "domains": []any{"stated.example"},
		"name":     "Stated",
		"jwks_uri": "https://app.example/keys", "jwks": `{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}`,
		"mappings":          []any{map[string]any{"from": "email", "to": "email"}},
		"username_template": "idpuser.email", "match_type": "USERNAME", "subject_filter": "", "federated_mfa": "",
		"revocation":           "",
		"attribute_statements": []any{map[string]any{"name": "x", "type": "EXPRESSION", "values": []any{"${user.x}"}}},
	}
}

// answers are the fields that a finding about another field asks for.
func answers(item identity.Item, f fidelity.Finding) []string {
	if f.Field == "protocol" && item.Kind == identity.KindApplication {
		var app kinds.Application
		if item.Decode(&app) == nil && len(app.Questions) > 0 {
			return app.Questions[0].Fields
		}
	}
	field, _, _ := strings.Cut(f.Field, ".")
	switch field {
	case "wildcard_redirect":
		return []string{"redirect_uris"}
	case "mode":
		return []string{"protocol", "client_id", "redirect_uris"}
	case "names_by_person":
		return []string{"name_id_source"}
	case "audience":
		return []string{"audience", "access"}
	case "priority":
		return []string{"domains"}
	case "grant_types":
		if strings.HasPrefix(f.Action, "State client_authentication") {
			return []string{"client_authentication"}
		}
	}
	return []string{field}
}

// TestToDos_ThatAskForAMapBlockAreSettledByIt follows every to-do of every item of both practice tenants, and of those
// that hold what no tenant has: what it asks for settles it, and nothing that it asks for is refused.
func TestToDos_ThatAskForAMapBlockAreSettledByIt(t *testing.T) {
	items, followed := practiceItems(t), map[string]bool{}
	for _, kind := range slices.Sorted(maps.Keys(items)) {
		for _, item := range items[kind] {
			for _, f := range TranslateAt(item, goldenDay()).Findings {
				if strings.Contains(f.Action, "map block") {
					followed[f.Field] = true
					follow(t, item, f)
				}
			}
		}
	}
	if len(followed) < 20 {
		t.Errorf("only %d kinds of to-dos were followed: %v", len(followed), followed)
	}
}

func follow(t *testing.T, item identity.Item, f fidelity.Finding) {
	t.Helper()
	set := map[string]any{}
	for _, name := range answers(item, f) {
		value, known := stated()[name]
		if !known {
			t.Errorf("%s asks for %s, and the test does not know what to state: %s", item.Address(), name, f.Action)
		}
		at := slices.IndexFunc(kinds.Fields(item.Kind), func(field kinds.Field) bool { return field.Name == name })
		if at < 0 || kinds.Fields(item.Kind)[at].Map == kinds.EffectNone {
			t.Errorf("%s asks for %s, which no map block may set: %s", item.Address(), name, f.Action)
		}
		set[name] = value
	}
	mapper := merge.NewMapper([]merge.Map{{Kind: item.Kind,
		Set: func(identity.Item) (map[string]any, error) { return set, nil }}}, kinds.Restate)
	mapped, _, problems := mapper.Apply(item)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, left := range TranslateAt(mapped, goldenDay()).Findings {
		if left.Field == f.Field && left.Action == f.Action {
			t.Errorf("%s: stating %v does not settle %s", item.Address(), slices.Sorted(maps.Keys(set)), fmt.Sprint(f))
		}
	}
}

// TestToDos_NameAWayThatThereIs holds that no to-do is a dead end: what is missing or wrong is stated in a map block,
// corrected at the source or collected again, and what a person rebuilds is closed by a map or skip block, or is a
// follow-up of its own that is done by hand.
func TestToDos_NameAWayThatThereIs(t *testing.T) {
	items := practiceItems(t)
	byHand := map[identity.Kind]bool{identity.KindAuthPolicy: true, identity.KindSessionPolicy: true,
		identity.KindRole: true, identity.KindRoleAssignment: true, identity.KindDomain: true, identity.KindAccessKey: true,
		identity.KindSCIMConnection: true, identity.KindSCIMToken: true, identity.KindRoutingRule: true,
		identity.KindServicePrincipal: true, identity.KindAppAssignment: true}
	looked := 0
	for _, kind := range slices.Sorted(maps.Keys(items)) {
		for _, item := range items[kind] {
			for _, f := range TranslateAt(item, goldenDay()).Findings {
				ways := []string{"map block", "skip block"}
				switch f.Type {
				case fidelity.Missing, fidelity.Invalid:
					ways = append(ways, "collect again", "at the source")
				case fidelity.Rebuild:
					if byHand[kind] {
						continue
					}
					ways = append(ways, "by hand", "before cut-over", "Move the application to", "SAML 2.0 trust", "by OIDC")
				default:
					continue
				}
				looked++
				if !slices.ContainsFunc(ways, func(way string) bool { return strings.Contains(f.Action, way) }) {
					t.Errorf("%s, %s: %q leads nowhere", item.Address(), f.Field, f.Action)
				}
			}
		}
	}
	if looked < 30 {
		t.Errorf("only %d to-dos were looked at", looked)
	}
}
