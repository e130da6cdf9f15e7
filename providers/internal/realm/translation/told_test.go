package translation

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// translatedApp gives the client that an application becomes, nil when none, and what is said.
func translatedApp(t *testing.T, app kinds.Application, gaps ...string) (identity.Attributes, []fidelity.Finding) {
	t.Helper()
	item, err := identity.NewItem(identity.KindApplication, "a1", app.Name, app)
	if err != nil {
		t.Fatal(err)
	}
	item.Gaps = gaps
	translation := Translate(item)
	for _, r := range translation.Resources {
		if r.Type == realm.TypeClient {
			return r.Attributes, translation.Findings
		}
	}
	return nil, translation.Findings
}

// said tells whether a finding of the field has the text.
func said(findings []fidelity.Finding, field, text string) bool {
	return slices.ContainsFunc(findings, func(f fidelity.Finding) bool {
		return strings.HasPrefix(f.Field, field) && strings.Contains(f.Summary, text)
	})
}

func samlApp() kinds.Application {
	return kinds.Application{Name: "Wiki", Status: identity.StatusActive, Protocol: "saml",
		Access: identity.AccessAssigned, ClaimsKnown: true,
		EntityID: "https://sp.example", ACSURL: "https://sp.example/acs", NameIDFormat: "unspecified",
		NameIDSource:  "${user.login}",
		SignAssertion: true, SignResponse: true, HonorForceAuthn: true}
}

func extras(client identity.Attributes) map[string]any {
	extra, _ := client["attributes"].(map[string]any)
	return extra
}

func TestAClientIsFoundByTheIssuerOfItsRequests(t *testing.T) {
	app := samlApp()
	app.RequestIssuer = "https://sp.example/other"
	client, findings := translatedApp(t, app)
	if client["client_id"] != "https://sp.example/other" || !said(findings, "request_issuer", "two audiences") {
		t.Fatalf("client %v, findings %v", client["client_id"], findings)
	}
	found := false
	for _, m := range client["protocol_mappers"].([]any) {
		made := m.(map[string]any)
		config, _ := made["config"].(map[string]any)
		found = found || (made["type"] == "saml-audience-mapper" &&
			config["included.custom.audience"] == "https://sp.example")
	}
	if !found {
		t.Error("the audience is no longer named")
	}
}

func TestWhatIsNotToldIsAskedAndNotTakenForFalse(t *testing.T) {
	app := samlApp()
	app.SignResponse, app.SignAssertion = false, false
	client, findings := translatedApp(t, app, "sign_response", "sign_assertion")
	if extras(client)["saml.server.signature"] != "true" || extras(client)["saml.assertion.signature"] != "true" ||
		!said(findings, "sign_assertion", "does not tell") || said(findings, "sign_assertion",
		"which the source does not do") {
		t.Errorf("%v, %v", extras(client), findings)
	}
	app.NameIDFormat = ""
	if client, findings := translatedApp(t, app, "name_id_format"); client != nil || !said(findings, "name_id_format",
		"does not tell") {
		t.Errorf("a NameID is guessed: %v", findings)
	}
	app.NameIDFormat = "emailAddress" // as a map block states it
	if client, findings := translatedApp(t, app, "name_id_format"); client == nil {
		t.Errorf("the answer does not settle it: %v", findings)
	}
	app.NameIDSource = ""
	if client, _ := translatedApp(t, app, "name_id_source"); client != nil {
		t.Error("a person is named by a guess")
	}
}

func TestValuesThatNobodyHasInTheRealmAreNoAttributes(t *testing.T) {
	for _, expression := range []string{"appuser.wikiRoles", "user.id", "${appuser.userName}",
		"given person by person at the source"} {
		app := samlApp()
		app.AttributeStatements = []kinds.AttributeStatement{{Name: "x", Type: "EXPRESSION", Values: []string{expression}}}
		if client, findings := translatedApp(t, app); client != nil {
			t.Errorf("%s becomes an attribute: %v", expression, findings)
		}
		app = samlApp()
		app.NameIDSource = expression
		if client, findings := translatedApp(t, app); client != nil {
			t.Errorf("%s names people: %v", expression, findings)
		}
	}
}

func TestCredentialsThatDoNotMoveAreNamedWithTheirDates(t *testing.T) {
	app := samlApp()
	app.RequestSigned = true
	app.Credentials = []kinds.Credential{{Use: kinds.CredentialRequest, Kind: "certificate", Name: "CN=sp",
		ID: "ab12", Until: "2025-02-03T04:05:06Z", Status: kinds.CredentialExpired}}
	client, findings := translatedApp(t, app)
	if client != nil || !said(findings, "signing_certificate", "CN=sp, expired on 2025-02-03") {
		t.Errorf("%v", findings)
	}
	app.RequestSigned = false
	app.Credentials = []kinds.Credential{
		{Kind: "certificate", ID: "later", From: "2027-01-01T00:00:00Z", Status: kinds.CredentialNotYet},
		{Kind: "key", ID: "off", Status: kinds.CredentialInactive},
		{Kind: "federated", Name: "build", Issuer: "https://tokens.example", Subject: "repo:x",
			Status: kinds.CredentialValid},
		{Kind: "certificate", ID: "good", Status: kinds.CredentialValid, Carried: true}, {Kind: "secret", ID: "s"},
	}
	_, findings = translatedApp(t, app)
	for _, text := range []string{"later, valid from 2027-01-01", "off, switched off",
		"issuer https://tokens.example, subject repo:x"} {
		if !said(findings, "credentials", text) {
			t.Errorf("nothing says %q: %v", text, findings)
		}
	}
	if said(findings, "credentials", "good") || said(findings, "credentials", "secret") {
		t.Errorf("what moves, or is told elsewhere, is left behind: %v", findings)
	}
}

