package translation

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

func TestEverythingFitsItsColumn(t *testing.T) {
	long := strings.Repeat("x", 256)
	app := func(change func(*identity.Application)) identity.Item {
		return made(t, identity.KindApplication, oidc(change))
	}
	for name, test := range map[string]struct {
		item  identity.Item
		kind  identity.FindingType
		field string
		lives bool
	}{
		"a group's description": {made(t, identity.KindGroup, identity.Group{Name: "g", Description: strings.Repeat("長",
			900)}), identity.FindingLost, "description", true},
		"a group's name": {made(t, identity.KindGroup, identity.Group{Name: long}), identity.FindingInvalid, "name",
			false},
		"a group's attribute": {made(t, identity.KindGroup, identity.Group{Name: "g",
			Attributes: map[string][]string{"dn": {long}, "mail": {"a"}}}), identity.FindingLost, "attributes.dn", true},
		"an attribute's name": {made(t, identity.KindGroup, identity.Group{Name: "g",
			Attributes: map[string][]string{long: {"a"}}}), identity.FindingLost, "attributes." + long, true},
		"an application's description": {app(func(a *identity.Application) { a.Description = long }), identity.FindingLost,
			"description", true},
		"an application's name": {app(func(a *identity.Application) { a.Name = long }), identity.FindingInvalid,
			"name", false},
		"a client id": {app(func(a *identity.Application) { a.ClientID = long }), identity.FindingInvalid,
			"client_id", false},
		"a redirect URI": {app(func(a *identity.Application) { a.RedirectURIs = []string{"https://a.test/" + long} }),
			identity.FindingInvalid, "redirect_uris", false},
		"a start page": {app(func(a *identity.Application) { a.HomeURL = "https://a.test/" + long }), identity.FindingLost,
			"home_url", true},
		"a place of assertions": {app(func(a *identity.Application) {
			a.Protocol, a.EntityID, a.RedirectURIs, a.ACSURL = "saml", "urn:x", nil, "https://a.test/"+long
		}), identity.FindingInvalid, "acs_url", false},
		"a provider's name": {made(t, identity.KindIdentityProvider, identity.IdentityProvider{
			Name: long, Status: "active", Protocol: "social", Type: "GOOGLE", ClientID: "c"}), identity.FindingInvalid, "name",
			false},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(test.item)
			if !has(translation.Findings, test.kind, test.field) || (len(translation.Resources) > 0) != test.lives {
				t.Errorf("resources %v, findings %+v", kinds(translation.Resources), translation.Findings)
			}
			if again := realm.WithinLimits(translation); len(again.Findings) != len(translation.Findings) {
				t.Errorf("what is made does not fit: %+v", again.Findings)
			}
		})
	}
}
