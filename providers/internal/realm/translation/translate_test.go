package translation

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
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

func kinds(resources []identity.Resource) []string {
	var out []string
	for _, r := range resources {
		out = append(out, r.Type)
	}
	return out
}

func has(findings []identity.Finding, kind identity.FindingType, field string) bool {
	return slices.ContainsFunc(findings, func(f identity.Finding) bool { return f.Type == kind && f.Field == field })
}

func oidc(change func(*identity.Application)) identity.Application {
	app := identity.Application{Name: "Wiki", Status: "active", Protocol: "oidc", Access: "assigned", AssignedGroups: 1,
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
	if got := kinds(translation.Resources); !slices.Equal(got, want) {
		t.Fatalf("resources are %v: %+v", got, translation.Findings)
	}
	client := translation.Resources[0].Attributes
	if _, isSecret := identity.AsSecretReference(client["secret"]); !isSecret || client["public"] != false ||
		client["direct_access_grants"] != false {
		t.Errorf("client is %v", client)
	}
	if !has(translation.Findings, identity.FindingApproximation, "issuer") {
		t.Error("nothing says that the issuer changes")
	}
}

func TestTokensOfAnApplicationAreForItAloneAndEveryDoorWithoutAFlowIsShut(t *testing.T) {
	saml := oidc(func(a *identity.Application) {
		a.Protocol, a.EntityID, a.ACSURL, a.SignAssertion = "saml", "urn:wiki", "https://wiki.example/acs", true
	})
	for name, app := range map[string]identity.Application{"OIDC": oidc(nil), "SAML": saml,
		"service": oidc(func(a *identity.Application) { a.GrantTypes = append(a.GrantTypes, "client_credentials") })} {
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
			if !said || slices.Contains(realm.Texts(scopes), "roles") || slices.Contains(realm.Texts(scopes), "role_list") {
				t.Errorf("default scopes are %v", o["defaultClientScopes"])
			}
			if name == "service" != slices.Contains(realm.Texts(scopes), "service_account") {
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
			own := slices.ContainsFunc(realm.Objects(o["protocolMappers"]), func(mapper realm.Object) bool {
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
	for name, change := range map[string]func(*identity.Application){
		"people assigned directly": func(a *identity.Application) { a.AssignedUsers = 3 },
		"inactive":                 func(a *identity.Application) { a.Status = "inactive" },
	} {
		t.Run(name, func(t *testing.T) {
			if got := kinds(Translate(made(t, identity.KindApplication, oidc(change))).Resources); slices.Contains(got,
				realm.TypeEnablement) || !slices.Contains(got, realm.TypeGate) {
				t.Errorf("resources are %v", got)
			}
		})
	}
	open := Translate(made(t, identity.KindApplication,
		oidc(func(a *identity.Application) { a.Access = identity.AccessEveryone })))
	if got := kinds(open.Resources); slices.Contains(got, realm.TypeGate) || !slices.Contains(got, realm.TypeEnablement) {
		t.Errorf("an application for everybody has %v", got)
	}
}

func TestWhatCannotWorkIsNotCreated(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*identity.Application)
		kind   identity.FindingType
		field  string
	}{
		"a wildcard host": {func(a *identity.Application) { a.RedirectURIs = []string{"https://*.x.example/cb"} },
			identity.FindingRebuild, "redirect_uris"},
		"a trailing star": {func(a *identity.Application) { a.RedirectURIs = []string{"https://x.example/*"} },
			identity.FindingInvalid, "redirect_uris"},
		"a lone star": {func(a *identity.Application) { a.RedirectURIs = []string{"*"} },
			identity.FindingInvalid, "redirect_uris"},
		"a fragment": {func(a *identity.Application) { a.RedirectURIs = []string{"https://x.example/#a"} },
			identity.FindingInvalid, "redirect_uris"},
		"no TLS": {func(a *identity.Application) { a.RedirectURIs = []string{"http://x.example/cb"} },
			identity.FindingInvalid, "redirect_uris"},
		"a script": {func(a *identity.Application) { a.RedirectURIs = []string{"javascript:alert(1)"} },
			identity.FindingInvalid, "redirect_uris"},
		"a reserved client id": {func(a *identity.Application) { a.ClientID = "broker" }, identity.FindingInvalid,
			"client_id"},
		"no client id": {func(a *identity.Application) { a.ClientID = "" }, identity.FindingMissing, "client_id"},
		"keys that are not known": {func(a *identity.Application) { a.ClientAuthentication = "private_key_jwt" },
			identity.FindingMissing, "jwks"},
		"an undecided client": {func(a *identity.Application) { a.ClientAuthentication = "" }, identity.FindingRebuild,
			"client_authentication"},
		"only the password grant": {func(a *identity.Application) { a.GrantTypes = []string{"password"} },
			identity.FindingRebuild, "grant_types"},
		"a network limit": {func(a *identity.Application) { a.NetworkLimit = true }, identity.FindingRebuild,
			"network_limit"},
		"a password vault": {func(a *identity.Application) { a.Protocol, a.Mode = "other", "AUTO_LOGIN" },
			identity.FindingRebuild, "mode"},
		"SAML without a place": {func(a *identity.Application) {
			a.Protocol, a.EntityID, a.RedirectURIs = "saml", "urn:x",
				nil
		}, identity.FindingMissing, "acs_url"},
		"encryption without a key": {func(a *identity.Application) {
			a.Protocol, a.EntityID, a.EncryptAssertion = "saml",
				"urn:x", true
		}, identity.FindingMissing, "encryption_certificate"},
		"a NameID expression": {func(a *identity.Application) {
			a.Protocol, a.EntityID, a.NameIDSource = "saml", "urn:x", "String.toUpper(user.login)"
		}, identity.FindingRebuild, "name_id_source"},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, identity.KindApplication, oidc(test.change)))
			if len(translation.Resources) > 0 || !has(translation.Findings, test.kind, test.field) {
				t.Errorf("resources %v, findings %+v", kinds(translation.Resources), translation.Findings)
			}
		})
	}
}

