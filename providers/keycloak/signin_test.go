package keycloak

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// browser keeps cookies by hand: the server marks them Secure even over http, and cookie jars then drop them.
type browser struct {
	t       *testing.T
	cookies map[string]string
	factor  func() string // gives a code of the second factor; nil for a person who has none at hand
	asked   int           // how often it was asked for
}

func (b *browser) open(method, address string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range response.Cookies() {
		b.cookies[cookie.Name] = cookie.Value
	}
	return response, string(content)
}

// formAction is where a sign-in page sends its form.
var formAction = regexp.MustCompile(`(?s)<form[^>]*action="([^"]+)"`)

// notAssigned is what somebody reads who may not use an application.
const notAssigned = "You are not assigned to this application."

// signIn signs in with name and password, as a person does, and tells status, where the browser is sent, and the page.
func signIn(t *testing.T, made *keycloaktest.Realm, clientID, callback, name, password string) (int, string, string) {
	t.Helper()
	return (&browser{t: t, cookies: map[string]string{}}).signIn(made, clientID, callback, name, password, nil)
}

// signIn begins at the application; more is what the request holds besides.
func (b *browser) signIn(made *keycloaktest.Realm, clientID, callback, name, password string, more url.Values) (int,
	string, string) {
	b.t.Helper()
	challenge := sha256.Sum256([]byte(strings.Repeat("v", 64)))
	query := url.Values{
		"client_id": {clientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	maps.Copy(query, more)
	response, page := b.open(http.MethodGet,
		made.Server.URL+"/realms/"+made.Name+"/protocol/openid-connect/auth?"+query.Encode(), nil)
	for asked := 0; asked < 10; asked++ {
		location := response.Header.Get("Location")
		if strings.HasPrefix(location, callback) {
			break
		}
		if location != "" {
			response, page = b.open(http.MethodGet, location, nil)
			continue
		}
		// with organizations the e-mail is asked first, the password on the next page
		action := formAction.FindStringSubmatch(page)
		if response.StatusCode != http.StatusOK || action == nil || asked > 6 {
			break
		}
		answer := url.Values{"username": {name}, "password": {password}}
		if strings.Contains(page, `name="otp"`) {
			b.asked++
			if b.factor == nil {
				break
			}
			answer = url.Values{"otp": {b.factor()}}
		}
		response, page = b.open(http.MethodPost, html.UnescapeString(action[1]), answer)
	}
	return response.StatusCode, response.Header.Get("Location"), page
}

func TestKeycloak_TheGateLetsMembersInAndNobodyElse(t *testing.T) {
	target, made := liveTarget(t)
	const app, callback, password = "portal", "https://portal.example.test/callback", "a-long-test-password"
	steps := []contract.StepRequest{
		create(realm.TypeGateFlows, realm.GateFlowsKey,
			identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}),
		create(realm.TypeGroup, "/staff", identity.Attributes{"path": "/staff", "name": "staff"}),
		create(realm.TypeClient, app, identity.Attributes{"client_id": app, "protocol": "openid-connect", "public": false,
			"standard_flow": true, "redirect_uris": []any{callback}}),
		create(realm.TypeClientRole, app+"/access", identity.Attributes{"client": app, "role": "access"}),
		create(realm.TypeGate, app, identity.Attributes{"client": app, "protocol": "openid-connect", "intact": true}),
		create(realm.TypeRoleAssignment, "/staff -> "+app+"/access",
			identity.Attributes{"group": "/staff", "client": app, "role": "access"}),
	}
	for _, step := range steps {
		if step.Resource.Type == realm.TypeGate {
			leaveHalfAGate(t, target, app)
		}
		mustApply(t, target, step)
	}
	for name, groups := range map[string][]any{"member": {"/staff"}, "stranger": {}} {
		made.AdminRealm(t, http.MethodPost, "/users", map[string]any{
			"username": name, "email": name + "@example.test", "firstName": name, "lastName": "Test", "enabled": true,
			"emailVerified": true,
			"groups":        groups, "credentials": []any{map[string]any{"type": "password", "value": password,
				"temporary": false}},
		})
	}
	if status, _, _ := signIn(t, made, app, callback, "member", password); status != http.StatusBadRequest {
		t.Errorf("before it is opened, the client answers a member with %d", status)
	}
	open := create(realm.TypeEnablement, app, identity.Attributes{"client": app, "enabled": true})
	mustApply(t, target, open)

	status, location, page := signIn(t, made, app, callback, "member", password)
	if !strings.HasPrefix(location, callback) || !strings.Contains(location, "code=") {
		t.Errorf("a member gets %d and is sent to %q, want a code", status, location)
		t.Log(page)
	}
	status, location, page = signIn(t, made, app, callback, "stranger", password)
	if status != http.StatusUnauthorized || strings.Contains(location, "code=") ||
		!strings.Contains(page, notAssigned) {
		t.Errorf("a stranger gets %d and is sent to %q, want 401 with the message", status, location)
	}
	testBrokenGateStaysClosed(t, target, made, open)
}

// leaveHalfAGate builds a part of a gate and hangs it nowhere, as a run does that is killed in the middle.
func leaveHalfAGate(t *testing.T, target *Target, app string) {
	t.Helper()
	if _, err := writing.MakeFlow(t.Context(), target.client, *gating.PlaceDirect.Gate(app).Flow); err != nil {
		t.Fatalf("leaving half a gate: %v", err)
	}
}

// testBrokenGateStaysClosed takes the marker scope off the client, as somebody might, and expects that it is not
// opened.
func testBrokenGateStaysClosed(t *testing.T, target *Target, made *keycloaktest.Realm, open contract.StepRequest) {
	closing := undo(open)
	mustApply(t, target, closing)
	live, err := target.client.Application(t.Context(), open.Resource.Key)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := target.client.ScopeIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made.AdminRealm(t, http.MethodDelete, "/clients/"+admin.Text(live,
		"id")+"/default-client-scopes/"+ids[gating.MarkerScope(open.Resource.Key)], nil)
	if _, err := target.Apply(t.Context(), open); err == nil || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("opening a client whose gate is broken gave %v", err)
	}
	gate := create(realm.TypeGate, open.Resource.Key,
		identity.Attributes{"client": open.Resource.Key, "protocol": "openid-connect", "intact": true})
	mustApply(t, target, gate)
	if result := mustApply(t, target, open); result.Already {
		t.Error("the mended client counts as open before it was opened")
	}
}
