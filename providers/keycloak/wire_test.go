package keycloak

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// application is an item of an application.
func application(t *testing.T, app kinds.Application) identity.Item {
	t.Helper()
	item, err := identity.NewItem(identity.KindApplication, app.Name, app.Name, app)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// wired applies applications to a fresh realm.
func wired(t *testing.T, apps ...kinds.Application) (*Target, *keycloaktest.Realm) {
	t.Helper()
	target, made := liveTarget(t)
	mustApply(t, target, create(realm.TypeGateFlows, realm.GateFlowsKey,
		identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}))
	items := make([]identity.Item, len(apps))
	for i, app := range apps {
		items[i] = application(t, app)
	}
	applyTranslated(t, target, items)
	return target, made
}

// A machine that signs with its own key may use each algorithm of it, with and without naming it.
func TestKeycloak_AClientSignsWithEachAlgorithmOfItsKeys(t *testing.T) {
	var set jose.JSONWebKeySet
	var keys []*rsa.PrivateKey
	for _, id := range []string{"one", "two"} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: &key.PublicKey, KeyID: id, Algorithm: "RS256", Use: "sig"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	_, made := wired(t, kinds.Application{Name: "job", ClientID: "job", Status: identity.StatusActive, Protocol: "oidc",
		Access: identity.AccessEveryone, ClientAuthentication: "private_key_jwt", JWKS: string(text),
		GrantTypes: []string{"client_credentials"}, ClaimsKnown: true, TokenSeconds: 1234},
		kinds.Application{Name: "portal", ClientID: "portal", Status: identity.StatusActive, Protocol: "oidc",
			Access: identity.AccessAssigned, ClientAuthentication: "none", GrantTypes: []string{"authorization_code"},
			RedirectURIs: []string{"https://portal.example.test/cb"}, ClaimsKnown: true})
	for _, c := range []struct {
		key int
		id  string
	}{{0, "one"}, {1, "two"}, {0, ""}} {
		for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256} {
			t.Run(string(algorithm)+" "+c.id, func(t *testing.T) {
				answer := post(t, made, "token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"job"},
					"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
					"client_assertion":      {assertionOf(t, made, "job", keys[c.key], c.id, algorithm)}})
				if answer["access_token"] == nil || answer["expires_in"] != float64(1234) {
					t.Errorf("the answer is %v", answer)
				}
			})
		}
	}
	testDiscoveryShowsNoMachinery(t, made)
}

func assertionOf(t *testing.T, made *keycloaktest.Realm, client string, key *rsa.PrivateKey, id string,
	algorithm jose.SignatureAlgorithm) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	if id != "" {
		options = options.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{"iss": client, "sub": client, "jti": uuid.NewString(),
		"aud": made.Server.URL + "/realms/" + made.Name, "exp": time.Now().Add(time.Minute).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// testDiscoveryShowsNoMachinery reads what every stranger may read of a realm with a gate in it.
func testDiscoveryShowsNoMachinery(t *testing.T, made *keycloaktest.Realm) {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(fetch(t, made.Server.URL+"/realms/"+made.Name+"/.well-known/openid-configuration"),
		&document); err != nil {
		t.Fatal(err)
	}
	scopes := object.Texts(document["scopes_supported"])
	if len(scopes) == 0 {
		t.Error("the document names no scope")
	}
	for _, scope := range scopes {
		if gating.IsGateScope(scope) {
			t.Errorf("the document names the scope %s", scope)
		}
	}
}

// A device asks for a code without a proof key, which no client library sends there.
func TestKeycloak_ADeviceIsNotAskedForAProofKey(t *testing.T) {
	_, made := wired(t, kinds.Application{Name: "tv", ClientID: "tv", Status: identity.StatusActive, Protocol: "oidc",
		Access: identity.AccessAssigned, ClientAuthentication: "none", PKCERequired: true, ClaimsKnown: true,
		GrantTypes: []string{"authorization_code", "device_code"}, RedirectURIs: []string{"https://tv.example.test/cb"}})
	if answer := post(t, made, "auth/device", url.Values{"client_id": {"tv"}, "scope": {"openid"}}); answer["user_code"] == nil {
		t.Errorf("the answer is %v", answer)
	}
	clients := made.Server.URL + "/realms/" + made.Name + "/protocol/openid-connect/auth?" + url.Values{"client_id": {"tv"},
		"redirect_uri": {"https://tv.example.test/cb"}, "response_type": {"code"}, "scope": {"openid"}}.Encode()
	if response, _ := (&browser{t: t, cookies: map[string]string{}}).open(http.MethodGet, clients,
		nil); response.StatusCode != http.StatusOK {
		t.Errorf("in the browser the answer is %d", response.StatusCode)
	}
}