func TestPagesAndSignOutOfAClientAreCarried(t *testing.T) {
	app := kinds.Application{Name: "Wiki", Status: identity.StatusActive, Protocol: "oidc", ClientID: "wiki",
		ClientAuthentication: "client_secret_basic",
		RedirectURIs:         []string{"https://w.example/cb"}, GrantTypes: []string{"authorization_code"}, ClaimsKnown: true,
		LogoURI: "https://w.example/l.png", PolicyURI: "urn:policy", TermsURI: "https://w.example/t",
		BackchannelLogoutURL: "https://w.example/bc", Unknown: []string{"accessibility.errorRedirectUrl",
			"settings.notes.enduser"}}
	client, findings := translatedApp(t, app)
	extra := extras(client)
	if extra["logoUri"] != app.LogoURI || extra["tosUri"] != app.TermsURI ||
		extra["backchannel.logout.url"] != app.BackchannelLogoutURL {
		t.Errorf("%v", extra)
	}
	if _, made := extra["policyUri"]; made || !said(findings, "policy_uri", "urn:policy") {
		t.Errorf("an address that the server refuses: %v, %v", extra, findings)
	}
	for _, path := range app.Unknown {
		if !said(findings, "unknown", path) {
			t.Errorf("nothing says that %s is left behind", path)
		}
	}
	app.FrontchannelLogoutURL = "https://w.example/fc"
	client, findings = translatedApp(t, app)
	extra = extras(client)
	if _, made := extra["backchannel.logout.url"]; made || extra["frontchannel.logout.session.required"] != "false" ||
		!said(findings, "backchannel_logout_url", "browser only") {
		t.Errorf("%v, %v", extra, findings)
	}
}

func TestEveryFindingOfAnApplicationIsSaidAndNotTheFirstOnly(t *testing.T) {
	for _, app := range []kinds.Application{
		{Name: "Office", Status: identity.StatusActive, Protocol: "other", Mode: "WS_FEDERATION"},
		{Name: "Zoom", Status: identity.StatusActive, Protocol: "other", Mode: "BROWSER_PLUGIN"},
		{Name: "Splunk", Status: identity.StatusActive, Protocol: "saml", Undecided: "state entity_id in a map block"},
	} {
		app.Provisioning, app.PolicyID, app.Unknown = []string{"PUSH_NEW_USERS"}, "p1", []string{"visibility.hide.web"}
		client, findings := translatedApp(t, app)
		if client != nil || !said(findings, "provisioning", "leavers stay active") || !said(findings, "policy_id", "") ||
			!said(findings, "unknown", "visibility.hide.web") {
			t.Errorf("%s: %v", app.Name, findings)
		}
		if app.Protocol == "other" && said(findings, "issuer", "") {
			t.Errorf("%s does not move, and is told of a new issuer", app.Name)
		}
	}
	bookmark := kinds.Application{Name: "Link", Status: identity.StatusActive, Protocol: "other", Mode: "BOOKMARK",
		Unknown: []string{"x"}}
	if _, findings := translatedApp(t, bookmark); len(findings) != 1 {
		t.Errorf("a link is more than a link: %v", findings)
	}
}

// Why a rule is no organization is said by what it really asks for.
func TestARoutingRuleNamesWhatAnOrganizationCannotDo(t *testing.T) {
	for name, c := range map[string]struct {
		rule kinds.RoutingRule
		want string
	}{
		"three providers": {kinds.RoutingRule{Providers: 3, Simple: true, Domains: []string{"a.example"}},
			"people choose among 3 providers"},
		"no condition": {kinds.RoutingRule{Providers: 1}, "the rule has no condition"},
		"a network": {kinds.RoutingRule{Providers: 1, Conditions: []string{"network x"}},
			"and the rule at more: network x"},
		"a part of a name": {kinds.RoutingRule{Providers: 1, Domains: []string{"a.example"}}, "at other parts of names"},
		"several, and more": {kinds.RoutingRule{Providers: 2, Conditions: []string{"network x"}},
			"people choose among 2 providers"},
	} {
		t.Run(name, func(t *testing.T) {
			c.rule.Status = identity.StatusActive
			item := made(t, identity.KindRoutingRule, c.rule)
			item.References = []identity.Reference{{Kind: identity.KindIdentityProvider, ID: "p"}}
			findings := Translate(item).Findings
			if len(findings) == 0 || !strings.Contains(findings[0].Summary, c.want) || findings[0].Action == "" ||
				strings.HasSuffix(strings.TrimSpace(findings[0].Summary), ":") {
				t.Errorf("findings are %+v", findings)
			}
		})
	}
}
