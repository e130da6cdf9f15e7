package keycloak

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"html"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"
	saml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	zitadel "github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

const adasPassword = "a-long-test-password"

// listed gives each of four applications to the group of Ada and says what its owner's sheet holds.
type listed struct {
	*testing.T
	target *Target
	made   *keycloaktest.Realm
}

// sheet is all that an owner is told of his application.
func (l listed) sheet(client string) map[string]string {
	l.Helper()
	list, err := l.target.Connection(l.Context(), clientResource(client))
	if err != nil {
		l.Fatal(err)
	}
	return facts(list)
}

// through lets Ada sign in from an address and stops where she leaves the server: at a redirect to the callback, or at a
// page with an answer by SAML.
func (l listed) through(address, callback string) (*url.URL, string) {
	l.Helper()
	b := &browser{t: l.T, cookies: map[string]string{}}
	response, page := b.open(http.MethodGet, address, nil)
	for range 10 {
		location := response.Header.Get("Location")
		if location != "" && strings.HasPrefix(location, callback) {
			answer, err := url.Parse(location)
			if err != nil {
				l.Fatal(err)
			}
			return answer, ""
		}
		if answer := samlAnswer.FindStringSubmatch(page); answer != nil {
			return nil, html.UnescapeString(answer[1])
		}
		if location != "" {
			response, page = b.open(http.MethodGet, location, nil)
			continue
		}
		action := formAction.FindStringSubmatch(page)
		if response.StatusCode != http.StatusOK || action == nil {
			break
		}
		response, page = b.open(http.MethodPost, html.UnescapeString(action[1]),
			url.Values{"username": {"ada"}, "password": {adasPassword}})
	}
	l.Fatalf("the sign-in from %s ends with %d: %s", address, response.StatusCode, page)
	return nil, ""
}

var samlAnswer = regexp.MustCompile(`(?i)name="SAMLResponse"\s+value="([^"]+)"`)

