package keycloak

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// A token of one application is good for that one only, though the person may use another one too.
func TestKeycloak_ATokenOfOneApplicationIsForNoOther(t *testing.T) {
	target, made := liveTarget(t)
	mustApply(t, target, create(realm.TypeGateFlows, realm.GateFlowsKey,
		identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}))
	mustApply(t, target, create(realm.TypeGroup, "/staff", identity.Attributes{"path": "/staff", "name": "staff"}))
	var items []identity.Item
	for _, name := range []string{"wiki", "payroll"} {
		item, err := identity.NewItem(identity.KindApplication, name, name, kinds.Application{
			Name: name, Status: identity.StatusActive, Protocol: "oidc", Access: identity.AccessAssigned, ClientID: name,
			ClientAuthentication: "client_secret_post", RedirectURIs: []string{"https://" + name + ".example.test/cb"},
			GrantTypes: []string{"authorization_code", "refresh_token"}, ClaimsKnown: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	done := applyTranslated(t, target, items)
	for _, name := range []string{"wiki", "payroll"} {
		mustApply(t, target, create(realm.TypeRoleAssignment, "/staff -> "+name+"/access",
			identity.Attributes{"group": "/staff", "client": name, "role": "access"}))
	}
	const password = "a-long-test-password"
	made.AdminRealm(t, http.MethodPost, "/users", map[string]any{
		"username": "ada", "email": "ada@example.test", "firstName": "Ada", "lastName": "Test", "enabled": true,
		"emailVerified": true, "groups": []any{"/staff"},
		"credentials": []any{map[string]any{"type": "password", "value": password, "temporary": false}},
	})
	status, location, _ := signIn(t, made, "wiki", "https://wiki.example.test/cb", "ada", password)
	answer, err := url.Parse(location)
	if err != nil || answer.Query().Get("code") == "" {
		t.Fatalf("a member gets %d and is sent to %q", status, location)
	}
	token := post(t, made, "token", url.Values{"grant_type": {"authorization_code"},
		"code": {answer.Query().Get("code")}, "redirect_uri": {"https://wiki.example.test/cb"}, "client_id": {"wiki"},
		"client_secret": {secretOfClient(t, target, "wiki")}, "code_verifier": {strings.Repeat("v", 64)}})
	access, _ := token["access_token"].(string)

	own := introspect(t, target, made, "wiki", access)
	if own["active"] != true || !slices.Equal(audience(own), []string{"wiki"}) {
		t.Errorf("its own application reads %v", own)
	}
	for _, claim := range []string{"resource_access", "realm_access"} {
		if own[claim] != nil {
			t.Errorf("the token tells %s: %v", claim, own[claim])
		}
	}
	if other := introspect(t, target, made, "payroll", access); other["active"] != false {
		t.Errorf("another application reads %v", other)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		made.Server.URL+"/realms/"+made.Name+"/account/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized && response.StatusCode != http.StatusForbidden {
		t.Errorf("the account API answers %d to a token of an application", response.StatusCode)
	}
	testProbeOfAudience(t, target, made, done["client:wiki"])
	testProbeOfNames(t, target, made, done["client:wiki"])
}

// testProbeOfAudience gives the client the built-in scope back, as somebody might, and expects that the probe tells.
func testProbeOfAudience(t *testing.T, target *Target, made *keycloaktest.Realm, client identity.Resource) {
	t.Helper()
	request := observation.ProbeRequest{Resource: client.ID(), Attributes: client.Attributes, Member: "ada"}
	judged := func() observation.ProbeResult {
		results, err := target.Probe(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(results, func(r observation.ProbeResult) bool { return r.Probe == "token_audience" })
		return results[at]
	}
	if got := judged(); got.Status != observation.ProbePassed {
		t.Errorf("the probe says %+v", got)
	}
	live, err := target.client.Application(t.Context(), "wiki")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := target.client.ScopeIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made.AdminRealm(t, http.MethodPut, "/clients/"+admin.Text(live, "id")+"/default-client-scopes/"+ids["roles"], nil)
	made.AdminRealm(t, http.MethodPut, "/clients/"+admin.Text(live, "id"),
		map[string]any{"clientId": "wiki", "fullScopeAllowed": true})
	if got := judged(); got.Status != observation.ProbeFailed {
		t.Errorf("with full scope the probe says %+v", got)
	}
}

// testProbeOfNames looks at a realm as it is made, in which people may change their e-mail address, and at one in which
// nobody but an administrator may.
func testProbeOfNames(t *testing.T, target *Target, made *keycloaktest.Realm, client identity.Resource) {
	t.Helper()
	request := observation.ProbeRequest{Resource: client.ID(), Attributes: client.Attributes}
	judged := func() observation.ProbeResult {
		results, err := target.Probe(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		return results[slices.IndexFunc(results, func(r observation.ProbeResult) bool { return r.Probe == "names_not_own" })]
	}
	if got := judged(); got.Status != observation.ProbeUnknown || got.Evidence["own"] != "email, firstName, lastName" {
		t.Errorf("the probe says %+v", got)
	}
	var profile object.Object
	if err := target.client.Get(t.Context(), target.client.Admin("users", "profile"), nil, &profile); err != nil {
		t.Fatal(err)
	}
	for _, field := range object.Objects(profile["attributes"]) {
		object.Sub(field, "permissions")["edit"] = []any{"admin"}
	}
	made.AdminRealm(t, http.MethodPut, "/users/profile", profile)
	if got := judged(); got.Status != observation.ProbePassed {
		t.Errorf("with a closed profile the probe says %+v", got)
	}
}

func audience(token map[string]any) []string {
	if one, single := token["aud"].(string); single {
		return []string{one}
	}
	return object.Texts(token["aud"])
}

func introspect(t *testing.T, target *Target, made *keycloaktest.Realm, client, token string) map[string]any {
	t.Helper()
	return post(t, made, "token/introspect", url.Values{"token": {token}, "client_id": {client},
		"client_secret": {secretOfClient(t, target, client)}})
}

func secretOfClient(t *testing.T, target *Target, client string) string {
	t.Helper()
	live, err := target.client.Application(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return admin.Text(live, "secret")
}

// post asks an OpenID Connect endpoint of the realm.
func post(t *testing.T, made *keycloaktest.Realm, endpoint string, form url.Values) map[string]any {
	t.Helper()
	response, err := http.PostForm(
		made.Server.URL+"/realms/"+made.Name+"/protocol/openid-connect/"+endpoint, form) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d %v", endpoint, response.StatusCode, answer)
	}
	return answer
}

// A realm file without a section clientScopes gets the scopes of a new realm, and a client of it those that it names.
func TestKeycloak_AnImportKeepsTheScopesOfAClient(t *testing.T) {
	server := servers.Server(t)
	item, err := identity.NewItem(identity.KindApplication, "wiki", "Wiki", kinds.Application{
		Name: "Wiki", Status: identity.StatusActive, Protocol: "oidc", Access: identity.AccessEveryone, ClientID: "wiki",
		ClientAuthentication: "client_secret_post", RedirectURIs: []string{"https://wiki.example.test/cb"},
		GrantTypes: []string{"authorization_code", "client_credentials"}, ClaimsKnown: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	wanted := New("test").Translate(item).Resources[0]
	client := realm.WriteClient(nil, wanted.Attributes, "", nil)
	realm.DropEmptyAttributes(client)
	file, err := json.Marshal(object.Object{"realm": "scopes-of-a-client", "enabled": true, "clients": []any{client}})
	if err != nil {
		t.Fatal(err)
	}
	name := server.ImportRealm(t, file)
	answer, err := server.Admin(t.Context(), http.MethodGet, "/admin/realms/"+name+"/clients?clientId=wiki", nil)
	if err != nil {
		t.Fatal(err)
	}
	imported := realm.ReadClient(object.Objects(answer)[0])
	for _, differs := range differing(wanted.ID(), wanted.Attributes, imported.Attributes) {
		t.Errorf("%s is %v after the import, want %v", differs, imported.Attributes[differs], wanted.Attributes[differs])
	}
}
