package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// TestKeycloak_Rollback takes the examples back from a real Keycloak: to the start when nobody has used them, and
// around what was used or changed when somebody has.
func TestKeycloak_Rollback(t *testing.T) {
	t.Chdir(".") // commands change the folder; this puts it back
	var pool keycloaktest.Pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	server := pool.Server(t)
	t.Run("okta-to-keycloak", func(t *testing.T) { rollBackUnused(t, server, "okta-to-keycloak", startOktaLab) })
	t.Run("used and changed since", func(t *testing.T) { rollBackUsed(t, server) })
	t.Run("entra-to-keycloak", func(t *testing.T) { rollBackUnused(t, server, "entra-to-keycloak", startEntraLab) })
}

// carriedOut is an example that was carried out in a fresh realm with people and stored events in it.
func carriedOut(t *testing.T, server *keycloaktest.Server, example string,
	start func(*journey)) (*journey, *keycloaktest.Realm, any) {
	t.Helper()
	incumbent, _, _ := strings.Cut(example, "-")
	j := newJourney(t, example, incumbent, "keycloak")
	start(j)
	realm := server.NewRealm(t, append([]string{"view-events"}, realmRoles...)...)
	j.set("keycloak_url", server.URL)
	j.set("keycloak_realm", realm.Name)
	j.set("keycloak_secret", realm.ClientSecret)
	realm.AdminRealm(t, http.MethodPut, "", map[string]any{"eventsEnabled": true})
	realm.AdminRealm(t, http.MethodPost, "/groups", map[string]any{"name": "theirs", "description": "made by others"})
	addTestPerson(t, realm, "stranger", "theirs")
	before := exported(t, realm)
	hash, _ := j.approve()
	j.run(0, "apply", "plan.rehome", "-plan-hash="+hash, "-secrets-out=secrets.json")
	return j, realm, before
}

// rollBack shows the way back, carries it out, and returns the plan.
func (j *journey) rollBack(t *testing.T) (*plan.Plan, string) {
	t.Helper()
	shown := j.run(0, "rollback", "-out=back.rehome", "-v")
	p, err := readPlanFile(filepath.Join(j.folder, "back.rehome"))
	if err != nil {
		t.Fatal(err)
	}
	return p, shown + j.run(0, "apply", "back.rehome", "-plan-hash="+p.PlanHash)
}

func rollBackUnused(t *testing.T, server *keycloaktest.Server, example string, start func(*journey)) {
	j, realm, before := carriedOut(t, server, example, start)
	status := j.run(0, "status", "-rollback")
	if !strings.Contains(status, "0 stay because of use, 0 changed by others") {
		t.Errorf("what nobody used would stay:\n%s", status)
	}
	p, shown := j.rollBack(t)
	if p.Summary.Skipped+p.Summary.Blocked > 0 || p.Summary.Delete == 0 {
		t.Errorf("%+v\n%s", p.Summary, shown)
	}
	if diff := cmp.Diff(before, exported(t, realm)); diff != "" {
		t.Errorf("rolled back, the realm differs (-before +after):\n%s", diff)
	}
	again := j.run(0, "plan", "-out=again.rehome")
	forward, err := readPlanFile(filepath.Join(j.folder, "plan.rehome"))
	if err != nil {
		t.Fatal(err)
	}
	anew, err := readPlanFile(filepath.Join(j.folder, "again.rehome"))
	if err != nil || anew.Summary.Create != forward.Summary.Create {
		t.Errorf("the plan after the rollback does not make everything again (%v):\n%s", err, again)
	}
	j.noSecret([]string{shown, status}, givenSecrets(t, j)...)
}

func addTestPerson(t *testing.T, realm *keycloaktest.Realm, name, group string) {
	t.Helper()
	realm.AdminRealm(t, http.MethodPost, "/users", map[string]any{"username": name, "email": name + "@example.test",
		"firstName": name, "lastName": "Test", "enabled": true,
		"emailVerified": true, "groups": []any{"/" + group}, "credentials": []any{map[string]any{"type": "password",
			"value": "a-long-test-password", "temporary": false}}})
}