// serviceProvider is the key pair of an application that speaks SAML.
func serviceProvider(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// sheets makes four applications of which Ada may use each.
func sheets(t *testing.T, key tls.Certificate) listed {
	t.Helper()
	app := func(name, protocol string, change func(*kinds.Application)) kinds.Application {
		a := kinds.Application{Name: name, Status: identity.StatusActive, Protocol: protocol,
			Access: identity.AccessAssigned, ClaimsKnown: true}
		change(&a)
		return a
	}
	certificate := base64.StdEncoding.EncodeToString(key.Certificate[0])
	saml := func(a *kinds.Application) {
		a.EntityID, a.ACSURL = "https://"+a.Name+".example.test/metadata", "https://"+a.Name+".example.test/acs"
		a.NameIDFormat, a.NameIDSource, a.SignAssertion, a.SignResponse = "emailAddress", "${user.email}", true, true
		a.EncryptAssertion, a.EncryptionCertificate, a.AssertionSeconds = true, certificate, 300
		a.AttributeStatements = []kinds.AttributeStatement{{Name: "first", NameFormat: "Basic", Type: "EXPRESSION",
			Values: []string{"user.firstName"}}}
	}
	target, made := wired(t,
		app("wiki", "oidc", func(a *kinds.Application) {
			a.ClientID, a.ClientAuthentication, a.PKCERequired = "wiki", "client_secret_basic", true
			a.RedirectURIs = []string{"https://wiki.example.test/cb"}
			a.GrantTypes = []string{"authorization_code", "refresh_token"}
		}),
		app("mobile", "oidc", func(a *kinds.Application) {
			a.ClientID, a.ClientAuthentication = "mobile", "none"
			a.RedirectURIs, a.GrantTypes = []string{"https://mobile.example.test/cb"}, []string{"authorization_code"}
		}),
		app("payroll", "saml", saml),
		app("travel", "saml", func(a *kinds.Application) {
			saml(a)
			a.RequestSigned, a.SigningCertificate, a.LogoutURL = true, certificate, "https://travel.example.test/slo"
		}))
	mustApply(t, target, create(realm.TypeGroup, "/staff", identity.Attributes{"path": "/staff", "name": "staff"}))
	for _, client := range []string{"wiki", "mobile", "https://payroll.example.test/metadata",
		"https://travel.example.test/metadata"} {
		mustApply(t, target, create(realm.TypeRoleAssignment, "/staff -> "+client+"/access",
			identity.Attributes{"group": "/staff", "client": client, "role": "access"}))
	}
	made.AdminRealm(t, http.MethodPost, "/users", map[string]any{
		"username": "ada", "email": "ada@example.test", "firstName": "Ada", "lastName": "Test", "enabled": true,
		"emailVerified": true, "groups": []any{"/staff"},
		"credentials": []any{map[string]any{"type": "password", "value": adasPassword, "temporary": false}},
	})
	return listed{t, target, made}
}

// Whoever configures a client library from nothing but his sheet signs people in.
func TestKeycloak_LibrariesSignInWithWhatTheSheetSays(t *testing.T) {
	key := serviceProvider(t)
	l := sheets(t, key)
	for name, try := range map[string]func(listed){"go-oidc": goOIDC, "zitadel": zitadelOIDC,
		"crewjam": func(l listed) { crewjamSAML(l, key) }, "gosaml2": func(l listed) { goSAML2(l, key) }} {
		t.Run(name, func(t *testing.T) { try(listed{t, l.target, l.made}) })
	}
}

func goOIDC(l listed) {
	says := l.sheet("wiki")
	provider, err := oidc.NewProvider(l.Context(), says[observation.ConnectionIssuer])
	if err != nil {
		l.Fatal(err)
	}
	config := oauth2.Config{ClientID: says[observation.ConnectionClientID], Endpoint: provider.Endpoint(),
		ClientSecret: secretOfClient(l.T, l.target, "wiki"), // handed over apart from the sheet
		RedirectURL:  says[observation.ConnectionRedirects], Scopes: strings.Fields(says[observation.ConnectionScopes])}
	if provider.Endpoint().TokenURL != says[observation.ConnectionToken] ||
		says[observation.ConnectionMethod] != "client_secret_basic or client_secret_post" ||
		!strings.Contains(says[observation.ConnectionProofKey], "S256") {
		l.Fatalf("the sheet says %v", says)
	}
	verifier := oauth2.GenerateVerifier()
	answer, _ := l.through(config.AuthCodeURL("state", oidc.Nonce("nonce"), oauth2.S256ChallengeOption(verifier)),
		config.RedirectURL)
	token, err := config.Exchange(l.Context(), answer.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		l.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	checked, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID,
		SupportedSigningAlgs: []string{strings.SplitN(says[observation.ConnectionSigning], ",", 2)[0]}}).Verify(l.Context(), raw)
	if err != nil {
		l.Fatal(err)
	}
	var claims struct{ Email, Name string }
	if err := checked.Claims(&claims); err != nil || claims.Email != "ada@example.test" || claims.Name != "Ada Test" ||
		checked.Nonce != "nonce" {
		l.Errorf("the ID token says %+v, %v", claims, err)
	}
}

func zitadelOIDC(l listed) {
	says := l.sheet("mobile")
	if says[observation.ConnectionMethod] != "none" || says[observation.ConnectionProofKey] != "" ||
		says[observation.ConnectionGrants] != "authorization_code" {
		l.Fatalf("the sheet says %v", says)
	}
	party, err := rp.NewRelyingPartyOIDC(l.Context(), says[observation.ConnectionIssuer],
		says[observation.ConnectionClientID], "", says[observation.ConnectionRedirects],
		strings.Fields(says[observation.ConnectionScopes]))
	if err != nil {
		l.Fatal(err)
	}
	answer, _ := l.through(rp.AuthURL("state", party), says[observation.ConnectionRedirects])
	tokens, err := rp.CodeExchange[*zitadel.IDTokenClaims](l.Context(), answer.Query().Get("code"), party)
	if err != nil {
		l.Fatal(err)
	}
	if tokens.IDTokenClaims.Email != "ada@example.test" {
		l.Errorf("the ID token says %+v", tokens.IDTokenClaims)
	}
}

