package entra_test

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/applying/casetest"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
)

// caseRows is what each case must give.
func caseRows() map[string]casetest.Row {
	rows := credentialRows()
	for _, more := range []map[string]casetest.Row{clientRows(), addressRows(), otherRows()} {
		for name, row := range more {
			rows[name] = row
		}
	}
	return rows
}

const opened = "step create client_enablement:"

func credentialRows() map[string]casetest.Row {
	lost := []string{"federated_credential_lost", "issuer https://token.actions.githubusercontent.com"}
	return map[string]casetest.Row{
		"E01-fic-expired-secret": {Items: map[string][]string{"application/deploy-pipeline": append([]string{
			"is manual_rebuild_required", "it signs in with tokens of another issuer only", "main", "tags",
			"repo:acme/site:environment:prod", "not: nobody can use it"}, lost...)},
			Answer: mapApp("deploy-pipeline", `client_authentication = "client_secret_post"`),
			Answered: map[string][]string{"application/deploy-pipeline": {opened, "federated_credential_lost",
				"secret_changes"}}},
		"E02-fic-and-secret": {Items: map[string][]string{"application/portal-web": {opened, "federated_credential_lost",
			"system:serviceaccount:web:portal"}}},
		"E03-cert-rollover": {Items: map[string][]string{"application/batch-agent": {opened,
			"left behind: certificate CN=expired, expired on 2023-01-01", "left behind: certificate CN=future, valid from ",
			"not: CN=future, valid from 2020"}}, Then: oneCertificateBecomesKeys},
		"E05-expired-secret-valid-cert": {Items: map[string][]string{"application/sync-tool": {opened,
			`"client_authenticator":"client-jwt"`, "not: nobody can use it"}}},
		"E34-fic-flexible": {Items: map[string][]string{"application/flex": append([]string{
			"claims['sub'] matches 'repo:acme/*:ref:refs/heads/*'"}, lost...), "application/plainfic": lost}},
	}
}

func clientRows() map[string]casetest.Row {
	return map[string]casetest.Row{
		"E06-implicit": {Items: map[string][]string{
			"application/spa-implicit":            {`"implicit_flow":true`, `"public":true`},
			"application/mvc-idtoken-only":        {"implicit_opens_tokens", "id_token only", "looser"},
			"application/legacy-idtoken-nosecret": {"implicit_opens_tokens", "looser"}}},
		"E07-audience": {Items: map[string][]string{
			"application/consumers-only":    {"is manual_rebuild_required", "personal account of the vendor", "not: " + opened},
			"application/any-org":           {"people of other tenants can no longer sign in"},
			"application/work-and-personal": {"and those with a personal account of the vendor, can no longer sign in"}}},
		"E08-nongallery-oidc": {Items: map[string][]string{
			"application/nongallery-oidc": {`"protocol":"openid-connect"`, "api.oauth2PermissionScopes"},
			"application/loginurl-oidc":   {`"protocol":"openid-connect"`, `"base_url":"https://wiki.acme.example/login"`}}},
		"E09-aws-instances": {Items: map[string][]string{
			"application/AWS prod": {"client:https://signin.aws.amazon.com/saml ", "saml_idp_initiated_sso_url_name"},
			"application/AWS test": {"step create client:", "saml_idp_initiated_sso_url_name"}}},
		"E19-approles": {Items: map[string][]string{"application/cms": {"claims_lost", "role Content.Edit",
			"role Content.Old (disabled)", "groups (ApplicationGroup)", "claim email in the ID token"}},
			Plan: []string{"impact claims_lost, app_owners, medium", "impact app_roles_lost, app_owners, medium",
				"blocker unacknowledged_impacts"}},
		"E28-devicecode": {Items: map[string][]string{"application/cli-device": {"password_grant_off",
			`"oauth2.device.authorization.grant.enabled":"true"`}}},
		"E33-web-and-spa": {Items: map[string][]string{"application/mixed": {"is manual_rebuild_required", "single-page platform"},
			"application/web-fallback": {"is manual_rebuild_required"}},
			Answer: mapApp("mixed", `client_type = "confidential"`, `redirect_uris = ["https://mixed.acme.example/cb"]`),
			Answered: map[string][]string{"application/mixed": {opened, `"redirect_uris":["https://mixed.acme.example/cb"]`,
				"not: cannot be decided"}}},
		"E66-audience-drift": {Items: map[string][]string{"application/api-short": {
			`"included.custom.audience":"api://ea54e6aa-44ba-6528-cf0f-8cdbc749462e"`},
			"application/api-two": {`"included.custom.audience":"api://acme/two"`,
				`"included.custom.audience":"https://acme.example/api"`}}, Then: theSecondPlanIsEmpty},
	}
}

