package connecting_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admintest"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/connecting"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

const (
	discoveryPath  = "/realms/acme/.well-known/openid-configuration"
	descriptorPath = "/realms/acme/protocol/saml/descriptor"
	discovery      = `{"issuer":"SERVER/realms/acme","authorization_endpoint":"SERVER/realms/acme/auth",
		"token_endpoint":"SERVER/realms/acme/token","jwks_uri":"SERVER/realms/acme/certs",
		"end_session_endpoint":"SERVER/realms/acme/logout"}`
)

var wiki = identity.Resource{Type: "client", Key: "wiki"}

// describe tells how an application connects to a client, by name of the fact; several of one name are lines.
func describe(t *testing.T, client string, more map[string]string) (map[string]string, []observation.ConnectionFact,
	error) {
	t.Helper()
	answers := map[string]string{"clients": "[" + client + "]", discoveryPath: discovery,
		"/admin/realms/acme": `{"accessTokenLifespan":300,"ssoSessionIdleTimeout":1800,"ssoSessionMaxLifespan":36000}`,
		"/realms/acme/protocol/openid-connect/certs": `{"keys":[{"kid":"k1","use":"sig","alg":"RS256"},
			{"kid":"k2","use":"enc","alg":"RSA-OAEP"}]}`}
	for path, answer := range more {
		answers[path] = answer
	}
	server := admintest.New(t, answers)
	facts, err := connecting.Describe(t.Context(), current.New(server.Client(t), "https://login.example"), wiki)
	reported := map[string]string{}
	for _, fact := range facts {
		if reported[fact.Name] != "" {
			reported[fact.Name] += "\n"
		}
		reported[fact.Name] += fact.Value
	}
	return reported, facts, err
}