// exported is the whole realm in a form that compares: ids and times normalised, lists without order, the marker of
// rehome left out.
func exported(t *testing.T, realm *keycloaktest.Realm) any {
	t.Helper()
	whole := map[string]any{"realm": realm.AdminRealm(t, http.MethodPost,
		"/partial-export?exportClients=true&exportGroupsAndRoles=true", nil)}
	for _, path := range []string{"/users?max=-1", "/organizations?briefRepresentation=false",
		"/identity-provider/instances", "/authentication/required-actions", "/events/config"} {
		whole[path] = realm.AdminRealm(t, http.MethodGet, path, nil)
	}
	return normalised(whole)
}

func normalised(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, each := range v {
			switch name {
			case "id", "containerId", "internalId", "flowId", "createdTimestamp", "authenticationConfig", "rehome-marker":
			default:
				out[name] = normalised(each)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, each := range v {
			if client, ok := each.(map[string]any); ok && client["clientId"] == "rehome-marker" {
				continue
			}
			out = append(out, normalised(each))
		}
		sort.Slice(out, func(a, b int) bool { return jsonOf(out[a]) < jsonOf(out[b]) })
		return out
	}
	return value
}

func jsonOf(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

// rollBackUsed signs somebody in to an application and changes another, and expects both to stay, closed.
func rollBackUsed(t *testing.T, server *keycloaktest.Server) {
	j, realm, _ := carriedOut(t, server, "okta-to-keycloak", startOktaLab)
	forward, err := readPlanFile(filepath.Join(j.folder, "plan.rehome"))
	if err != nil {
		t.Fatal(err)
	}
	app, group, callback := gatedApplication(t, forward)
	other := anotherApplication(t, forward, app)
	addTestPerson(t, realm, "member", strings.TrimPrefix(group, "/"))
	if !testSignIn(t, realm, app, callback, "member") {
		t.Fatalf("member of %s cannot sign in to %s", group, app)
	}
	id := clientField(t, realm, other, "id")
	realm.AdminRealm(t, http.MethodPut, fmt.Sprint("/clients/", id), map[string]any{"clientId": other,
		"name": "Changed by hand"})

	p, shown := j.rollBack(t)
	for id, why := range map[string]string{"client:" + app: "has been used since", "gate:" + app: "belongs to client:" +
		app, "group:" + group: "has been used since",
		"client:" + other: `"Changed by hand"`} {
		step := planStep(t, p, id)
		if step.Action != plan.ActionNone || !strings.Contains(step.Reason, why) {
			t.Errorf("%s: %s %s %q %v", id, step.Action, step.Disposition, step.Reason, step.Notes)
		}
	}
	for _, each := range []string{app, other} {
		if enabled := clientField(t, realm, each, "enabled"); enabled != false {
			t.Errorf("client %s is left with enabled %v\n%s", each, enabled, shown)
		}
	}
	if testSignIn(t, realm, app, callback, "member") {
		t.Error("an application that was closed lets people in")
	}
	decideAndFinish(t, j, realm, app, other)
}

// decideAndFinish decides about what stayed, item by item, and takes the rest back.
func decideAndFinish(t *testing.T, j *journey, realm *keycloaktest.Realm, app, other string) {
	blocks := fmt.Sprintf("undo \"client:%s\" {\n  decision = \"delete\"\n  reason   = \"told everybody\"\n}\n"+
		"undo \"client:%s\" {\n  decision = \"delete\"\n  reason   = \"checked\"\n}\n", app, other)
	if err := os.WriteFile(filepath.Join(j.folder, "undo.rehome.hcl"), []byte(blocks), 0o600); err != nil {
		t.Fatal(err)
	}
	p, shown := j.rollBack(t)
	if step := planStep(t, p, "client:"+app); step.Action != plan.ActionDelete || step.DecidedBy == nil ||
		step.DecidedBy.File != "undo.rehome.hcl" {
		t.Errorf("%+v\n%s", step, shown)
	}
	for _, each := range []string{app, other} {
		if found, _ := realm.AdminRealm(t, http.MethodGet, "/clients?clientId="+url.QueryEscape(each),
			nil).([]any); len(found) > 0 {
			t.Errorf("client %s is still there", each)
		}
	}
}

func planStep(t *testing.T, p *plan.Plan, id string) plan.Step {
	t.Helper()
	for _, step := range p.Steps {
		if step.ID == id {
			return step
		}
	}
	t.Fatalf("the plan has no step %s", id)
	return plan.Step{}
}

// gatedApplication finds an application that the plan opens for a group, where people sign in with a browser.
func gatedApplication(t *testing.T, p *plan.Plan) (app, group, callback string) {
	t.Helper()
	opened := map[any]bool{}
	for _, step := range p.Steps {
		if step.Resource.Type == "client_enablement" && step.Action == plan.ActionCreate {
			opened[step.Resource.Key] = true
		}
	}
	for _, step := range p.Steps {
		client := step.After["client"]
		if step.Resource.Type != "role_assignment" || step.Action != plan.ActionCreate || !opened[client] {
			continue
		}
		made := planStep(t, p, fmt.Sprint("client:", client))
		uris, _ := made.After["redirect_uris"].([]any)
		if made.After["standard_flow"] == true && made.After["protocol"] == "openid-connect" &&
			made.After["consent_required"] != true && len(uris) > 0 {
			return fmt.Sprint(client), fmt.Sprint(step.After["group"]), fmt.Sprint(uris[0])
		}
	}
	t.Fatal("the plan opens no application for a group")
	return "", "", ""
}

func anotherApplication(t *testing.T, p *plan.Plan, not string) string {
	t.Helper()
	for _, step := range p.Steps {
		if step.Resource.Type == "client_enablement" && step.Action == plan.ActionCreate && step.Resource.Key != not {
			return step.Resource.Key
		}
	}
	t.Fatal("the plan opens one application only")
	return ""
}

func clientField(t *testing.T, realm *keycloaktest.Realm, clientID, name string) any {
	t.Helper()
	rows, _ := realm.AdminRealm(t, http.MethodGet, "/clients?clientId="+url.QueryEscape(clientID), nil).([]any)
	if len(rows) != 1 {
		t.Fatalf("client %s: %v", clientID, rows)
	}
	row, _ := rows[0].(map[string]any)
	return row[name]
}

var testFormAction = regexp.MustCompile(`(?s)<form[^>]*action="([^"]+)"`)

// testSignIn signs somebody in with name and password, as a browser does, and tells whether a code came back. Cookies
// are kept by hand: the server marks them Secure even over http.
func testSignIn(t *testing.T, realm *keycloaktest.Realm, clientID, callback, name string) bool {
	t.Helper()
	challenge := sha256.Sum256([]byte(strings.Repeat("v", 64)))
	query := url.Values{"client_id": {clientID}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid"}, "state": {"s"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}}
	cookies := map[string]string{}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	method, address, form := http.MethodGet,
		realm.Server.URL+"/realms/"+realm.Name+"/protocol/openid-connect/auth?"+query.Encode(), url.Values(nil)
	for range 5 {
		request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range cookies {
			request.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		response, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, cookie := range response.Cookies() {
			cookies[cookie.Name] = cookie.Value
		}
		if location := response.Header.Get("Location"); location != "" {
			return strings.HasPrefix(location, callback) && strings.Contains(location, "code=")
		}
		action := testFormAction.FindSubmatch(page)
		if action == nil {
			return false
		}
		method, address, form = http.MethodPost, html.UnescapeString(string(action[1])), url.Values{"username": {name},
			"password": {"a-long-test-password"}}
	}
	return false
}
