package okta

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// recorded reads a file of recorded bodies, which live outside the project.
func recorded(t *testing.T, name string) []json.RawMessage {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "okta", "objects", name))
	if err != nil {
		t.Skipf("the recorded bodies are not here: %v", err)
	}
	var bodies []json.RawMessage
	if err := json.Unmarshal(content, &bodies); err != nil {
		t.Fatal(err)
	}
	return bodies
}

// today is the day on which the tests judge credentials.
func today() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

func parsed(t testing.TB, text string) reading.Node {
	t.Helper()
	body, err := reading.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// converters is every conversion of one body, by the file of recordings it fits.
func converters() map[string]func(reading.Node) (identity.Item, error) {
	return map[string]func(reading.Node) (identity.Item, error){
		"apps.json":  func(n reading.Node) (identity.Item, error) { return convertApplication(n, assignments{}, today()) },
		"users.json": convertUser,
		"groups.json": func(n reading.Node) (identity.Item, error) {
			return convertGroup(n, groupFillers{known: true}, membersOf{})
		},
		"group-rules.json": func(n reading.Node) (identity.Item, error) { return convertGroupRule(n, nil) },
		"idps.json": func(n reading.Node) (identity.Item, error) {
			return convertIdentityProvider(n, nil, profileMappings{known: true}, wireNames{known: true})
		},
		"policies.json": func(n reading.Node) (identity.Item, error) { return convertAuthPolicy(n, ruleList{}) },
		"policy-rules.json": func(n reading.Node) (identity.Item, error) {
			return convertRoutingRule(reading.Node{}, &domainsTaken{}, n)
		},
	}
}

func TestEveryRecordedBodyConvertsTheSameWayTwiceWithoutItsSecrets(t *testing.T) {
	for file, convert := range converters() {
		t.Run(file, func(t *testing.T) {
			for _, raw := range recorded(t, file) {
				redacted, err := reading.Redact(raw, secretRules())
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(redacted), "EXAMPLE-NOT-A-SECRET") {
					t.Errorf("a secret is left in %s", redacted)
				}
				body, err := reading.Parse(redacted)
				if err != nil {
					t.Fatal(err)
				}
				first, err := convert(body)
				if err != nil || first.ID == "" || first.Name == "" {
					t.Fatalf("%s became %+v, %v", redacted, first, err)
				}
				second, _ := convert(body)
				if string(first.Attributes) != string(second.Attributes) {
					t.Errorf("%s differs between two conversions", first.ID)
				}
			}
		})
	}
}

func TestRecordedAppsAreDecidedAsTheirBodiesSay(t *testing.T) {
	counts := map[string]int{}
	for _, raw := range recorded(t, "apps.json") {
		body, err := reading.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		item, err := convertApplication(body, assignments{}, today())
		if err != nil {
			t.Fatal(err)
		}
		var app kinds.Application
		if err := item.Decode(&app); err != nil {
			t.Fatal(err)
		}
		counts[app.Protocol]++
		if app.Access == identity.AccessEveryone {
			counts["everyone"]++
		}
		if app.Protocol == "oidc" && app.Undecided == "" && !app.Vendor && (app.ClientID == "" || app.ClientType == "") {
			t.Errorf("%s is decided without a client", item.ID)
		}
		if app.Protocol == "saml" && app.Undecided == "" && (app.EntityID == "" || app.ACSURL == "") {
			t.Errorf("%s is decided without audience and address", item.ID)
		}
		for _, field := range app.Unknown {
			counts[field]++
		}
		if app.Undecided != "" {
			counts["undecided "+app.Protocol]++
		}
	}
	if counts["oidc"] != 175 || counts["saml"] != 44 || counts["everyone"] != 20 {
		t.Errorf("counts %v", counts)
	}
	t.Logf("%v", counts)
}

// converted gives the item of an app, and what it is.
func converted(t *testing.T, text string) (identity.Item, kinds.Application) {
	t.Helper()
	item, err := convertApplication(parsed(t, text), assignments{}, today())
	if err != nil {
		t.Fatal(err)
	}
	var app kinds.Application
	if err := item.Decode(&app); err != nil {
		t.Fatal(err)
	}
	return item, app
}