func address(t *testing.T, text string) url.URL {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return *parsed
}

func crewjamSAML(l listed, key tls.Certificate) {
	says := l.sheet("https://payroll.example.test/metadata")
	metadata, err := samlsp.FetchMetadata(l.Context(), http.DefaultClient, address(l.T, says[observation.ConnectionMetadata]))
	if err != nil {
		l.Fatal(err)
	}
	if metadata.EntityID != says[observation.ConnectionEntityID] || says[observation.ConnectionRequests] != "may go unsigned" ||
		says[observation.ConnectionLogout] != "" {
		l.Fatalf("the sheet says %v", says)
	}
	provider := saml.ServiceProvider{EntityID: says[observation.ConnectionAudience], IDPMetadata: metadata,
		Key: key.PrivateKey.(*rsa.PrivateKey), Certificate: key.Leaf, AcsURL: address(l.T, says[observation.ConnectionACS]),
		AuthnNameIDFormat: saml.NameIDFormat(says[observation.ConnectionNameID])}
	request, err := provider.MakeAuthenticationRequest(says[observation.ConnectionSignOn], saml.HTTPRedirectBinding,
		saml.HTTPPostBinding)
	if err != nil {
		l.Fatal(err)
	}
	to, err := request.Redirect("", &provider)
	if err != nil {
		l.Fatal(err)
	}
	_, encoded := l.through(to.String(), says[observation.ConnectionACS])
	response, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		l.Fatal(err)
	}
	assertion, err := provider.ParseXMLResponse(response, []string{request.ID}, provider.AcsURL)
	if err != nil {
		if invalid, ok := err.(*saml.InvalidResponseError); ok {
			l.Fatal(invalid.PrivateErr)
		}
		l.Fatal(err)
	}
	if assertion.Subject.NameID.Value != "ada@example.test" {
		l.Errorf("the assertion names %+v", assertion.Subject.NameID)
	}
}

func goSAML2(l listed, key tls.Certificate) {
	says := l.sheet("https://travel.example.test/metadata")
	if !strings.HasPrefix(says[observation.ConnectionRequests], "must be signed") ||
		says[observation.ConnectionLogout] == "" || !strings.Contains(says["attributes"], "first (Basic)") {
		l.Fatalf("the sheet says %v", says)
	}
	block, _ := pem.Decode([]byte(says[observation.ConnectionCertificate]))
	trusted, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		l.Fatal(err)
	}
	provider := &saml2.SAMLServiceProvider{IdentityProviderSSOURL: says[observation.ConnectionSignOn],
		IdentityProviderIssuer: says[observation.ConnectionEntityID], ServiceProviderIssuer: says[observation.ConnectionAudience],
		AssertionConsumerServiceURL: says[observation.ConnectionACS], AudienceURI: says[observation.ConnectionAudience],
		SignAuthnRequests: true, NameIdFormat: says[observation.ConnectionNameID], SPKeyStore: dsig.TLSCertKeyStore(key),
		IDPCertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{trusted}}}
	request, err := provider.BuildAuthRequestDocumentNoSig() // by HTTP-Redirect it is the address that is signed
	if err != nil {
		l.Fatal(err)
	}
	to, err := provider.BuildAuthURLRedirect("", request)
	if err != nil {
		l.Fatal(err)
	}
	_, encoded := l.through(to, says[observation.ConnectionACS])
	said, err := provider.RetrieveAssertionInfo(encoded)
	if err != nil {
		l.Fatal(err)
	}
	if said.NameID != "ada@example.test" || said.Values.Get("first") != "Ada" || said.WarningInfo.InvalidTime ||
		said.WarningInfo.NotInAudience {
		l.Errorf("the assertion says %+v, warnings %+v", said, said.WarningInfo)
	}
}
