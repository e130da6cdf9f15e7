package entra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// parsed is an element of a list.
func parsed(t *testing.T, text string) element {
	t.Helper()
	e, err := parseElement(json.RawMessage(text), 1, "/v1.0/tried")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// application converts a registration with an instance of this tenant.
func application(t *testing.T, registrationJSON, instanceJSON string) (kinds.Application, identity.Item) {
	t.Helper()
	r := registration{element: parsed(t, registrationJSON)}
	if instanceJSON != "" {
		instance := parsed(t, instanceJSON)
		r.instance = &instance
	}
	item, err := convertApplication(r, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var out kinds.Application
	if err := item.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out, item
}

const (
	plainInstance  = `{"id":"sp","accountEnabled":true,"appRoleAssignmentRequired":false}`
	validPassword  = `"passwordCredentials":[{"keyId":"p","endDateTime":"2027-01-01T00:00:00Z"}]`
	webRedirect    = `"web":{"redirectUris":["https://x.example/cb"]}`
	spaRedirect    = `"spa":{"redirectUris":["https://s.example/cb"]}`
	nativeRedirect = `"publicClient":{"redirectUris":["http://localhost"]}`
)

func TestConvertApplication_DecidesTheClientTypeByThePlatform(t *testing.T) {
	cases := []struct {
		name, fields  string
		clientType    string
		authenticates string
		grants        string
		undecided     string
	}{
		{"web with a secret is confidential", webRedirect + "," + validPassword, "confidential", "client_secret_post",
			"authorization_code refresh_token", ""},
		{"web without credential that gets ID tokens is implicit only",
			`"web":{"redirectUris":["https://x.example/cb"],"implicitGrantSettings":{"enableIdTokenIssuance":true}}`,
			"confidential", "", "implicit", ""},
		{"web without credential and without implicit is dead", webRedirect, "confidential", "", "authorization_code",
			"nobody can sign in"},
		{"single-page is public", spaRedirect, "public", "none", "authorization_code refresh_token", ""},
		{"native is public", nativeRedirect, "public", "none", "authorization_code refresh_token", ""},
		{"web and single-page are two clients", webRedirect + "," + spaRedirect + "," + validPassword, "", "", "",
			"must state client_type"},
		{"web and public flows are two clients", webRedirect + `,"isFallbackPublicClient":true,` + validPassword, "", "", "",
			"public client flows"},
		{"a secret without redirect URI is a daemon", validPassword, "confidential", "client_secret_post",
			"client_credentials", ""},
		{"a public client without redirect URI may use the device code", `"isFallbackPublicClient":true`, "public", "none",
			"device_code", "must state grant_types"},
		{"an interface has no flows", `"appRoles":[{"id":"r","value":"Read"}]`, "confidential", "", "", ""},
		{"an expired secret is a question",
			webRedirect + `,"passwordCredentials":[{"keyId":"p","endDateTime":"2020-01-01T00:00:00Z"}]`,
			"confidential", "client_secret_post", "authorization_code refresh_token", "is valid today"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, _ := application(t, `{"id":"a","appId":"c",`+c.fields+`}`, plainInstance)
			if out.Protocol != "oidc" || out.ClientType != c.clientType || out.ClientAuthentication != c.authenticates ||
				strings.Join(out.GrantTypes, " ") != c.grants {
				t.Errorf("got %+v", out)
			}
			if (c.undecided == "") != (out.Undecided == "") || !strings.Contains(out.Undecided, c.undecided) {
				t.Errorf("undecided: %q, want %q", out.Undecided, c.undecided)
			}
		})
	}
}

func TestConvertApplication_JoinsItsServicePrincipal(t *testing.T) {
	registration := `{"id":"object","appId":"app","displayName":"Portal","signInAudience":"AzureADMultipleOrgs",` +
		webRedirect + "," + validPassword + `}`
	gated, item := application(t, registration, `{"id":"sp","accountEnabled":false,"appRoleAssignmentRequired":true}`)
	if item.ID != "object" || gated.ClientID != "app" || gated.Status != "inactive" || gated.Access != "assigned" ||
		!gated.MultiTenant {
		t.Errorf("got %+v", gated)
	}
	open, _ := application(t, registration, plainInstance)
	if open.Access != "everyone" || open.Status != "active" {
		t.Errorf("got %+v", open)
	}
	alone, _ := application(t, registration, "")
	if alone.Status != "inactive" || alone.Protocol != "other" || alone.Mode != modeNoInstance {
		t.Errorf("got %+v", alone)
	}
	_, unknown := application(t, registration, `{"id":"sp","accountEnabled":true}`)
	if !slices.Contains(unknown.Gaps, "access") {
		t.Errorf("an unread assignment switch is no gap: %v", unknown.Gaps)
	}
	blocked, _ := application(t,
		`{"id":"a","appId":"c","disabledByMicrosoftStatus":"DisabledDueToViolationOfServicesAgreement",`+spaRedirect+`}`,
		plainInstance)
	if blocked.Status != "inactive" || !strings.Contains(blocked.Undecided, "Microsoft has disabled") {
		t.Errorf("got %+v", blocked)
	}
}

func TestConvertApplication_KeepsCertificatesAsKeySet(t *testing.T) {
	certificate := base64.StdEncoding.EncodeToString(selfSigned(t))
	out, _ := application(t,
		`{"id":"a","appId":"c","keyCredentials":[{"keyId":"1","usage":"Verify","type":"AsymmetricX509Cert","key":"`+certificate+`"}]}`, plainInstance)
	var set struct {
		Keys []struct{ Kid, Kty, N, E string }
	}
	if err := json.Unmarshal([]byte(out.JWKS), &set); err != nil {
		t.Fatal(err)
	}
	if out.ClientAuthentication != "private_key_jwt" || len(set.Keys) != 2 || len(set.Keys[0].Kid) != 40 ||
		set.Keys[0].E != "AQAB" {
		t.Errorf("got %s %+v", out.ClientAuthentication, set)
	}
	_, unread := application(t,
		`{"id":"a","appId":"c","keyCredentials":[{"keyId":"1","usage":"Verify","type":"AsymmetricX509Cert","key":null}]}`,
		plainInstance)
	if !slices.Contains(unread.Gaps, "jwks") {
		t.Errorf("a key that was not told is no gap: %v", unread.Gaps)
	}
}

func selfSigned(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestConvertApplication_SAML(t *testing.T) {
	saml := `{"id":"sp","accountEnabled":true,"appRoleAssignmentRequired":true,"preferredSingleSignOnMode":"saml","replyUrls":["https://x.example/acs"],"loginUrl":"https://x.example/","logoutUrl":"https://x.example/out","samlSingleSignOnSettings":{"relayState":"home"}}`
	out, item := application(t, `{"id":"a","appId":"c","identifierUris":["api://c","urn:x"]}`, saml)
	if out.Protocol != "saml" || out.EntityID != "urn:x" || out.ACSURL != "https://x.example/acs" ||
		out.RelayState != "home" ||
		out.ClaimsKnown || out.Undecided != "" || !slices.Contains(item.Gaps, "attribute_statements") {
		t.Errorf("got %+v, gaps %v", out, item.Gaps)
	}
	none, _ := application(t, `{"id":"a","appId":"c","identifierUris":["api://c"]}`, saml)
	if !strings.Contains(none.Undecided, "must state entity_id") {
		t.Errorf("got %q", none.Undecided)
	}
	several, _ := application(t, `{"id":"a","appId":"c","identifierUris":["urn:b","urn:a"]}`, saml)
	if several.EntityID != "urn:a" || !strings.Contains(several.Undecided, "several identifiers") {
		t.Errorf("got %q", several.Undecided)
	}
	vault, _ := application(t, `{"id":"a","appId":"c"}`,
		`{"id":"sp","accountEnabled":true,"preferredSingleSignOnMode":"password"}`)
	if vault.Protocol != "other" || vault.Mode != "password" {
		t.Errorf("got %+v", vault)
	}
	tagged, _ := application(t, `{"id":"a","appId":"c"}`,
		`{"id":"sp","accountEnabled":true,"tags":["WindowsAzureActiveDirectoryCustomSingleSignOnApplication"]}`)
	if tagged.Protocol != "saml" || tagged.Undecided == "" {
		t.Errorf("got %+v", tagged)
	}
}

func TestConvertApplication_NotesWhatTokensRelyOn(t *testing.T) {
	out, _ := application(t, `{"id":"a","appId":"c",`+spaRedirect+`,"optionalClaims":{"idToken":[{"name":"upn"}]},"groupMembershipClaims":"SecurityGroup",
		"appRoles":[{"id":"r","value":"Admin"}],"requiredResourceAccess":[
		{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"}]}]}`, plainInstance)
	if strings.Join(out.TokenClaims, "; ") != "claim upn in the ID token; groups (SecurityGroup); role Admin" ||
		len(out.Unknown) > 0 || out.DirectGraphUse {
		t.Errorf("claims are %q, unknown %q, graph %v", out.TokenClaims, out.Unknown, out.DirectGraphUse)
	}
	graph, _ := application(t, `{"id":"a","appId":"c",`+spaRedirect+`,"requiredResourceAccess":[
		{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"df021288-bdef-4463-88db-98f22de89214","type":"Role"}]}]}`, plainInstance)
	if !graph.DirectGraphUse {
		t.Error("an application with a Graph role uses Graph")
	}
	wild, _ := application(t, `{"id":"a","appId":"c","web":{"redirectUris":["https://*.x.example/cb"]}}`, plainInstance)
	if !wild.WildcardRedirect {
		t.Error("a wildcard host was missed")
	}
}

func TestConvertPolicy(t *testing.T) {
	cases := []struct {
		name, body                 string
		status                     string
		restricts, known, mustName bool
	}{
		{"demands a factor",
			`"state":"enabled","conditions":{"users":{"includeUsers":["All"]},"clientAppTypes":["all"]},"grantControls":{"operator":"OR","builtInControls":["mfa"]}`, "active", true, true, false},
		{"report only restricts nothing",
			`"state":"enabledForReportingButNotEnforced","grantControls":{"operator":"OR","builtInControls":["mfa"]}`,
			"report_only", false, true, false},
		{"off", `"state":"disabled","grantControls":{"operator":"OR","builtInControls":["block"]}`, "inactive", false,
			true, false},
		{"a block of old protocols is moot",
			`"state":"enabled","conditions":{"clientAppTypes":["exchangeActiveSync","other"]},"grantControls":{"operator":"OR","builtInControls":["block"]}`, "active", false, true, false},
		{"a strength is a demand although the list of controls is empty",
			`"state":"enabled","grantControls":{"operator":"OR","builtInControls":[],"authenticationStrength":{"id":"s","displayName":"Phishing-resistant"}}`, "active", true, true, false},
		{"an unknown state", `"state":"someFutureState"`, "active", true, false, true},
		{"an unknown control", `"state":"enabled","grantControls":{"operator":"OR","builtInControls":["futureControl"]}`,
			"active", true, false, true},
		{"an unknown condition",
			`"state":"enabled","conditions":{"future":{"a":1}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}`,
			"active", true, false, true},
		{"an unknown condition that is null",
			`"state":"enabled","conditions":{"future":null},"grantControls":{"operator":"OR","builtInControls":["mfa"]}`,
			"active", true, true, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			item, err := convertPolicy(parsed(t, `{"id":"p","displayName":"P",`+c.body+`}`))
			if err != nil {
				t.Fatal(err)
			}
			var out kinds.AuthPolicy
			if err := item.Decode(&out); err != nil {
				t.Fatal(err)
			}
			if out.Status != c.status || out.Restricts != c.restricts || out.Known != c.known ||
				(len(item.Gaps) > 0) != c.mustName {
				t.Errorf("got %+v, gaps %v", out, item.Gaps)
			}
		})
	}
}

func TestConvertUser_TellsWhoChecksThePassword(t *testing.T) {
	federation := map[string]bool{"fed.example": true}
	for raw, want := range map[string]kinds.User{
		`{"id":"1","userPrincipalName":"a@Fed.Example","accountEnabled":true}`:                                             {Status: "active", Credential: "federated"},
		`{"id":"1","userPrincipalName":"a@x.example","accountEnabled":true,"onPremisesSyncEnabled":true}`:                  {Status: "active", Credential: "directory"},
		`{"id":"1","userPrincipalName":"a@x.example","accountEnabled":false}`:                                              {Status: "inactive", Credential: "local"},
		`{"id":"1","userPrincipalName":"b_y#EXT#@x.example","userType":"Member"}`:                                          {Status: "inactive", Guest: true},
		`{"id":"1","userType":"Guest","identities":[{"signInType":"federated","issuer":"google.com"}]}`:                    {Status: "inactive", Guest: true, Credential: "social"},
		`{"id":"1","userType":"Guest","identities":[{"signInType":"federated","issuer":"ExternalAzureAD"}]}`:               {Status: "inactive", Guest: true, Credential: "federated"},
		`{"id":"1","userPrincipalName":"b@x.example","creationType":"Invitation","externalUserState":"PendingAcceptance"}`: {Status: "inactive", Guest: true, State: "PendingAcceptance"},
	} {
		item, err := convertUser(parsed(t, raw), federation)
		if err != nil {
			t.Fatal(err)
		}
		var out kinds.User
		if err := item.Decode(&out); err != nil {
			t.Fatal(err)
		}
		out.Username, out.Email = "", ""
		if out != want {
			t.Errorf("%s gave %+v", raw, out)
		}
	}
}

// recorded reads the elements of a recorded body.
func recorded(t *testing.T, path string) []json.RawMessage {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "entra", "graph", path))
	if err != nil {
		t.Skipf("the recorded bodies are not here: %v", err)
	}
	var page struct {
		Value []json.RawMessage `json:"value"`
	}
	if json.Unmarshal(content, &page) == nil && page.Value != nil {
		return page.Value
	}
	var bare []json.RawMessage
	if json.Unmarshal(content, &bare) == nil {
		return bare
	}
	return []json.RawMessage{content}
}