func TestSettingsOfAnAppAreCarriedOrTold(t *testing.T) {
	_, app := converted(t, `{"id":"0oa1","name":"oidc_client","label":"Many","status":"ACTIVE","signOnMode":"OPENID_CONNECT",
		"created":"2025-04-14T09:30:00.000Z","orn":"orn:x","_links":{"self":{"href":"x"}},
		"accessibility":{"selfService":true,"errorRedirectUrl":"https://e","loginRedirectUrl":null},
		"visibility":{"autoLaunch":true,"autoSubmitToolbar":false,"hide":{"iOS":true,"web":false},"appLinks":{"oidc_client_link":true}},
		"credentials":{"userNameTemplate":{"template":"${source.login}","type":"BUILT_IN"},"signing":{"kid":"k1"},
			"oauthClient":{"autoKeyRotation":true,"client_id":"c1","token_endpoint_auth_method":"client_secret_basic","client_secret":"(redacted)"}},
		"settings":{"app":{},"notifications":{"vpn":{"network":{"connection":"DISABLED"},"message":null}},"emOptInStatus":"NONE",
			"notes":{"admin":"adm","enduser":"Call 1234"},
			"oauthClient":{"client_uri":"https://d","logo_uri":"https://d/l.png","redirect_uris":["https://d/cb"],"post_logout_redirect_uris":[],
			"response_types":["code","token"],"grant_types":["authorization_code"],"application_type":"web","consent_method":"REQUIRED",
			"issuer_mode":"CUSTOM_URL","idp_initiated_login":{"mode":"SPEC","default_scope":["openid"]},"wildcard_redirect":"DISABLED",
			"policy_uri":"https://d/p","tos_uri":"https://d/t","participate_slo":true,"frontchannel_logout_uri":"https://d/fc",
			"frontchannel_logout_session_required":true,"backchannel_logout_uri":"https://d/bc","initiate_login_uri":"https://d/login",
			"request_object_signing_alg":"RS256","off":false,"none":null,"empty":[]}},
		"universalLogout":{"status":"ENABLED","supportType":"FULL"}}`)
	carried := [][2]string{{app.LogoURI, "https://d/l.png"}, {app.PolicyURI, "https://d/p"}, {app.TermsURI, "https://d/t"},
		{app.FrontchannelLogoutURL, "https://d/fc"}, {app.BackchannelLogoutURL, "https://d/bc"}, {app.HomeURL,
			"https://d/login"}}
	for _, pair := range carried {
		if pair[0] != pair[1] {
			t.Errorf("carried %q, want %q", pair[0], pair[1])
		}
	}
	if !app.FrontchannelSession || !app.ConsentRequired {
		t.Error("a flag is lost")
	}
	want := []string{"accessibility.errorRedirectUrl", "accessibility.selfService", "settings.notes.enduser",
		"settings.oauthClient.client_uri",
		"settings.oauthClient.idp_initiated_login.default_scope", "settings.oauthClient.idp_initiated_login.mode",
		"settings.oauthClient.issuer_mode", "settings.oauthClient.request_object_signing_alg",
		"settings.oauthClient.response_types[]",
		"universalLogout.status", "visibility.autoLaunch", "visibility.hide.iOS"}
	if !slices.Equal(app.Unknown, want) {
		t.Errorf("unknown is %q, want %q", app.Unknown, want)
	}
}

func TestWhatACatalogueAppDoesNotTellIsAQuestion(t *testing.T) {
	item, app := converted(t, `{"id":"0oa1","name":"splunkcloud","label":"Splunk","status":"ACTIVE","signOnMode":"SAML_2_0",
		"credentials":{"userNameTemplate":{"template":"${source.login}","type":"BUILT_IN"}},
		"settings":{"app":{"siteUrl":"https://s"},"signOn":{"ssoAcsUrlOverride":"https://s/acs","audienceOverride":"Splunk"}}}`)
	if app.EntityID != "Splunk" || app.ACSURL != "https://s/acs" || app.Undecided != "" {
		t.Errorf("%+v", app)
	}
	if want := []string{"sign_response", "sign_assertion", "name_id_format"}; !slices.Equal(item.Gaps, want) {
		t.Errorf("not told are %q, want %q", item.Gaps, want)
	}
	if !slices.Equal(app.Unknown, []string{"settings.app.siteUrl"}) {
		t.Errorf("unknown is %q", app.Unknown)
	}
	stated, _ := converted(t, `{"signOnMode":"SAML_2_0","settings":{"signOn":{"responseSigned":false,"assertionSigned":true,
		"subjectNameIdFormat":"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress","subjectNameIdTemplate":"${user.email}"}}}`)
	if len(stated.Gaps) != 0 {
		t.Errorf("told, and yet not known: %q", stated.Gaps)
	}
}

