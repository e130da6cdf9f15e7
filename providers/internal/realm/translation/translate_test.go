package translation

import (
	"reflect"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func made(t *testing.T, kind identity.Kind, attributes any, secrets ...string) identity.Item {
	t.Helper()
	item, err := identity.NewItem(kind, "id1", "name", attributes)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range secrets {
		item.Secrets = append(item.Secrets, identity.SecretField{Field: field})
	}
	return item
}

func typesOf(resources []identity.Resource) []string {
	var out []string
	for _, r := range resources {
		out = append(out, r.Type)
	}
	return out
}

func has(findings []fidelity.Finding, kind fidelity.Type, field string) bool {
	return slices.ContainsFunc(findings, func(f fidelity.Finding) bool { return f.Type == kind && f.Field == field })
}

func oidc(change func(*kinds.Application)) kinds.Application {
	app := kinds.Application{Name: "Wiki", Status: "active", Protocol: "oidc", Access: "assigned", AssignedGroups: 1,
		ClientID: "wiki", ClientAuthentication: "client_secret_basic", RedirectURIs: []string{"https://wiki.example/cb"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, ClaimsKnown: true}
	if change != nil {
		change(&app)
	}
	return app
}

func TestAnApplicationBecomesAClientBehindAGate(t *testing.T) {
	translation := Translate(made(t, identity.KindApplication, oidc(nil), "client_secret"))
	want := []string{realm.TypeClient, realm.TypeClientRole, realm.TypeGateFlows, realm.TypeGate, realm.TypeEnablement}
	if got := typesOf(translation.Resources); !slices.Equal(got, want) {
		t.Fatalf("resources are %v: %+v", got, translation.Findings)
	}
	client := translation.Resources[0].Attributes
	if _, isSecret := identity.AsSecretReference(client["secret"]); !isSecret || client["public"] != false ||
		client["direct_access_grants"] != false {
		t.Errorf("client is %v", client)
	}
	if !has(translation.Findings, fidelity.Approximation, "issuer") {
		t.Error("nothing says that the issuer changes")
	}
}

func TestTokensOfAnApplicationAreForItAloneAndEveryDoorWithoutAFlowIsShut(t *testing.T) {
	saml := oidc(func(a *kinds.Application) {
		a.Protocol, a.EntityID, a.ACSURL, a.SignAssertion = "saml", "urn:wiki", "https://wiki.example/acs", true
	})
	for name, app := range map[string]kinds.Application{"OIDC": oidc(nil), "SAML": saml,
		"service": oidc(func(a *kinds.Application) { a.GrantTypes = append(a.GrantTypes, "client_credentials") })} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, identity.KindApplication, app, "client_secret"))
			if len(translation.Resources) == 0 {
				t.Fatalf("nothing is made: %+v", translation.Findings)
			}
			o := realm.WriteClient(nil, translation.Resources[0].Attributes, "", nil)
			attributes, _ := o["attributes"].(map[string]any)
			if o["fullScopeAllowed"] != false || o["authorizationServicesEnabled"] != false {
				t.Errorf("full scope is %v, authorization services are %v", o["fullScopeAllowed"],
					o["authorizationServicesEnabled"])
			}
			scopes, said := o["defaultClientScopes"].([]any)
			if !said || slices.Contains(object.Texts(scopes), "roles") || slices.Contains(object.Texts(scopes), "role_list") {
				t.Errorf("default scopes are %v", o["defaultClientScopes"])
			}
			if name == "service" != slices.Contains(object.Texts(scopes), "service_account") {
				t.Errorf("default scopes are %v", scopes)
			}
			shut := []string{"oidc.ciba.grant.enabled", "standard.token.exchange.enabled",
				"oauth2.jwt.authorization.grant.enabled"}
			if name == "SAML" {
				shut = []string{"saml.allow.ecp.flow"}
			}
			for _, door := range shut {
				if attributes[door] != "false" {
					t.Errorf("%s is %v", door, attributes[door])
				}
			}
			own := slices.ContainsFunc(object.Objects(o["protocolMappers"]), func(mapper object.Object) bool {
				config, _ := mapper["config"].(map[string]any)
				return config["included.client.audience"] == "wiki"
			})
			if own == (name == "SAML") {
				t.Errorf("the mappers are %v", o["protocolMappers"])
			}
		})
	}
}

func TestAnApplicationStaysShutUntilItMayOpen(t *testing.T) {
	for name, change := range map[string]func(*kinds.Application){
		"people assigned directly": func(a *kinds.Application) { a.AssignedUsers = 3 },
		"inactive":                 func(a *kinds.Application) { a.Status = "inactive" },
	} {
		t.Run(name, func(t *testing.T) {
			if got := typesOf(Translate(made(t, identity.KindApplication, oidc(change))).Resources); slices.Contains(got,
				realm.TypeEnablement) || !slices.Contains(got, realm.TypeGate) {
				t.Errorf("resources are %v", got)
			}
		})
	}
	open := Translate(made(t, identity.KindApplication,
		oidc(func(a *kinds.Application) { a.Access = identity.AccessEveryone })))
	if got := typesOf(open.Resources); !slices.Contains(got, realm.TypeGate) ||
		!slices.Contains(got, realm.TypeEnablement) {
		t.Errorf("an application for everybody has %v", got)
	}
}