func addressRows() map[string]casetest.Row {
	return map[string]casetest.Row{
		"E10-redirects": {Items: map[string][]string{
			"application/r-case": {`"http://localhost:4200"`, `"http://localhost:4200/"`, `"https://app.acme.example/"`,
				`"https://App.Acme.example/Callback"`, `"https://app.acme.example/Callback"`},
			"application/r-cli":       {`"http://localhost"`, `"http://localhost/"`},
			"application/r-idn":       {`"https://xn--mnchen-3ya.acme.example/cb"`, `caf%C3%A9`},
			"application/r-httpintra": {opened, "address_without_tls", "http://intranet/app/cb"},
			"application/r-starpath":  {"is blocked", "https://app2.acme.example/* ends with *"},
			"application/r-starmid":   {"is manual_rebuild_required", "https://app3.acme.example/*/cb has a wildcard"},
			"application/r-frag":      {"is blocked", "https://app4.acme.example/#/cb has a fragment"},
			"application/r-naa":       {"broker_sign_on_ends", "brk-multihub://addin.acme.example"},
			"application/r-wam": {"broker_sign_on_ends", "nativeclient", `"web_origins":[]`,
				`"redirect_uris":["urn:ietf:wg:oauth:2.0:oob"]`},
			"application/r-mobile": {`"com.acme.app:/oauth2redirect"`}}},
		"E24-dropped-text": {Items: map[string][]string{
			"application/Texts":       {opened, `"base_url":"http://intranet/texts"`, "not carried: notes", "shortened to 255"},
			"application/logout-http": {opened, "frontchannel_logout_url: kept without TLS"}}},
		"E15-domains": {Items: map[string][]string{
			"identity_provider/125f5ca0-cfaf-29ff-7e25-54242d4186e5": {"step create identity_provider:fs-acme-example-adfs"},
			"identity_provider/952c219c-2173-2a29-481d-3b4a2079b2a2": {"step create identity_provider:brand-example-adfs"},
			"identity_provider/sso.prompt.example":                   {"step create identity_provider:", "slo_url: left out: http://"},
			"identity_provider/sso.crlf.example":                     {"step create identity_provider:"},
			"routing_rule/domain:pending.example":                    {"is visibility_only"},
			"routing_rule/domain:brand.example":                      {"step create organization:"},
			"routing_rule/domain:eu.acme.example":                    {"step create organization:"}},
			Plan: []string{"not: would both make"}},
	}
}

func otherRows() map[string]casetest.Row {
	return map[string]casetest.Row{
		"E13-groups": {Items: map[string][]string{"group/longdesc": {"shortened to 255 of 600 characters"},
			"group/Finance / EU": {"is blocked", "set = { name = … } in a map block"}},
			Plan: []string{"create group:/sales: planned",
				`none group:/Sales: blocked a decision is missing: "Sales" could be group:/Sales`}},
		"E25-long-names": {Plan: []string{"create client:bc1cd5e4-669c-d076-7c92-60183965fb0a: planned"}},
		"E14-conditional-access": {Items: map[string][]string{
			"auth_policy/office365-only": {"is visibility_only", "own products"},
			"auth_policy/exchange-only":  {"is visibility_only"},
			"auth_policy/admin-portals":  {"is visibility_only"},
			"auth_policy/nobody":         {"is visibility_only", "or nobody"},
			"auth_policy/own-app":        {"is manual_rebuild_required", "policy_not_carried"},
			"auth_policy/report-only":    {"is visibility_only"}}},
		// Two groups of one name stay two, each with the access of its own application.
		"E29-same-name-groups": {Plan: []string{"none group:/Admins: blocked a decision is missing",
			"none role_assignment:/Admins -> 8cb4bb67-ee7c-9088-e0be-5e82909f538a/access: blocked",
			"blocker pending_merge_decisions"},
			Answer: `merge "group" "second" {
  where    = item.id == "ec039d87-5d45-7623-4a78-835474860518"
  decision = "create_new"
  rename   = "Admins 2"
}`,
			Answered: map[string][]string{"group/a6d31866-2d50-5911-dae1-1262bcd6798a": {"step create group:/Admins: planned"},
				"group/ec039d87-5d45-7623-4a78-835474860518": {"step create group:/Admins 2: planned"}}},
		"E30-enabled-later-1": {Items: map[string][]string{"application/Later": {"step create client:"}}, Then: laterItIsOpened},
		"E30-enabled-later-2": {Items: map[string][]string{"application/Later": {opened}}},
		"K14-realmfiles":      {Elsewhere: "the tests of providers/realmfile"},
	}
}

// oneCertificateBecomesKeys holds that of three certificates the one that is valid today is taken.
func oneCertificateBecomesKeys(t *testing.T, _ *projecttest.Place, judged *casetest.Judged) {
	t.Helper()
	one, _ := judged.Find("application/batch-agent")
	keys := map[string]bool{}
	for _, part := range strings.Split(judged.Text(one), `\"x5c\":[\"`)[1:] {
		certificate, _, _ := strings.Cut(part, `\"`)
		keys[certificate] = true
	}
	if len(keys) != 1 || one.Item.Kind != identity.KindApplication {
		t.Errorf("the keys are of %d certificates", len(keys))
	}
}

// theSecondPlanIsEmpty carries the plan out and plans again.
func theSecondPlanIsEmpty(t *testing.T, place *projecttest.Place, judged *casetest.Judged) {
	t.Helper()
	casetest.Apply(t, place, judged)
	if again := casetest.Judge(t, place); len(again.Doing()) > 0 {
		t.Errorf("the second plan does %q", again.Doing())
	}
}

// laterItIsOpened carries out the first plan, and plans with what the tenant says a day later.
func laterItIsOpened(t *testing.T, place *projecttest.Place, judged *casetest.Judged) {
	t.Helper()
	casetest.Apply(t, place, judged)
	later := casePlace(t, strings.TrimSuffix(casetest.Root(t, "entra"), "/")+"/E30-enabled-later-2")
	place.Write("main.rehome.hcl", strings.ReplaceAll(later.Read("main.rehome.hcl"), later.Realm, place.Realm))
	place.Local["entra"] = later.Local["entra"]
	next := casetest.Judge(t, place)
	one, _ := next.Find("application/Later")
	if text := next.Text(one); strings.Contains(text, "blocked") {
		t.Errorf("what was made is a stranger: %s", text)
	}
}

// mapApp is a map block for one application.
func mapApp(name string, set ...string) string {
	text := "map \"application\" \"answer\" {\n  where = item.name == \"" + name + "\"\n  set = {\n"
	for _, line := range set {
		text += "    " + line + "\n"
	}
	return text + "  }\n}\n"
}