func TestConvert_RecordedBodies(t *testing.T) {
	aws, _ := application(t, string(recorded(t, "saml/application.configured.json")[0]),
		string(recorded(t, "saml/servicePrincipal.configured.json")[0]))
	if aws.Protocol != "saml" || aws.EntityID != "https://signin.aws.amazon.com/saml" || aws.ACSURL != aws.EntityID ||
		aws.Access != "assigned" || aws.Undecided != "" {
		t.Errorf("got %+v", aws)
	}
	for _, raw := range recorded(t, "applications/list.recorded.json") {
		application(t, string(raw), "")
	}
	for _, raw := range recorded(t, "servicePrincipals/list.recorded.json") {
		if _, err := convertPrincipal(parsed(t, string(raw)), testTenant, ""); err != nil {
			t.Error(err)
		}
	}
	kinds := map[string]string{}
	for _, raw := range recorded(t, "groups/list.kinds.json") {
		out := convertGroup(parsed(t, string(raw)), false)
		kinds[out.Name] = out.Type + " " + out.Origin
		if out.Dynamic != (out.Name == "Dynamic engineers") {
			t.Errorf("%s: dynamic %v", out.Name, out.Dynamic)
		}
	}
	if kinds["M365 team"] != "microsoft365 local" || kinds["Distribution list"] != "distribution mail" ||
		kinds["Synced from AD"] != "security imported" {
		t.Errorf("got %v", kinds)
	}
}