// What is for everybody of the source lets in the group of them, and neither the realm's own people nor those of
// another source; whether the source says so of the application or assigns its own group of everybody.
func TestEverybodyIsAGroupOfTheSource(t *testing.T) {
	app := made(t, identity.KindApplication, oidc(func(a *kinds.Application) { a.Access = identity.AccessEveryone }))
	group := made(t, identity.KindGroup, kinds.Group{Name: "Everyone", Type: "BUILT_IN", Origin: "builtin",
		Everyone: true})
	app.Source, group.Source = "okta.main", "okta.main"
	want := identity.ResourceID{Type: realm.TypeGroup, Key: "/everyone-okta.main"}
	of := func(item identity.Item) map[string]identity.Resource {
		all := map[string]identity.Resource{}
		for _, r := range Translate(item).Resources {
			all[r.Type] = r
		}
		return all
	}
	open := of(app)
	if open[realm.TypeGroup].ID() != want || open[realm.TypeRoleAssignment].Attributes["group"] != want.Key ||
		!slices.Contains(open[realm.TypeEnablement].DependsOn,
			identity.OnItem(identity.KindApplication, app.ID, realm.TypeRoleAssignment)) {
		t.Errorf("the application becomes %+v", open)
	}
	if got := of(group)[realm.TypeGroup]; !reflect.DeepEqual(got, open[realm.TypeGroup]) {
		t.Errorf("the group of everybody is %+v, that of the application %+v", got, open[realm.TypeGroup])
	}
	app.Source = "entra.corp"
	if got := of(app)[realm.TypeGroup].ID(); got == want {
		t.Errorf("two sources share %s", got)
	}
	machine := made(t, identity.KindApplication, oidc(func(a *kinds.Application) {
		a.Access, a.GrantTypes, a.RedirectURIs = identity.AccessEveryone, []string{"client_credentials"}, nil
	}))
	if got := typesOf(Translate(machine).Resources); slices.Contains(got, realm.TypeGate) {
		t.Errorf("a client without people has %v", got)
	}
}

func TestWhatCannotWorkIsNotCreated(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*kinds.Application)
		kind   fidelity.Type
		field  string
	}{
		"a wildcard host": {func(a *kinds.Application) { a.RedirectURIs = []string{"https://*.x.example/cb"} },
			fidelity.Rebuild, "redirect_uris"},
		"a trailing star": {func(a *kinds.Application) { a.RedirectURIs = []string{"https://x.example/*"} },
			fidelity.Invalid, "redirect_uris"},
		"a lone star": {func(a *kinds.Application) { a.RedirectURIs = []string{"*"} },
			fidelity.Invalid, "redirect_uris"},
		"a fragment": {func(a *kinds.Application) { a.RedirectURIs = []string{"https://x.example/#a"} },
			fidelity.Invalid, "redirect_uris"},
		"a star in the path": {func(a *kinds.Application) { a.RedirectURIs = []string{"https://x.example/*/cb"} },
			fidelity.Rebuild, "redirect_uris"},
		"a script": {func(a *kinds.Application) { a.RedirectURIs = []string{"javascript:alert(1)"} },
			fidelity.Invalid, "redirect_uris"},
		"a reserved client id": {func(a *kinds.Application) { a.ClientID = "broker" }, fidelity.Invalid,
			"client_id"},
		"no client id": {func(a *kinds.Application) { a.ClientID = "" }, fidelity.Missing, "client_id"},
		"keys that are not known": {func(a *kinds.Application) { a.ClientAuthentication = "private_key_jwt" },
			fidelity.Missing, "jwks"},
		"an undecided client": {func(a *kinds.Application) { a.ClientAuthentication = "" }, fidelity.Rebuild,
			"client_authentication"},
		"only the password grant": {func(a *kinds.Application) { a.GrantTypes = []string{"password"} },
			fidelity.Rebuild, "grant_types"},
		"a network limit": {func(a *kinds.Application) { a.NetworkLimit = true }, fidelity.Rebuild,
			"network_limit"},
		"a password vault": {func(a *kinds.Application) { a.Protocol, a.Mode = "other", "AUTO_LOGIN" },
			fidelity.Rebuild, "mode"},
		"SAML without a place": {func(a *kinds.Application) {
			a.Protocol, a.EntityID, a.RedirectURIs = "saml", "urn:x",
				nil
		}, fidelity.Missing, "acs_url"},
		"encryption without a key": {func(a *kinds.Application) {
			a.Protocol, a.EntityID, a.EncryptAssertion = "saml",
				"urn:x", true
		}, fidelity.Missing, "encryption_certificate"},
		"a NameID expression": {func(a *kinds.Application) {
			a.Protocol, a.EntityID, a.NameIDSource = "saml", "urn:x", "String.toUpper(user.login)"
		}, fidelity.Rebuild, "name_id_source"},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, identity.KindApplication, oidc(test.change)))
			if len(translation.Resources) > 0 || !has(translation.Findings, test.kind, test.field) {
				t.Errorf("resources %v, findings %+v", typesOf(translation.Resources), translation.Findings)
			}
		})
	}
}

