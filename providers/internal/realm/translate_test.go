package realm

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
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
	want := []string{TypeClient, TypeClientRole, TypeGateFlows, TypeGate, TypeEnablement}
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

func TestAnApplicationStaysShutUntilItMayOpen(t *testing.T) {
	for name, change := range map[string]func(*identity.Application){
		"people assigned directly": func(a *identity.Application) { a.AssignedUsers = 3 },
		"inactive":                 func(a *identity.Application) { a.Status = "inactive" },
	} {
		t.Run(name, func(t *testing.T) {
			if got := kinds(Translate(made(t, identity.KindApplication, oidc(change))).Resources); slices.Contains(got,
				TypeEnablement) || !slices.Contains(got, TypeGate) {
				t.Errorf("resources are %v", got)
			}
		})
	}
	open := Translate(made(t, identity.KindApplication, oidc(func(a *identity.Application) { a.Access = identity.AccessEveryone })))
	if got := kinds(open.Resources); slices.Contains(got, TypeGate) || !slices.Contains(got, TypeEnablement) {
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

func TestResourcesSurviveTheWayThroughTheirRepresentation(t *testing.T) {
	provider := identity.Attributes{"alias": "p", "protocol": "saml", "enabled": true, "sso_binding": "post",
		"entity_id": "urn:p", "clock_skew": float64(30),
		"signing_certificates": List([]string{"b", "a"}), "validate_signature": true, "mappers": []any{mapper("email",
			"saml-user-attribute-idp-mapper", map[string]any{"x": "y"})}}
	mappers, _ := WriteMappers(provider)
	client := Translate(made(t, identity.KindApplication, oidc(nil))).Resources[0].Attributes
	group := identity.Attributes{"path": "/a~1b", "name": "a/b", "description": "d",
		"attributes": map[string]any{"k": List([]string{"v"})}}
	role := identity.Attributes{"client": "c", "role": "access", "description": "d"}
	organization := identity.Attributes{"alias": "o", "name": "O", "domains": List([]string{"b.example", "a.example"}),
		"identity_provider": "p", "redirect": true}
	linked := WriteProvider(nil, provider, "", nil)
	LinkProvider(linked)
	for kind, test := range map[string]struct {
		wanted identity.Attributes
		live   identity.Resource
	}{
		TypeProvider:     {provider, ReadProvider(WriteProvider(nil, provider, "tag", nil), mappers)},
		TypeClient:       {client, ReadClient(WriteClient(nil, client, "tag", nil))},
		TypeGroup:        {group, ReadGroup(WriteGroup(nil, group, "tag"), "/a~1b")},
		TypeClientRole:   {role, ReadClientRole("c", WriteClientRole(nil, role))},
		TypeOrganization: {organization, ReadOrganization(WriteOrganization(nil, organization, "tag"), []Object{linked})},
	} {
		if names := Differences(kind, test.wanted, test.live.Attributes); len(names) > 0 {
			t.Errorf("%s differs in %v: %v", kind, names, test.live.Attributes)
		}
		if kind != TypeClientRole && test.live.Tag != "tag" {
			t.Errorf("%s lost its tag", kind)
		}
	}
}

func TestCheckFindsWaysAroundTheGate(t *testing.T) {
	gate := identity.Resource{Type: TypeGate, Key: "c", Attributes: identity.Attributes{"client": "c"}}
	client := identity.Resource{Type: TypeClient, Key: "c", Attributes: identity.Attributes{"client_id": "c"}}
	organization := func(key, domain, provider string) identity.Resource {
		return identity.Resource{Type: TypeOrganization, Key: key, Attributes: identity.Attributes{"alias": key,
			"domains": List([]string{domain}), "identity_provider": provider}}
	}
	provider := identity.Resource{Type: TypeProvider, Key: "p", Attributes: identity.Attributes{"alias": "p",
		"enabled": true}}
	realm := func(name string, value any) identity.Resource {
		return identity.Resource{Type: TypeRealm, Key: "r", Attributes: identity.Attributes{"realm": "r", name: value}}
	}
	for name, test := range map[string]struct {
		desired, live []identity.Resource
		field         string
	}{
		"a live provider without our flow": {[]identity.Resource{gate, client}, []identity.Resource{provider},
			"identity_provider"},
		"forgotten password": {[]identity.Resource{gate, client},
			[]identity.Resource{realm("reset_password_allowed", true)}, "reset_password_allowed"},
		"self-registration": {[]identity.Resource{gate, client},
			[]identity.Resource{realm("registration_allowed", true)}, "registration_allowed"},
		"a flow of the operator": {[]identity.Resource{gate, client}, []identity.Resource{realm("browser_flow",
			"theirs")}, "browser_flow"},
		"organizations off": {[]identity.Resource{organization("o", "a.example", "p"), provider},
			[]identity.Resource{realm("organizations_enabled", false)}, "organizations_enabled"},
		"a domain of two": {[]identity.Resource{organization("o", "a.example", "p"), provider},
			[]identity.Resource{organization("q", "A.example", "z")}, "domains"},
		"a client that is nowhere": {[]identity.Resource{gate}, nil, "client"},
		"an alias of two":          {[]identity.Resource{provider, provider}, nil, "alias"},
	} {
		t.Run(name, func(t *testing.T) {
			found := Check(test.desired, test.live)
			if !slices.ContainsFunc(found, func(f identity.CheckFinding) bool {
				return f.Finding.Field == test.field && f.Finding.Type == identity.FindingBlocked
			}) {
				t.Errorf("found %+v", found)
			}
		})
	}
	if found := Check([]identity.Resource{gate, client}, []identity.Resource{realm("reset_password_allowed",
		false)}); len(found) > 0 {
		t.Errorf("a sound plan has %+v", found)
	}
}
