package translation

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func TestEveryImpactSaysWhatToTell(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	known := allTells()
	named := regexp.MustCompile(`(?:fidelity\.Severity(?:Medium|High), )"([a-z_]+)"|Severity: fidelity\.Severity(?:Medium|High),[^\n]*\n?[^\n]*ImpactCode: "([a-z_]+)"`)
	codes := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range named.FindAllStringSubmatch(string(source), -1) {
			codes[found[1]+found[2]] = true
		}
	}
	if len(codes) < 20 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	for code := range codes {
		if known[code] == "" && known[code+"/end_users"] == "" {
			t.Errorf("nothing says what to tell people of %s", code)
		}
	}
}

func TestWhatPeopleFeelIsSaidWhateverBecomesOfTheItem(t *testing.T) {
	for name, test := range map[string]struct {
		kind       identity.Kind
		attributes any
		code       string
		audience   fidelity.Audience
	}{
		"a bookmark": {identity.KindApplication, kinds.Application{Name: "b", Status: "active",
			Protocol: "other", Mode: "BOOKMARK"}, "link_lost", fidelity.AudienceEndUsers},
		"a password vault": {identity.KindApplication, kinds.Application{Name: "v", Status: "active",
			Protocol: "other", Mode: "AUTO_LOGIN"}, "vault_lost", fidelity.AudienceEndUsers},
		"a protocol of yesterday": {identity.KindApplication, kinds.Application{Name: "w", Status: "active",
			Protocol: "other", Mode: "WS_FEDERATION"}, "mode_lost", fidelity.AudienceAppOwners},
		"SAML metadata": {identity.KindApplication, kinds.Application{Name: "s", Status: "active", Protocol: "saml",
			EntityID: "urn:x", ACSURL: "https://x.example/acs"}, "saml_metadata_changes", fidelity.AudienceAppOwners},
		"a new page":   {identity.KindApplication, oidc(nil), "sign_in_address_changes", fidelity.AudienceEndUsers},
		"a new secret": {identity.KindApplication, oidc(nil), "secret_changes", fidelity.AudienceAppOwners},
		"a sign-in host": {identity.KindDomain, kinds.Domain{Name: "login.x.example", Verified: true,
			Purpose: "login"}, "sign_in_address_changes", fidelity.AudienceEndUsers},
		"a group rule": {identity.KindAuthPolicy, kinds.AuthPolicy{Type: "group_rule", Status: "active",
			Known: true, Restricts: true}, "group_rule_lost", fidelity.AudienceAdministrators},
		"enrolled factors": {identity.KindAuthPolicy, kinds.AuthPolicy{Type: "MFA_ENROLL", Status: "active",
			Known: true}, "factors_enrolled_anew", fidelity.AudienceEndUsers},
		"demanded factors": {identity.KindAuthPolicy, kinds.AuthPolicy{Type: "conditional_access", Status: "active",
			Summary: []string{"if always then mfa"}}, "factors_enrolled_anew", fidelity.AudienceHelpDesk},
		"a sign-on policy": {identity.KindAuthPolicy, kinds.AuthPolicy{Type: "ACCESS_POLICY", Status: "active",
			Restricts: true}, "policy_not_carried", fidelity.AudienceSecurity},
		"a session": {identity.KindSessionPolicy, kinds.SessionPolicy{Status: "active", IdleMinutes: 15},
			"session_length_changes", fidelity.AudienceEndUsers},
		"a password": {identity.KindUser, kinds.User{Status: "active", Email: "a@x.example",
			Credential: "local"}, "password_reset", fidelity.AudienceEndUsers},
		"a password, help": {identity.KindUser, kinds.User{Status: "active", Email: "a@x.example",
			Credential: "local"}, "password_reset", fidelity.AudienceHelpDesk},
		"nobody can mail them": {identity.KindUser, kinds.User{Status: "active", Credential: "federated"}, "no_email",
			fidelity.AudienceHelpDesk},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, test.kind, test.attributes))
			i := slices.IndexFunc(translation.Findings, func(f fidelity.Finding) bool {
				return f.ImpactCode == test.code &&
					f.Audience == test.audience
			})
			if i < 0 || translation.Findings[i].Tell == "" {
				t.Errorf("findings are %+v", translation.Findings)
			}
		})
	}
	for name, user := range map[string]kinds.User{"who left": {Status: "inactive"}, "a guest": {Status: "active",
		Guest: true, Email: "g@y.example"}} {
		if findings := Translate(made(t, identity.KindUser, user)).Findings; len(findings) != 1 {
			t.Errorf("%s feels %+v", name, findings)
		}
	}
}