func TestDescribe_AnOpenIDClientIsToldByItsPublicAddresses(t *testing.T) {
	reported, _, err := describe(t, `{"clientId":"wiki","protocol":"openid-connect","standardFlowEnabled":true,
		"redirectUris":["https://wiki.example/*","https://wiki.example/back"],
		"defaultClientScopes":["profile","basic","rehome-gate","acr"],"optionalClientScopes":["offline_access"],
		"secret":"planted","attributes":{"pkce.code.challenge.method":"S256"}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims := reported[observation.ConnectionClaims]
	delete(reported, observation.ConnectionClaims)
	test, err := url.Parse(reported[observation.ConnectionTest])
	if err != nil || test.Host != "login.example" || test.Query().Get("redirect_uri") != "https://wiki.example/back" ||
		test.Query().Get("code_challenge_method") != "S256" || test.Query().Get("client_id") != "wiki" {
		t.Errorf("the address of a test is %s, %v", test, err)
	}
	delete(reported, observation.ConnectionTest)
	want := map[string]string{
		"protocol": "OpenID Connect", "issuer": "https://login.example/realms/acme",
		"discovery_url":          "https://login.example/realms/acme/.well-known/openid-configuration",
		"authorization_endpoint": "https://login.example/realms/acme/auth",
		"token_endpoint":         "https://login.example/realms/acme/token",
		"jwks_url":               "https://login.example/realms/acme/certs",
		"logout_url":             "https://login.example/realms/acme/logout",
		"client_id":              "wiki", "client_secret": "a secret; it is handed over apart from this sheet",
		"redirect_uris":         "https://wiki.example/*\nhttps://wiki.example/back",
		"proof_key":             "PKCE with S256 is required",
		"state":                 "closed: nobody can sign in at the new side yet",
		"who_may":               "everybody who may sign in to the realm",
		"client_authentication": "client_secret_basic or client_secret_post",
		"grant_types":           "authorization_code\nrefresh_token", "response_types": "code",
		"post_logout_redirect_uris": "https://wiki.example/*\nhttps://wiki.example/back",
		"token_signing":             "RS256, key id k1",
		"lifetimes": "access and ID token: 300 seconds\nrefresh token: until the sign-on session was idle for 1800 seconds " +
			"or is 36000 seconds old\na refresh token may be used again",
	}
	scopes := reported[observation.ConnectionScopes]
	delete(reported, observation.ConnectionScopes)
	if diff := cmp.Diff(want, reported); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(scopes, "openid profile") || !strings.HasSuffix(scopes, "offline_access") ||
		strings.Contains(scopes, "basic") {
		t.Errorf("scopes are %q", scopes)
	}
	if strings.Contains(claims, "planted") {
		t.Error("the secret of the client is in a sample")
	}
	var sample map[string]any
	if err := json.Unmarshal([]byte(claims), &sample); err != nil ||
		sample["iss"] != "https://login.example/realms/acme" ||
		sample["aud"] != "wiki" || sample["preferred_username"] != "ada" || sample["email"] != nil {
		t.Errorf("the sample is %s, %v", claims, err)
	}
}

func TestDescribe_AClientProvesItselfAsItIsSet(t *testing.T) {
	for client, want := range map[string]string{
		`"publicClient":true`:                             "none: a public client",
		`"clientAuthenticatorType":"client-jwt"`:          "signs with its own key",
		`"clientAuthenticatorType":"client-x509"`:         "its own certificate",
		`"clientAuthenticatorType":"client-secret-jwt"`:   "signs the client's assertions",
		`"clientAuthenticatorType":"client-secret"`:       "a secret; it is handed over",
		`"publicClient":false`:                            "a secret; it is handed over",
		`"clientAuthenticatorType":"something-of-theirs"`: "a secret; it is handed over",
	} {
		reported, _, err := describe(t, `{"clientId":"wiki",`+client+`}`, nil)
		if err != nil || !strings.Contains(reported[observation.ConnectionClientSecret], want) {
			t.Errorf("%s: %q, %v", client, reported[observation.ConnectionClientSecret], err)
		}
	}
}

// An address that only looks like one of the application would be a dead end for its owner.
func TestDescribe_ATestBeginsOnlyWhereAnAnswerCanGo(t *testing.T) {
	const back = "https://wiki.example/back"
	for client, want := range map[string]string{
		`"standardFlowEnabled":true,"redirectUris":["https://wiki.example/back"]`:   "https://wiki.example/back",
		`"standardFlowEnabled":true,"redirectUris":["https://*.wiki.example/","+"]`: "",
		`"standardFlowEnabled":true`: "",
		`"standardFlowEnabled":false,"redirectUris":["https://wiki.example/back"]`:                  "",
		`"standardFlowEnabled":true,"rootUrl":"https://wiki.example","redirectUris":["/back"]`:      back,
		`"standardFlowEnabled":true,"redirectUris":["/back"]`:                                       "",
		`"standardFlowEnabled":true,"rootUrl":"${authBaseUrl}","redirectUris":["/back"]`:            "",
		`"standardFlowEnabled":true,"rootUrl":"","redirectUris":["/back","com.example.wiki:/back"]`: "com.example.wiki:/back",
	} {
		reported, _, err := describe(t, `{"clientId":"wiki",`+client+`}`, nil)
		test, parsed := url.Parse(reported[observation.ConnectionTest])
		if err != nil || parsed != nil || test.Query().Get("redirect_uri") != want {
			t.Errorf("%s: %s, %v", client, test, err)
		}
	}
}

func TestDescribe_TheSampleHasWhatEachMapperAdds(t *testing.T) {
	mapper := func(kind, config string) string {
		return fmt.Sprintf(`{"clientId":"wiki","standardFlowEnabled":true,"defaultClientScopes":["email"],"protocolMappers":[
			{"name":"m","protocolMapper":%q,"config":{%s}}]}`, kind, config)
	}
	for name, c := range map[string]struct{ client, claim, want string }{
		"an attribute": {mapper("oidc-usermodel-attribute-mapper", `"claim.name":"unit","user.attribute":"unit"`), "unit",
			`"(unit of the person)"`},
		"many values": {mapper("oidc-usermodel-attribute-mapper", `"claim.name":"mail","user.attribute":"email",
			"multivalued":"true"`), "mail", `["ada@example.com"]`},
		"groups with their paths": {mapper("oidc-group-membership-mapper", `"claim.name":"groups"`), "groups",
			`["/Engineering"]`},
		"groups by name": {mapper("oidc-group-membership-mapper", `"claim.name":"groups","full.path":"false"`), "groups",
			`["Engineering"]`},
		"roles": {mapper("oidc-usermodel-client-role-mapper", `"claim.name":"roles"`), "roles",
			`["(a role of the person)"]`},
		"a fixed text": {mapper("oidc-hardcoded-claim-mapper", `"claim.name":"env","claim.value":"live"`), "env",
			`"live"`},
		"dots nest": {mapper("oidc-hardcoded-claim-mapper", `"claim.name":"a.b","claim.value":"x"`), "a", `{"b":"x"}`},
		"dots that are escaped do not": {mapper("oidc-hardcoded-claim-mapper",
			`"claim.name":"https://x\\.example","claim.value":"x"`),
			"https://x.example", `"x"`},
		"what goes elsewhere is not in the ID token": {mapper("oidc-hardcoded-claim-mapper",
			`"claim.name":"env","claim.value":"x","id.token.claim":"false"`), "env", "null"},
		"a mapper of theirs is not guessed": {mapper("script-of-theirs", `"claim.name":"env"`), "env", "null"},
		"a scope":                           {mapper("none", ``), "email_verified", "true"},
	} {
		reported, _, err := describe(t, c.client, nil)
		var sample map[string]any
		if err != nil || json.Unmarshal([]byte(reported[observation.ConnectionClaims]), &sample) != nil {
			t.Errorf("%s: %v, %v", name, reported, err)
			continue
		}
		if got, err := json.Marshal(sample[c.claim]); err != nil || string(got) != c.want {
			t.Errorf("%s: %s is %s, wanted %s", name, c.claim, got, c.want)
		}
	}
}

// certificate is a new one, as the descriptor of a realm has it.
func certificate(t *testing.T, until time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func descriptor(keys ...string) string {
	text := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
		xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
		entityID="SERVER/realms/acme"><md:IDPSSODescriptor>`
	for i, key := range keys {
		use := []string{` use="signing"`, "", ` use="encryption"`}[i%3]
		text += `<md:KeyDescriptor` + use + `><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + key +
			`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
	}
	return text + `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
		Location="SERVER/realms/acme/protocol/saml"/><md:SingleSignOnService
		Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="SERVER/realms/acme/protocol/saml"/>
		</md:IDPSSODescriptor></md:EntityDescriptor>`
}

func TestDescribe_ASAMLClientIsToldWhomToTrustAndWhatItGets(t *testing.T) {
	until := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	signing, either := certificate(t, until), certificate(t, until.AddDate(1, 0, 0))
	reported, facts, err := describe(t, `{"clientId":"wiki","protocol":"saml","baseUrl":"https://wiki.example/",
		"redirectUris":["https://wiki.example/b","https://wiki.example/acs"],
		"attributes":{"saml_assertion_consumer_url_post":"https://wiki.example/acs","saml_name_id_format":"email"},
		"protocolMappers":[{"name":"r","protocolMapper":"saml-role-list-mapper","config":{"attribute.name":"Role"}},
			{"name":"b","protocolMapper":"saml-user-attribute-mapper","config":{}}]}`,
		map[string]string{descriptorPath: descriptor(signing, either, certificate(t, until))})
	if err != nil {
		t.Fatal(err)
	}
	var expire []string
	for _, fact := range facts {
		if fact.Name == observation.ConnectionCertificate {
			expire = append(expire, fact.Expires)
		}
	}
	// a key for encryption signs nothing; a key without a use does
	if diff := cmp.Diff([]string{"2031-02-03T04:05:06Z", "2032-02-03T04:05:06Z"}, expire); diff != "" {
		t.Error(diff)
	}
	if sample := reported[observation.ConnectionClaims]; !strings.HasPrefix(sample, "NameID: ada@example.com\n") ||
		!strings.Contains(sample, `"Role"`) || strings.Contains(sample, `""`) {
		t.Errorf("the sample is %s", sample)
	}
	delete(reported, observation.ConnectionCertificate)
	delete(reported, observation.ConnectionClaims)
	if diff := cmp.Diff(map[string]string{
		"protocol": "SAML 2.0", "idp_entity_id": "https://login.example/realms/acme",
		"metadata_url": "https://login.example/realms/acme/protocol/saml/descriptor",
		"sso_url":      "https://login.example/realms/acme/protocol/saml",
		"state":        "closed: nobody can sign in at the new side yet",
		"who_may":      "everybody who may sign in to the realm",
		"bindings":     "requests by HTTP-Redirect or HTTP-POST\nanswers by HTTP-POST",
		"signed_parts": "nothing", "request_signing": "may go unsigned", "encryption": "none",
		"attributes": "Role (Unspecified)",
		"lifetimes": "an assertion may be used for 300 seconds, from the second in which it is made: let the application " +
			"allow for clocks that differ",
		"sp_entity_id": "wiki", "acs_urls": "https://wiki.example/acs\nhttps://wiki.example/b",
		"name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "test_url": "https://wiki.example/",
	}, reported); diff != "" {
		t.Error(diff)
	}
}

func TestDescribe_TheNameIDIsThatOfTheFormatOrOfItsMapper(t *testing.T) {
	const oasis = "urn:oasis:names:tc:SAML:"
	for _, c := range [][3]string{
		{"persistent", oasis + "2.0:nameid-format:persistent", "G-00000000"},
		{"transient", oasis + "2.0:nameid-format:transient", "(another one at each sign-in)"},
		{"username", oasis + "1.1:nameid-format:unspecified", "ada"},
		{"", oasis + "1.1:nameid-format:unspecified", "ada"},
	} {
		reported, _, err := describe(t, `{"clientId":"wiki","protocol":"saml","attributes":{"saml_name_id_format":"`+c[0]+
			`","saml_idp_initiated_sso_url_name":"wiki"}}`,
			map[string]string{descriptorPath: descriptor(certificate(t, time.Unix(2e9, 0)))})
		if err != nil || reported[observation.ConnectionNameID] != c[1] ||
			!strings.HasPrefix(reported[observation.ConnectionClaims], "NameID: "+c[2]) ||
			reported[observation.ConnectionTest] != "https://login.example/realms/acme/protocol/saml/clients/wiki" {
			t.Errorf("%s: %v, %v", c[0], reported, err)
		}
	}
}

func TestDescribe_WhatCannotBeToldIsAnErrorThatSaysWhy(t *testing.T) {
	saml := `{"clientId":"wiki","protocol":"saml"}`
	for name, c := range map[string]struct {
		client string
		more   map[string]string
		code   contract.ErrorCode
		says   string
	}{
		"no such client":       {`{"clientId":"wiki2"}`, nil, contract.ErrorNotFound, `no client "wiki"`},
		"may not read clients": {"", map[string]string{"clients": "403"}, contract.ErrorForbidden, ""},
		"no discovery": {`{"clientId":"wiki"}`, map[string]string{discoveryPath: "404"}, contract.ErrorNotFound,
			""},
		"a discovery of nothing": {`{"clientId":"wiki"}`, map[string]string{discoveryPath: "{}"}, contract.ErrorInvalid,
			"lacks"},
		"a discovery of text": {`{"clientId":"wiki"}`, map[string]string{discoveryPath: `"x"`}, contract.ErrorInvalid, ""},
		"a key that is no base64": {saml, map[string]string{descriptorPath: descriptor("%%")}, contract.ErrorInvalid,
			"no base64"},
		"a key that is none": {saml, map[string]string{descriptorPath: descriptor("AAAA")}, contract.ErrorInvalid,
			"does not read"},
		"a descriptor of text": {saml, map[string]string{descriptorPath: "hello"}, contract.ErrorInvalid, ""},
	} {
		_, _, err := describe(t, c.client, c.more)
		var fault *contract.ProviderError
		if !errors.As(err, &fault) || fault.Code != c.code || !strings.Contains(fault.Message, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := connecting.Describe(t.Context(), nil, identity.Resource{Type: "group", Key: "/eng"})
	var fault *contract.ProviderError
	if !errors.As(err, &fault) || fault.Code != contract.ErrorUnsupported {
		t.Errorf("a group: %v", err)
	}
}
