package translation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func encrypted(t *testing.T, change func(*kinds.Application)) kinds.Application {
	t.Helper()
	app := samlApp()
	app.EncryptAssertion, app.EncryptionCertificate = true, goodCertificate(t)
	change(&app)
	return app
}

func TestAnAssertionIsEncryptedAsTheSourceSaysAndElseAsEveryLibraryReads(t *testing.T) {
	for name, c := range map[string]struct {
		algorithm, transport       string
		data, key, digest, noticed string
	}{
		"nothing said": {"", "", "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
			"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2000/09/xmldsig#sha1", ""},
		"said": {"AES128_GCM", "RSA_15", "http://www.w3.org/2009/xmlenc11#aes128-gcm",
			"http://www.w3.org/2001/04/xmlenc#rsa-1_5", "", ""},
		"not known": {"DES3_CBC", "RSA_OAEP", "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
			"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2000/09/xmldsig#sha1", "instead of DES3_CBC"},
	} {
		client, findings := translatedApp(t, encrypted(t, func(a *kinds.Application) {
			a.EncryptionAlgorithm, a.KeyTransport = c.algorithm, c.transport
		}))
		extra := extras(client)
		digest, _ := extra["saml.encryption.digestMethod"].(string)
		if extra["saml.encryption.algorithm"] != c.data || extra["saml.encryption.keyAlgorithm"] != c.key ||
			digest != c.digest {
			t.Errorf("%s: %v", name, extra)
		}
		if said(findings, "encryption_algorithm", "instead of") != (c.noticed != "") {
			t.Errorf("%s: %+v", name, findings)
		}
	}
}

func TestASAMLApplicationIsStartedAtTheProviderAndAnsweredWhereItWas(t *testing.T) {
	app := samlApp()
	app.EntityID, app.AssertionSeconds = "https://signin.aws.amazon.com/saml#2", 3600
	client, findings := translatedApp(t, app)
	extra := extras(client)
	if extra["saml_idp_initiated_sso_url_name"] == nil || extra["saml_idp_initiated_sso_relay_state"] != nil {
		t.Errorf("the start at the provider is %v", extra)
	}
	if extra["saml.assertion.lifespan"] != "3600" || !said(findings, "assertion_seconds", "whose clock is behind") {
		t.Errorf("an assertion lives %v", extra["saml.assertion.lifespan"])
	}
	if client["client_id"] != "https://signin.aws.amazon.com/saml#2" || !said(findings, "entity_id", "two audiences") ||
		!namesAudience(client, "https://signin.aws.amazon.com/saml") {
		t.Errorf("client %v with %v", client["client_id"], client["protocol_mappers"])
	}
	app.EntityID, app.RedirectURIs = "https://sp.example", []string{app.ACSURL, "https://sp.example/second"}
	client, findings = translatedApp(t, app)
	if len(client["protocol_mappers"].([]any)) != 0 || !said(findings, "redirect_uris", "by index") {
		t.Errorf("%v, %+v", client["protocol_mappers"], findings)
	}
}

func namesAudience(client identity.Attributes, audience string) bool {
	return slices.ContainsFunc(client["protocol_mappers"].([]any), func(m any) bool {
		config, _ := m.(map[string]any)["config"].(map[string]any)
		return config["included.custom.audience"] == audience
	})
}

func TestAProofKeyIsDemandedWhereTheSourceDoesAndNeverOfADevice(t *testing.T) {
	const demand = "pkce.code.challenge.method"
	for name, c := range map[string]struct {
		grants           []string
		required         bool
		demanded, looser bool
	}{
		"demanded":          {[]string{"authorization_code"}, true, true, false},
		"not demanded":      {[]string{"authorization_code"}, false, false, false},
		"a device":          {[]string{"device_code"}, true, false, false},
		"a device, in full": {[]string{"urn:ietf:params:oauth:grant-type:device_code"}, true, false, false},
		"both":              {[]string{"authorization_code", "device_code"}, true, false, true},
	} {
		client, findings := translatedApp(t, oidc(func(a *kinds.Application) {
			a.ClientAuthentication, a.GrantTypes, a.PKCERequired = "none", c.grants, c.required
		}))
		if _, set := extras(client)[demand]; set != c.demanded || said(findings, "pkce_required", "no proof key") != c.looser {
			t.Errorf("%s: demanded %v, %+v", name, set, findings)
		}
	}
}