func TestOtherKindsAreAnswered(t *testing.T) {
	for name, test := range map[string]struct {
		kind       identity.Kind
		attributes any
		want       fidelity.Type
	}{
		"a person":           {identity.KindUser, kinds.User{}, fidelity.Invisible},
		"a membership":       {identity.KindMembership, kinds.Membership{}, fidelity.Invisible},
		"a slash in a group": {identity.KindGroup, kinds.Group{Name: "a/b"}, fidelity.Invalid},
		"a person's assignment": {identity.KindAppAssignment, kinds.AppAssignment{Direct: true, PrincipalKind: "user"},
			fidelity.Blocked},
		"an indirect one": {identity.KindAppAssignment, kinds.AppAssignment{PrincipalKind: "user"},
			fidelity.Invisible},
		"a sign-on policy": {identity.KindAuthPolicy, kinds.AuthPolicy{Status: "active"}, fidelity.Rebuild},
		"a policy not in force": {identity.KindAuthPolicy, kinds.AuthPolicy{Status: "report_only"},
			fidelity.Invisible},
		"a policy for the vendor's own products": {identity.KindAuthPolicy, kinds.AuthPolicy{Status: "active",
			OwnOnly: true, Restricts: true, Known: true}, fidelity.Invisible},
		"a session policy": {identity.KindSessionPolicy, kinds.SessionPolicy{Status: "active"},
			fidelity.Rebuild},
		"a foreign principal": {identity.KindServicePrincipal, kinds.ServicePrincipal{Status: "active"},
			fidelity.Rebuild},
		"a joined principal": {identity.KindServicePrincipal, kinds.ServicePrincipal{OwnTenant: true,
			JoinedApplication: "a"}, fidelity.Invisible},
		"a WS-Fed provider": {identity.KindIdentityProvider, kinds.IdentityProvider{Status: "active",
			Protocol: "wsfed"}, fidelity.Rebuild},
		"SAML without proof": {identity.KindIdentityProvider, kinds.IdentityProvider{Status: "active",
			Protocol: "saml"}, fidelity.Missing},
		"a garbage certificate": {identity.KindIdentityProvider, kinds.IdentityProvider{Status: "active", Protocol: "saml",
			SigningCertificates: []string{"xxxx"}}, fidelity.Invalid},
		"a rule with a zone": {identity.KindRoutingRule, kinds.RoutingRule{Status: "active",
			Conditions: []string{"zone"}}, fidelity.Rebuild},
		"the system rule": {identity.KindRoutingRule, kinds.RoutingRule{Status: "active", System: true},
			fidelity.Invisible},
		"a kind of tomorrow": {identity.Kind("tomorrow"), map[string]any{}, fidelity.Invisible},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, test.kind, test.attributes))
			if len(translation.Resources) > 0 || !slices.ContainsFunc(translation.Findings,
				func(f fidelity.Finding) bool { return f.Type == test.want }) {
				t.Errorf("resources %v, findings %+v", typesOf(translation.Resources), translation.Findings)
			}
		})
	}
}

func TestWhatDoesNotReadBackIsNoted(t *testing.T) {
	for name, test := range map[string]struct {
		kind       identity.Kind
		attributes any
		field      string
		noted      bool
	}{
		"a group inside another one": {identity.KindGroup, kinds.Group{Name: "Research",
			ParentGroups: []string{"g1"}}, "parent_groups", true},
		"a group by itself": {identity.KindGroup, kinds.Group{Name: "Research"},
			"parent_groups", false},
		"a user name that a social provider does not give": {identity.KindIdentityProvider, social("GITHUB", "idpuser.email"),
			"username_template", true},
		"the user name that it gives": {identity.KindIdentityProvider, social("GOOGLE", "idpuser.email"),
			"username_template", false},
		"a profile field beyond name and address": {identity.KindIdentityProvider,
			social("GOOGLE", "idpuser.email", kinds.AttributeMapping{From: "appuser.hd", To: "department"}),
			"mappings.department", true},
		"name and address": {identity.KindIdentityProvider, social("GOOGLE", "idpuser.email",
			kinds.AttributeMapping{From: "appuser.email", To: "email"}), "mappings.email", false},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, test.kind, test.attributes, "client_secret"))
			noted := has(translation.Findings, fidelity.Approximation, test.field) || has(translation.Findings,
				fidelity.Lost, test.field)
			if len(translation.Resources) == 0 || noted != test.noted {
				t.Errorf("resources %v, findings %+v", typesOf(translation.Resources), translation.Findings)
			}
		})
	}
}

func social(kind, username string, mappings ...kinds.AttributeMapping) kinds.IdentityProvider {
	return kinds.IdentityProvider{Name: "s", Status: "active", Protocol: "social", Type: kind, ClientID: "c",
		AccountLink: "auto", MatchType: "EMAIL", UsernameTemplate: username, MappingsKnown: true, Mappings: mappings}
}