func TestANameThatNoTemplateMakesIsNeverTheSignInName(t *testing.T) {
	const signOn = `"settings":{"signOn":{"ssoAcsUrl":"https://p/acs","audience":"p","subjectNameIdTemplate":"${user.userName}"}}`
	for kind, want := range map[string]string{
		`{"template":null,"type":"NONE"}`:                                     namesByPerson,
		`{"template":"${source.email}","type":"BUILT_IN"}`:                    "${source.email}",
		`{"template":"${source.login}","suffix":"@acme.com","type":"CUSTOM"}`: `${source.login} + "@acme.com"`,
	} {
		_, app := converted(t, `{"signOnMode":"SAML_2_0","credentials":{"userNameTemplate":`+kind+`},`+signOn+`}`)
		if app.NameIDSource != want {
			t.Errorf("%s gives %q, want %q", kind, app.NameIDSource, want)
		}
	}
}

func TestAnotherOrgTellsItsAddressesInItsOwnSettings(t *testing.T) {
	_, app := converted(t, `{"name":"okta_org2org","signOnMode":"SAML_2_0","settings":{"signOn":{"audienceOverride":null},
		"app":{"acsUrl":"https://hub/acs","audRestriction":"https://hub/sp","baseUrl":"https://hub"}}}`)
	if app.EntityID != "https://hub/sp" || app.ACSURL != "https://hub/acs" || app.Undecided != "" {
		t.Errorf("%+v", app)
	}
	if !slices.Equal(app.Unknown, []string{"settings.app.baseUrl"}) {
		t.Errorf("unknown is %q", app.Unknown)
	}
}

func TestTheIssuerOfRequestsIsKeptApartFromTheAudience(t *testing.T) {
	_, app := converted(t, `{"signOnMode":"SAML_2_0","settings":{"signOn":{"audience":"https://sp","spIssuer":"https://other",
		"slo":{"enabled":true,"issuer":"https://third","logoutUrl":"https://sp/out"}}}}`)
	if app.EntityID != "https://sp" || app.RequestIssuer != "https://other" || app.LogoutURL != "https://sp/out" {
		t.Errorf("%+v", app)
	}
	if !slices.Equal(app.Unknown, []string{"settings.signOn.slo.issuer"}) {
		t.Errorf("unknown is %q", app.Unknown)
	}
	if _, same := converted(t, `{"signOnMode":"SAML_2_0","settings":{"signOn":{"audience":"https://sp","spIssuer":"https://sp"}}}`); same.RequestIssuer != "" {
		t.Errorf("the same issuer is told as another: %q", same.RequestIssuer)
	}
}

func TestOnlyKeysAndCertificatesThatAreValidTodayAreCarried(t *testing.T) {
	expired, valid, later := certificate(t, -48, -24), certificate(t, -24, 24), certificate(t, 24, 48)
	_, app := converted(t, `{"signOnMode":"SAML_2_0","settings":{"signOn":{"samlSignedRequestEnabled":true,
		"spCertificate":{"x5c":["`+expired+`","`+later+`","`+valid+`","bm8gY2VydGlmaWNhdGU="]},
		"assertionEncryption":{"enabled":true,"x5c":["`+expired+`"]}}}}`)
	if app.SigningCertificate != valid || app.EncryptionCertificate != "" {
		t.Errorf("carried are %.20q and %.20q", app.SigningCertificate, app.EncryptionCertificate)
	}
	var got []string
	for _, c := range app.Credentials {
		if (c.Status == kinds.CredentialUnreadable) != (c.Until == "") {
			t.Errorf("dates of %+v", c)
		}
		got = append(got, fmt.Sprintf("%s %s %t", c.Use, c.Status, c.Carried))
	}
	want := []string{"request_signing expired false", "request_signing not_yet_valid false", "request_signing valid true",
		"request_signing unreadable false", "assertion_encryption expired false"}
	if !slices.Equal(got, want) {
		t.Errorf("credentials are %q", got)
	}
	_, client := converted(t, `{"signOnMode":"OPENID_CONNECT","settings":{"oauthClient":{"jwks":{"keys":[
		{"kty":"RSA","kid":"old","status":"INACTIVE","n":"x","e":"AQAB"},{"kty":"RSA","kid":"new","status":"ACTIVE","n":"y","e":"AQAB"}]}}}}`)
	if strings.Contains(client.JWKS, `"old"`) || !strings.Contains(client.JWKS, `"new"`) || len(client.Credentials) != 2 {
		t.Errorf("a key that was switched off is carried: %s, %+v", client.JWKS, client.Credentials)
	}
}