func TestAnInterfaceWithoutSignInIsAClientWithoutFlows(t *testing.T) {
	client, findings := translatedApp(t, oidc(func(a *kinds.Application) {
		a.GrantTypes, a.RedirectURIs, a.ClientAuthentication, a.ClientType = nil, nil, "", "confidential"
		a.Audiences, a.TokenSeconds = []string{"api://wiki"}, 3600
	}))
	if client == nil || client["standard_flow"] != false || client["service_accounts"] != false ||
		client["secret"] != noSecret || extras(client)["access.token.lifespan"] != nil {
		t.Fatalf("the client is %v, %+v", client, findings)
	}
	if !said(findings, "grant_types", "only takes tokens") || has(findings, fidelity.Rebuild, "grant_types") {
		t.Errorf("%+v", findings)
	}
}

func TestWhatAClientMayAskForIsCarriedOrSaid(t *testing.T) {
	client, findings := translatedApp(t, oidc(func(a *kinds.Application) {
		a.GrantTypes = append(a.GrantTypes, "client_credentials")
		a.TokenSeconds, a.Calls = 3600, []string{"Role 1 of application 2"}
	}))
	if extras(client)["access.token.lifespan"] != "3600" {
		t.Errorf("a token lives %v", extras(client)["access.token.lifespan"])
	}
	for field, text := range map[string]string{"grant_types": "outlives an assignment", "scopes": "such as groups",
		"calls": "Role 1 of application 2"} {
		if !said(findings, field, text) {
			t.Errorf("nothing says %q of %s", text, field)
		}
	}
}

func TestAKeyStandsForEachAlgorithmOfItsKindAndTheFirstOneWithoutItsIDToo(t *testing.T) {
	text, ok := signingKeys(`{"keys":[{"kty":"RSA","kid":"a","alg":"RS256","n":"1","e":"AQAB"},
		{"kty":"RSA","kid":"b","n":"2","e":"AQAB"},{"kty":"EC","crv":"P-256","alg":"ES256","kid":"c","x":"1","y":"2"}]}`)
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal([]byte(text), &set); err != nil || !ok {
		t.Fatal(err)
	}
	var got []string
	for _, key := range set.Keys {
		id, _ := key["kid"].(string)
		algorithm, _ := key["alg"].(string)
		got = append(got, id+"/"+algorithm)
	}
	if want := []string{"a/", "b/", "c/ES256", "/RS256", "/PS256", "/ES256"}; !slices.Equal(got, want) {
		t.Errorf("the keys are %v, want %v", got, want)
	}
}

// goodCertificate is a certificate of the day, base64 DER.
func goodCertificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestWhatAPersonMayChangeHimselfIsSaidOfWhatAnApplicationKnowsHimBy(t *testing.T) {
	_, findings := translatedApp(t, oidc(nil))
	if !said(findings, "names", "email, firstName, lastName") {
		t.Errorf("%+v", findings)
	}
	app := samlApp() // knows people by their user name alone, which is closed
	if _, findings := translatedApp(t, app); said(findings, "names", "") {
		t.Errorf("%+v", findings)
	}
}

func TestOfSeveralKeysAllButTheFirstMustBeNamed(t *testing.T) {
	const one, other = `{"kty":"RSA","kid":"a","n":"1","e":"AQAB"}`, `{"kty":"RSA","kid":"b","n":"2","e":"AQAB"}`
	for text, want := range map[string]bool{one: false, one + "," + other: true,
		one + `,{"kty":"RSA","kid":"same","n":"1","e":"AQAB"}`:        false,
		one + `,{"kty":"EC","kid":"c","crv":"P-256","x":"1","y":"2"}`: false} {
		_, findings := translatedApp(t, oidc(func(a *kinds.Application) {
			a.ClientAuthentication, a.JWKS = "private_key_jwt", `{"keys":[`+text+`]}`
		}))
		if got := said(findings, "jwks", "names no key"); got != want {
			t.Errorf("%s: said %v, want %v", text, got, want)
		}
	}
}
