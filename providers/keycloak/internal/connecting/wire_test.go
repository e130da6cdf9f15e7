package connecting

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// live reads a client as the server gives it.
func live(t *testing.T, text string) object.Object {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var o object.Object
	if err := decoder.Decode(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestMethodOf_IsWhatALibraryCallsIt(t *testing.T) {
	for text, want := range map[string]string{
		`{"publicClient":true}`:                              "none",
		`{"clientAuthenticatorType":"client-jwt"}`:           "private_key_jwt",
		`{"clientAuthenticatorType":"client-secret-jwt"}`:    "client_secret_jwt",
		`{"clientAuthenticatorType":"client-x509"}`:          "tls_client_auth",
		`{"clientAuthenticatorType":"client-secret"}`:        "client_secret_basic or client_secret_post",
		`{"publicClient":false,"standardFlowEnabled":false}`: "client_secret_basic or client_secret_post",
	} {
		if got := methodOf(live(t, text)); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestGrantsOf_AreThoseThatAreSwitchedOn(t *testing.T) {
	for text, want := range map[string][2]string{
		`{"standardFlowEnabled":true}`: {"authorization_code refresh_token", "code"},
		`{"standardFlowEnabled":true,"implicitFlowEnabled":true,"attributes":{"use.refresh.tokens":"false"}}`: {
			"authorization_code implicit", "code id_token token id_token token"},
		`{"serviceAccountsEnabled":true,"attributes":{"use.refresh.tokens":"false"}}`: {"client_credentials", ""},
		`{"attributes":{"oauth2.device.authorization.grant.enabled":"true"}}`: {
			"urn:ietf:params:oauth:grant-type:device_code refresh_token", ""},
		`{}`: {"", ""},
	} {
		grants, responses := grantsOf(live(t, text))
		if got := [2]string{strings.Join(grants, " "), strings.Join(responses, " ")}; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestLandings_SayWhereAPersonMayLandAfterSigningOut(t *testing.T) {
	for said, want := range map[string]string{"+": "https://a.example", "-": "none",
		"https://b.example##https://c.example": "https://b.example\nhttps://c.example"} {
		client := live(t, `{"redirectUris":["https://a.example"],"attributes":{}}`)
		object.Sub(client, "attributes")["post.logout.redirect.uris"] = said
		if got := landings(client); got != want {
			t.Errorf("%s: %q, want %q", said, got, want)
		}
	}
	if got := landings(live(t, `{"redirectUris":["https://a.example"]}`)); got != "https://a.example" {
		t.Errorf("unsaid: %q", got)
	}
}

func TestLifetimes_AreThoseOfTheClientOrOfTheRealm(t *testing.T) {
	settings := `{"accessTokenLifespan":300,"ssoSessionIdleTimeout":1800,"ssoSessionMaxLifespan":36000,` +
		`"revokeRefreshToken":%s}`
	realm := live(t, strings.ReplaceAll(settings, "%s", "false"))
	got := lifetimes(live(t, `{"attributes":{"access.token.lifespan":"3600"}}`), realm)
	for _, want := range []string{"3600 seconds", "idle for 1800 seconds or is 36000", "may be used again"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	got = lifetimes(live(t, `{"attributes":{"use.refresh.tokens":"false"}}`), realm)
	if !strings.Contains(got, "300 seconds") || !strings.Contains(got, "no refresh token") {
		t.Errorf("without refresh tokens: %q", got)
	}
	if got := lifetimes(live(t, `{}`), live(t, strings.ReplaceAll(settings, "%s", "true"))); !strings.Contains(got,
		"the used one is refused") {
		t.Errorf("with rotation: %q", got)
	}
}

func TestKeysOf_NameTheKeysThatTheClientMaySignWith(t *testing.T) {
	client := live(t, `{"attributes":{"jwks.string":"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\"},`+
		`{\"kty\":\"EC\",\"kid\":\"b\"},{\"kty\":\"RSA\"}]}"}}`)
	want := "key id a, RS256 or PS256\nkey id b, the algorithm of its curve\nor no key id, with the first of them"
	if got := keysOf(client); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := keysOf(live(t, `{"attributes":{"jwks.url":"https://a.example/keys"}}`)); got != "those at https://a.example/keys" {
		t.Errorf("by address: %q", got)
	}
}

func TestWireOfSAML_SaysWhatIsSignedAndEncryptedWithWhat(t *testing.T) {
	const plain, whole = `{"attributes":{"saml.client.signature":"false"}}`, `{"attributes":{
		"saml.server.signature":"true","saml.assertion.signature":"true","saml.signature.algorithm":"RSA_SHA512",
		"saml.client.signature":"true","saml.signing.certificate":"not base64","saml.encrypt":"true",
		"saml.encryption.certificate":"AAAA","saml.encryption.algorithm":"http://www.w3.org/2001/04/xmlenc#aes256-cbc"}}`
	for _, c := range []struct {
		say        func(object.Object) string
		plain, all string
	}{
		{signedParts, "nothing", "the response and the assertion, with RSA_SHA512"},
		{requests, "may go unsigned", "must be signed by the application, with the key of the certificate that does not read"},
		{encryptedTo, "none", "to the certificate that does not read\nhttp://www.w3.org/2001/04/xmlenc#aes256-cbc"},
	} {
		if got := c.say(live(t, plain)); got != c.plain {
			t.Errorf("%q, want %q", got, c.plain)
		}
		if got := c.say(live(t, whole)); got != c.all {
			t.Errorf("%q, want %q", got, c.all)
		}
	}
}

func TestAttributesOf_HaveTheFormatsOfTheirNames(t *testing.T) {
	client := live(t, `{"protocolMappers":[
		{"name":"b","protocolMapper":"saml-user-attribute-mapper","config":{"attribute.name":"mail",
			"attribute.nameformat":"Basic"}},
		{"name":"a","protocolMapper":"saml-user-attribute-mapper","config":{"attribute.name":"role"}},
		{"name":"c","protocolMapper":"saml-audience-mapper","config":{"included.custom.audience":"x"}}]}`)
	if got := attributesOf(client); !slices.Equal(got, []string{"role (Unspecified)", "mail (Basic)"}) {
		t.Errorf("%q", got)
	}
}

func TestAccessSample_IsATokenOfAMachineAndNamesNoPerson(t *testing.T) {
	client := live(t, `{"clientId":"job","protocolMappers":[{"name":"own audience","protocolMapper":"oidc-audience-mapper",
		"config":{"included.client.audience":"job"}},{"name":"audience 1","protocolMapper":"oidc-audience-mapper",
		"config":{"included.custom.audience":"api://wiki"}}]}`)
	var token map[string]any
	if err := json.Unmarshal([]byte(accessSample(client, "https://id.example/realms/acme")), &token); err != nil {
		t.Fatal(err)
	}
	if token["client_id"] != "job" || token["email"] != nil || !slices.Equal(object.Texts(token["aud"]),
		[]string{"api://wiki", "job"}) {
		t.Errorf("the sample is %v", token)
	}
}