func TestConvert_RecordedPoliciesAreUnderstood(t *testing.T) {
	policies := append(recorded(t, "conditionalAccess/policies.list.json"),
		recorded(t, "conditionalAccess/policies.scuba.json")...)
	for _, raw := range policies {
		item, err := convertPolicy(parsed(t, string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if len(item.Gaps) > 0 {
			t.Errorf("%s: %v", item.Name, item.Gaps)
		}
	}
	full := recorded(t, "conditionalAccess/full-metadata/CA001.json")[0]
	item, err := convertPolicy(parsed(t, string(full)))
	if err != nil || len(item.Gaps) > 0 {
		t.Errorf("full metadata: %v %v", err, item.Gaps)
	}
}

func FuzzConvert(f *testing.F) {
	f.Add([]byte(`{"id":"a","appId":"c",` + webRedirect + `}`))
	f.Add([]byte(`{"id":"a","preferredSingleSignOnMode":"saml","replyUrls":["https://*"]}`))
	f.Add([]byte(`{"id":"p","state":"enabled","conditions":{"users":{"includeUsers":null}},"grantControls":{"builtInControls":"mfa"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			t.Skip()
		}
		_, _ = convertPolicy(parsed(t, string(raw)))
		_, _ = convertUser(parsed(t, string(raw)), nil)
		_, _ = convertDomain(parsed(t, string(raw)))
		_ = convertGroup(parsed(t, string(raw)), false)
		instance := parsed(t, string(raw))
		if item, err := convertApplication(registration{element: parsed(t, string(raw)), instance: &instance},
			time.Time{}); err == nil {
			var out kinds.Application
			if err := item.Decode(&out); err != nil {
				t.Fatal(err)
			}
			if out.Protocol == "oidc" && out.ClientType == "" && out.Undecided == "" {
				t.Errorf("neither decided nor undecided: %s", raw)
			}
		}
		if clean, err := redact(raw); err == nil && !json.Valid(clean) {
			t.Errorf("redaction broke %s", raw)
		}
	})
}

// A policy that reaches the vendor's own suites and portals only, or nobody, has nothing to do with what moves.
func TestConvertPolicy_KnowsWhatReachesNothingThatMoves(t *testing.T) {
	for conditions, want := range map[string]bool{
		`{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["Office365"]}}`:                 true,
		`{"applications":{"includeApplications":["00000002-0000-0ff1-ce00-000000000000"]}}`:                       true,
		`{"users":{"includeRoles":["r"]},"applications":{"includeApplications":["MicrosoftAdminPortals"]}}`:       true,
		`{"users":{"includeUsers":["None"]},"applications":{"includeApplications":["All"]}}`:                      true,
		`{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}}`:                       false,
		`{"applications":{"includeApplications":["Office365","55f32264-bcb3-f27a-f4b3-8fc2d5bec4c5"]}}`:           false,
		`{"applications":{"includeApplications":["Office365"],"includeUserActions":["urn:user:registerdevice"]}}`: false,
		`{"applications":{"includeApplications":["Office365"],"futureScope":["x"]}}`:                              false,
		`{"users":{"includeUsers":["All"]}}`:                                                                      false,
	} {
		item, err := convertPolicy(parsed(t, `{"id":"p","displayName":"P","state":"enabled","conditions":`+conditions+`,
			"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`))
		var out kinds.AuthPolicy
		if err != nil || item.Decode(&out) != nil || out.OwnOnly != want {
			t.Errorf("%s: %v, %v", conditions, out.OwnOnly, err)
		}
	}
}
