package translation

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// found returns the findings of a field.
func found(all []fidelity.Finding, field string) []fidelity.Finding {
	var of []fidelity.Finding
	for _, f := range all {
		if f.Field == field {
			of = append(of, f)
		}
	}
	return of
}

func TestAddresses_OfAnApplicationAreKeptNotedOrNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*kinds.Application)
		field  string
		kind   fidelity.Type // empty when nothing is to be said
		says   string
	}{
		"without TLS": {func(a *kinds.Application) { a.RedirectURIs = []string{"http://x.example/cb"} },
			"redirect_uris", fidelity.Approximation, "http://x.example/cb"},
		"on the own machine": {func(a *kinds.Application) { a.RedirectURIs = []string{"http://localhost/cb"} },
			"redirect_uris", "", ""},
		"after a sign-out": {func(a *kinds.Application) { a.PostLogoutRedirectURIs = []string{"http://x.example/bye"} },
			"post_logout_redirect_uris", fidelity.Approximation, "http://x.example/bye"},
		"told of a sign-out": {func(a *kinds.Application) { a.BackchannelLogoutURL = "http://x.example/out" },
			"backchannel_logout_url", fidelity.Approximation, "http://x.example/out"},
		"told nowhere": {func(a *kinds.Application) { a.FrontchannelLogoutURL = "nowhere" },
			"frontchannel_logout_url", fidelity.Lost, "nowhere is no address of a server"},
		"an unreadable page": {func(a *kinds.Application) { a.LogoURI = "https://x.example/a b" },
			"logo_uri", fidelity.Lost, "https://x.example/a b cannot be read"},
		"a page with a password": {func(a *kinds.Application) { a.HomeURL = "https://u:p@x.example" },
			"home_url", fidelity.Lost, "holds a name or password"},
		"a page in clear": {func(a *kinds.Application) { a.HomeURL = "http://intranet/x" }, "home_url", "", ""},
		"a star": {func(a *kinds.Application) { a.RedirectURIs = []string{"https://x.example/*"} },
			"redirect_uris", fidelity.Invalid, "https://x.example/* ends with *"},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, identity.KindApplication, oidc(c.change)))
			said := found(translation.Findings, c.field)
			switch {
			case c.kind == "" && len(said) > 0, c.kind != "" && len(said) != 1:
				t.Fatalf("said is %+v", said)
			case c.kind != "" && (said[0].Type != c.kind || !strings.Contains(said[0].Summary, c.says)):
				t.Errorf("said is %+v", said[0])
			}
			if lives := len(translation.Resources) > 0; lives == (c.kind == fidelity.Invalid) {
				t.Errorf("made is %v", typesOf(translation.Resources))
			}
		})
	}
}

func TestAddresses_OfAnUpstreamAreRefusedUnlessSignInDoesWithoutThem(t *testing.T) {
	provider := kinds.IdentityProvider{Name: "up", Status: "active", Protocol: "oidc", Issuer: "https://up.example",
		JWKSURL: "https://up.example/keys", AuthorizationURL: "https://up.example/auth",
		TokenURL: "https://up.example/token", ClientID: "c", MappingsKnown: true, UserInfoURL: "http://up.example/me"}
	translation := Translate(made(t, identity.KindIdentityProvider, provider))
	if said := found(translation.Findings, "userinfo_url"); len(said) != 1 || said[0].Type != fidelity.Lost ||
		len(translation.Resources) == 0 {
		t.Errorf("said is %+v, made %v", said, typesOf(translation.Resources))
	}
	provider.TokenURL = "http://up.example/token"
	translation = Translate(made(t, identity.KindIdentityProvider, provider))
	if said := found(translation.Findings, "token_url"); len(said) != 1 || said[0].Type != fidelity.Invalid ||
		!strings.Contains(said[0].Summary, provider.TokenURL) || len(translation.Resources) > 0 {
		t.Errorf("said is %+v, made %v", said, typesOf(translation.Resources))
	}
}

// What machines sign in to is opened at once: nobody has to be moved for it.
func TestMachines_NeedNoPeople(t *testing.T) {
	machine := func(a *kinds.Application) {
		a.GrantTypes, a.RedirectURIs, a.Access, a.AssignedUsers = []string{"client_credentials"}, nil,
			identity.AccessAssigned, 1
	}
	translation := Translate(made(t, identity.KindApplication, oidc(machine)))
	if types := strings.Join(typesOf(translation.Resources), " "); !strings.Contains(types, "client_enablement") {
		t.Errorf("made is %s", types)
	}
	if said := append(found(translation.Findings, "assigned_users"), found(translation.Findings, "access")...); len(said) > 0 {
		t.Errorf("said is %+v", said)
	}
}