func TestOtherKindsAreAnswered(t *testing.T) {
	for name, test := range map[string]struct {
		kind       identity.Kind
		attributes any
		want       identity.FindingType
	}{
		"a person":     {identity.KindUser, identity.User{}, identity.FindingInvisible},
		"a membership": {identity.KindMembership, identity.Membership{}, identity.FindingInvisible},
		"everyone": {identity.KindGroup, identity.Group{Name: "Everyone", Everyone: true},
			identity.FindingInvisible},
		"a slash in a group": {identity.KindGroup, identity.Group{Name: "a/b"}, identity.FindingInvalid},
		"a person's assignment": {identity.KindAppAssignment, identity.AppAssignment{Direct: true, PrincipalKind: "user"},
			identity.FindingBlocked},
		"an indirect one": {identity.KindAppAssignment, identity.AppAssignment{PrincipalKind: "user"},
			identity.FindingInvisible},
		"a sign-on policy": {identity.KindAuthPolicy, identity.AuthPolicy{Status: "active"}, identity.FindingRebuild},
		"a policy not in force": {identity.KindAuthPolicy, identity.AuthPolicy{Status: "report_only"},
			identity.FindingInvisible},
		"a session policy": {identity.KindSessionPolicy, identity.SessionPolicy{Status: "active"},
			identity.FindingRebuild},
		"a foreign principal": {identity.KindServicePrincipal, identity.ServicePrincipal{Status: "active"},
			identity.FindingRebuild},
		"a joined principal": {identity.KindServicePrincipal, identity.ServicePrincipal{OwnTenant: true,
			JoinedApplication: "a"}, identity.FindingInvisible},
		"a WS-Fed provider": {identity.KindIdentityProvider, identity.IdentityProvider{Status: "active",
			Protocol: "wsfed"}, identity.FindingRebuild},
		"SAML without proof": {identity.KindIdentityProvider, identity.IdentityProvider{Status: "active",
			Protocol: "saml"}, identity.FindingMissing},
		"a garbage certificate": {identity.KindIdentityProvider, identity.IdentityProvider{Status: "active", Protocol: "saml",
			SigningCertificates: []string{"xxxx"}}, identity.FindingInvalid},
		"a rule with a zone": {identity.KindRoutingRule, identity.RoutingRule{Status: "active",
			Conditions: []string{"zone"}}, identity.FindingRebuild},
		"the system rule": {identity.KindRoutingRule, identity.RoutingRule{Status: "active", System: true},
			identity.FindingInvisible},
		"a kind of tomorrow": {identity.Kind("tomorrow"), map[string]any{}, identity.FindingInvisible},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, test.kind, test.attributes))
			if len(translation.Resources) > 0 || !slices.ContainsFunc(translation.Findings,
				func(f identity.Finding) bool { return f.Type == test.want }) {
				t.Errorf("resources %v, findings %+v", kinds(translation.Resources), translation.Findings)
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
		"a group inside another one": {identity.KindGroup, identity.Group{Name: "Research",
			ParentGroups: []string{"g1"}}, "parent_groups", true},
		"a group by itself": {identity.KindGroup, identity.Group{Name: "Research"},
			"parent_groups", false},
		"a user name that a social provider does not give": {identity.KindIdentityProvider, social("GITHUB", "idpuser.email"),
			"username_template", true},
		"the user name that it gives": {identity.KindIdentityProvider, social("GOOGLE", "idpuser.email"),
			"username_template", false},
		"a profile field beyond name and address": {identity.KindIdentityProvider,
			social("GOOGLE", "idpuser.email", identity.AttributeMapping{From: "appuser.hd", To: "department"}),
			"mappings.department", true},
		"name and address": {identity.KindIdentityProvider, social("GOOGLE", "idpuser.email",
			identity.AttributeMapping{From: "appuser.email", To: "email"}), "mappings.email", false},
	} {
		t.Run(name, func(t *testing.T) {
			translation := Translate(made(t, test.kind, test.attributes, "client_secret"))
			noted := has(translation.Findings, identity.FindingApproximation, test.field) || has(translation.Findings,
				identity.FindingLost, test.field)
			if len(translation.Resources) == 0 || noted != test.noted {
				t.Errorf("resources %v, findings %+v", kinds(translation.Resources), translation.Findings)
			}
		})
	}
}

func social(kind, username string, mappings ...identity.AttributeMapping) identity.IdentityProvider {
	return identity.IdentityProvider{Name: "s", Status: "active", Protocol: "social", Type: kind, ClientID: "c",
		AccountLink: "auto", MatchType: "EMAIL", UsernameTemplate: username, MappingsKnown: true, Mappings: mappings}
}
