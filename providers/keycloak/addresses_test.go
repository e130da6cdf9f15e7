package keycloak

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/translation"
)

// plainAddresses are applications of the days before TLS, as sources have them.
func plainAddresses(t *testing.T) []identity.Item {
	t.Helper()
	const host = "http://app.partner.example"
	oidc, err := identity.NewItem(identity.KindApplication, "0oa1", "Old portal", kinds.Application{
		Name: "Old portal", Status: identity.StatusActive, Protocol: "oidc", Access: identity.AccessAssigned,
		ClientID: "old", ClientAuthentication: "none", RedirectURIs: []string{host + "/cb"}, PKCERequired: true,
		PostLogoutRedirectURIs: []string{host + "/bye"}, GrantTypes: []string{"authorization_code"},
		HomeURL: host, LogoURI: host + "/l.png", PolicyURI: host + "/p", TermsURI: host + "/t",
		FrontchannelLogoutURL: host + "/out", ClaimsKnown: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	saml, err := identity.NewItem(identity.KindApplication, "0oa2", "Old wiki", kinds.Application{
		Name: "Old wiki", Status: identity.StatusActive, Protocol: "saml", Access: identity.AccessAssigned,
		EntityID: "urn:old", ACSURL: host + "/acs", LogoutURL: host + "/slo", NameIDFormat: "emailAddress",
		NameIDSource: "${user.email}", SignAssertion: true, SignResponse: true, ClaimsKnown: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return []identity.Item{oidc, saml}
}

func TestKeycloak_TakesAddressesOfClientsWithoutTLSAndNoneOfUpstreams(t *testing.T) {
	target, made := liveTarget(t)
	mustApply(t, target, create(realm.TypeGateFlows, realm.GateFlowsKey,
		identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}))
	items := plainAddresses(t)
	for _, item := range items {
		noted := map[string]bool{}
		for _, f := range translation.Translate(item).Findings {
			if f.ImpactCode == "address_without_tls" && f.Type == fidelity.Approximation {
				noted[f.Field] = true
			}
		}
		if len(noted) < 2 {
			t.Errorf("of %s it is said that %v are without TLS", item.Name, noted)
		}
	}
	done := applyTranslated(t, target, items)
	live := readAll(t, target)
	for id, wanted := range done {
		for _, name := range differing(wanted.ID(), wanted.Attributes, live[id].Attributes) {
			t.Errorf("%s: %s reads back as %v, want %v", id, name, live[id].Attributes[name], wanted.Attributes[name])
		}
	}
	for _, address := range []string{"singleSignOnServiceUrl", "singleLogoutServiceUrl"} {
		config := map[string]any{"entityId": "x", "singleSignOnServiceUrl": "https://up.example.test/sso"}
		config[address] = "http://up.partner.example/x"
		_, err := made.Server.Admin(t.Context(), "POST", "/admin/realms/"+made.Name+"/identity-provider/instances",
			map[string]any{"alias": strings.ToLower(address), "providerId": "saml", "config": config})
		if err == nil || !strings.Contains(err.Error(), "requires secure connections") {
			t.Errorf("%s without TLS: %v", address, err)
		}
	}
}
