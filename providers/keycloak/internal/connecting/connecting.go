package connecting

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// exampleChallenge is the proof key of RFC 7636, appendix B: it lets a test address show the sign-in page of a client
// that demands one.
const exampleChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

// connector describes how applications connect to one realm.
type connector struct {
	*current.Realm
}

// Describe tells how an application connects to a client of the realm. Addresses and keys come from the server's own
// discovery document and SAML descriptor, names from the live client.
func Describe(ctx context.Context, c *current.Realm,
	resource identity.Resource) ([]observation.ConnectionFact, error) {
	const doing = "describing a connection"
	if resource.Type != realm.TypeClient {
		return nil, &contract.ProviderError{Code: contract.ErrorUnsupported,
			Message: fmt.Sprintf("applications connect to a client, not to a %s", resource.Type)}
	}
	live, err := c.Application(ctx, resource.Key)
	if err != nil {
		return nil, admin.Outward(doing, err)
	}
	if live == nil {
		return nil, &contract.ProviderError{Code: contract.ErrorNotFound,
			Message: fmt.Sprintf("the realm has no client %q", admin.Printable(resource.Key))}
	}
	t, sheet := connector{c}, &connection{}
	if err := t.entry(ctx, live, sheet); err != nil {
		return nil, admin.Outward(doing, err)
	}
	if admin.Text(live, "protocol") == gating.ProtocolSAML {
		err = t.connectSAML(ctx, live, sheet)
	} else {
		err = t.connectOIDC(ctx, live, sheet)
	}
	if err != nil {
		return nil, admin.Outward(doing, err)
	}
	return sheet.facts, nil
}

// connection gathers facts; those without a value are left out.
type connection struct{ facts []observation.ConnectionFact }

func (c *connection) add(name, value string) { c.note(name, value, "") }

func (c *connection) note(name, value, note string) {
	if value != "" {
		c.facts = append(c.facts, observation.ConnectionFact{Name: name, Value: value, Note: note})
	}
}

// discovery is what an application needs of the discovery document.
type discovery struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Keys          string `json:"jwks_uri"`
	Logout        string `json:"end_session_endpoint"`
	Device        string `json:"device_authorization_endpoint"`
	UserInfo      string `json:"userinfo_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
}

func (t connector) connectOIDC(ctx context.Context, live object.Object, sheet *connection) error {
	var found discovery
	if err := t.Realm.Get(ctx, t.Realm.Public(".well-known", "openid-configuration"), nil, &found); err != nil {
		return err
	}
	if found.Issuer == "" || found.Authorization == "" || found.Token == "" || found.Keys == "" {
		return t.Realm.Invalid(admin.Call{Method: "GET", Path: t.Realm.Public(".well-known", "openid-configuration")},
			"the discovery document lacks an address")
	}
	id := admin.Text(live, "clientId")
	issuer := t.Outside(found.Issuer)
	sheet.add(observation.ConnectionProtocol, "OpenID Connect")
	sheet.add(observation.ConnectionIssuer, issuer)
	sheet.add(observation.ConnectionDiscovery, issuer+"/.well-known/openid-configuration")
	sheet.add(observation.ConnectionAuthorization, t.Outside(found.Authorization))
	sheet.add(observation.ConnectionToken, t.Outside(found.Token))
	sheet.add(observation.ConnectionKeys, t.Outside(found.Keys))
	sheet.add(observation.ConnectionLogout, t.Outside(found.Logout))
	sheet.add(observation.ConnectionClientID, id)
	sheet.add(observation.ConnectionClientSecret, secretArrives(live))
	redirects := object.Texts(live["redirectUris"])
	sheet.add(observation.ConnectionRedirects, strings.Join(redirects, "\n"))
	sheet.add(observation.ConnectionScopes, strings.Join(scopesOf(live), " "))
	if method := admin.Text(admin.Part(live, "attributes"), "pkce.code.challenge.method"); method != "" {
		sheet.add(observation.ConnectionProofKey, "PKCE with "+method+" is required")
	}
	if err := t.wireOIDC(ctx, live, found, sheet); err != nil {
		return err
	}
	_, responses := grantsOf(live)
	if len(responses) > 0 || isDevice(live) {
		sheet.note(observation.ConnectionClaims, oidcSample(live, issuer),
			"an ID token with made-up values; it also holds times and ids of the session")
	} else if object.Truth(live, "serviceAccountsEnabled") {
		sheet.note(observation.ConnectionClaims, accessSample(live, issuer),
			"an access token with made-up values; it also holds times and ids")
	}
	if object.Truth(live, "standardFlowEnabled") {
		sheet.note(observation.ConnectionTest, t.testAddress(live, t.Outside(found.Authorization), redirects),
			"shows the sign-in page and then leads to the application, which may refuse a sign-in that it did not begin")
	}
	return nil
}

// secretArrives says how the client proves itself. The secret itself is never read.
func secretArrives(live object.Object) string {
	if public, _ := live["publicClient"].(bool); public {
		return "none: a public client"
	}
	switch method := admin.Text(live, "clientAuthenticatorType"); method {
	case "client-jwt":
		return "none: the client signs with its own key, and names the new token endpoint as audience"
	case "client-x509":
		return "none: the client shows its own certificate"
	case "client-secret-jwt":
		return "a secret that signs the client's assertions; it is handed over apart from this sheet"
	default:
		return "a secret; it is handed over apart from this sheet"
	}
}

// scopesOf lists what the application may ask for; scopes that only carry the gate are left out.
func scopesOf(live object.Object) []string {
	scopes := []string{"openid"}
	for _, list := range []string{"defaultClientScopes", "optionalClientScopes"} {
		for _, scope := range object.Texts(live[list]) {
			switch scope {
			case "openid", "acr", "basic", "roles", "web-origins", "service_account":
			default:
				if !gating.IsGateScope(scope) {
					scopes = append(scopes, scope)
				}
			}
		}
	}
	return scopes
}

// testAddress begins a sign-in at the server without any change at the application.
func (t connector) testAddress(live object.Object, authorization string, redirects []string) string {
	callback := callbackOf(redirects, admin.Text(live, "rootUrl"))
	if callback == "" {
		return ""
	}
	query := url.Values{"client_id": {admin.Text(live, "clientId")}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid"}}
	if method := admin.Text(admin.Part(live, "attributes"), "pkce.code.challenge.method"); method != "" {
		query.Set("code_challenge", exampleChallenge)
		query.Set("code_challenge_method", "S256")
	}
	return authorization + "?" + query.Encode()
}

// callbackOf is the first address of the application that stands for itself alone, empty where there is none. The
// server puts the root address of the client before a relative one; without such a root an answer would go to the
// server itself.
func callbackOf(redirects []string, root string) string {
	for _, uri := range redirects {
		if strings.HasPrefix(uri, "/") {
			uri = root + uri
		}
		at, err := url.Parse(uri)
		if err == nil && at.Scheme != "" && !strings.Contains(uri, "*") {
			return uri
		}
	}
	return ""
}