// certificate makes one that is valid between these hours from today on, as base64 DER.
func certificate(t *testing.T, from, until int) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp"},
		NotBefore: today().Add(time.Duration(from) * time.Hour), NotAfter: today().Add(time.Duration(until) * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// TestEveryRecordedSettingIsReadOrTold takes each value out of recorded bodies in turn: a value that changes neither
// the item nor what is told as unknown vanishes without a word. The few that may are bookkeeping of the org.
func TestEveryRecordedSettingIsReadOrTold(t *testing.T) {
	for file, kind := range map[string]identity.Kind{"apps.json": identity.KindApplication,
		"idps.json":   identity.KindIdentityProvider,
		"groups.json": identity.KindGroup, "policies.json": identity.KindAuthPolicy,
		"policy-rules.json": identity.KindRoutingRule} {
		t.Run(file, func(t *testing.T) {
			silent := map[string]string{}
			for _, raw := range recorded(t, file) {
				unreadOrSettled(t, raw, converters()[file], silent)
			}
			for path, example := range silent {
				if !bookkeeping.MatchString(path) {
					t.Errorf("%s: %s (%s) vanishes without a word", kind, path, example)
				}
			}
		})
	}
}

func TestPatternsBecomeDomains(t *testing.T) {
	cases := []struct{ kind, value, domain string }{
		{"SUFFIX", "@Acme.com", "acme.com"}, {"SUFFIX", "acme.com", "acme.com"}, {"SUFFIX", ".acme.com", "*.acme.com"},
		{"EXPRESSION", `.*@acme\.com`, "acme.com"}, {"EXPRESSION", `^.*@acme.com$`, "acme.com"}, {"SUFFIX", "ann@acme.com",
			""},
		{"EXPRESSION", `.*@(a|b)\.com`, ""}, {"EQUALS", "ann@acme.com", ""}, {"SUFFIX", "", ""},
	}
	for _, c := range cases {
		pattern, err := json.Marshal(map[string]string{"matchType": c.kind, "value": c.value})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := domainOf(parsed(t, string(pattern)))
		if ok != (c.domain != "") || (ok && got != c.domain) {
			t.Errorf("%s %s: %q %v", c.kind, c.value, got, ok)
		}
	}
}

func TestLinksAreSplitByRelation(t *testing.T) {
	got := splitLinks(`<https://a/x?y=1;2>; rel="self", </b>; title="t"; rel=next`)
	if len(got) != 2 || got[0] != (link{"https://a/x?y=1;2", "self"}) || got[1] != (link{"/b", "next"}) {
		t.Fatalf("%v", got)
	}
}

func FuzzConvert(f *testing.F) {
	f.Add([]byte(`{"id":"a","signOnMode":"SAML_2_0","settings":{"signOn":{"acsEndpoints":[null,1,{"url":2}]}}}`))
	f.Add([]byte(`{"signOnMode":"OPENID_CONNECT","settings":{"oauthClient":{"redirect_uris":["https://*/x",null],"jwks":{"keys":[1e999]}}}}`))
	f.Add([]byte(`{"conditions":{"userIdentifier":{"patterns":[{"matchType":"SUFFIX","value":"@x"}]}},"actions":{"idp":{"providers":[{}]}}}`))
	f.Add([]byte(`[[[]]]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := reading.Parse(raw)
		if err != nil {
			return
		}
		all := converters()
		all["session"] = func(n reading.Node) (identity.Item, error) {
			return convertSessionPolicy(n, ruleList{elements: []element{{raw: raw, body: n}}})
		}
		all["domain"] = convertDomain
		all["assignment"] = func(n reading.Node) (identity.Item, error) {
			return convertAssignment("a", identity.KindUser,
				n)
		}
		for name, convert := range all {
			item, err := convert(body)
			if err != nil || !json.Valid(item.Attributes) {
				t.Errorf("%s of %q: %v", name, raw, err)
			}
		}
		convertMapping(body)
	})
}

func FuzzLinks(f *testing.F) {
	f.Add(`<https://a/x>; rel="next"`)
	f.Add(`<<>>;,rel=`)
	f.Fuzz(func(_ *testing.T, line string) { splitLinks(line) })
}
