package translation

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

func TestEverythingFitsItsColumn(t *testing.T) {
	long := strings.Repeat("x", 256)
	app := func(change func(*kinds.Application)) identity.Item {
		return made(t, identity.KindApplication, oidc(change))
	}
	for name, test := range map[string]struct {
		item  identity.Item
		kind  fidelity.Type
		field string
		lives bool
	}{
		"a group's description": {made(t, identity.KindGroup, kinds.Group{Name: "g", Description: strings.Repeat("長",
			900)}), fidelity.Lost, "description", true},
		"a group's name": {made(t, identity.KindGroup, kinds.Group{Name: long}), fidelity.Invalid, "name",
			false},
		"a group's attribute": {made(t, identity.KindGroup, kinds.Group{Name: "g",
			Attributes: map[string][]string{"dn": {long}, "mail": {"a"}}}), fidelity.Lost, "attributes.dn", true},
		"an attribute's name": {made(t, identity.KindGroup, kinds.Group{Name: "g",
			Attributes: map[string][]string{long: {"a"}}}), fidelity.Lost, "attributes." + long, true},
		"an application's description": {app(func(a *kinds.Application) { a.Description = long }), fidelity.Lost,
			"description", true},
		"an application's name": {app(func(a *kinds.Application) { a.Name = long }), fidelity.Invalid,
			"name", false},
		"a client id": {app(func(a *kinds.Application) { a.ClientID = long }), fidelity.Invalid,
			"client_id", false},
		"a redirect URI": {app(func(a *kinds.Application) { a.RedirectURIs = []string{"https://a.test/" + long} }),
			fidelity.Invalid, "redirect_uris", false},
		"a start page": {app(func(a *kinds.Application) { a.HomeURL = "https://a.test/" + long }), fidelity.Lost,
			"home_url", true},
		"a place of assertions": {app(func(a *kinds.Application) {
			a.Protocol, a.EntityID, a.RedirectURIs, a.ACSURL = "saml", "urn:x", nil, "https://a.test/"+long
		}), fidelity.Invalid, "acs_url", false},
		"a provider's name": {made(t, identity.KindIdentityProvider, kinds.IdentityProvider{
			Name: long, Status: "active", Protocol: "social", Type: "GOOGLE", ClientID: "c"}), fidelity.Invalid, "name",
			false},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(test.item)
			if !has(translation.Findings, test.kind, test.field) || (len(translation.Resources) > 0) != test.lives {
				t.Errorf("resources %v, findings %+v", typesOf(translation.Resources), translation.Findings)
			}
			if again := realm.WithinLimits(translation); len(again.Findings) != len(translation.Findings) {
				t.Errorf("what is made does not fit: %+v", again.Findings)
			}
		})
	}
}
