package main

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/switchover"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// TestKeycloak_SheetsLeadAnOwnerFromOldToNew moves the practice tenant into a real Keycloak, follows a sheet's test
// address as a person, and walks one application from not prepared to confirmed.
func TestKeycloak_SheetsLeadAnOwnerFromOldToNew(t *testing.T) {
	t.Chdir(".")
	var pool keycloaktest.Pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	server := pool.Server(t)
	j := newJourney(t, "okta-to-keycloak", "okta", "keycloak")
	startOktaLab(j)
	realm := server.NewRealm(t, append([]string{"view-events"}, realmRoles...)...)
	j.set("keycloak_url", server.URL)
	j.set("keycloak_realm", realm.Name)
	j.set("keycloak_secret", realm.ClientSecret)
	owners := "application \"fieldbook\" {\n  where = item.name == \"Fieldbook\"\n  owner = \"Field team\"\n" +
		"  switch_on = \"2020-01-05\"\n}\n"
	if err := os.WriteFile(filepath.Join(j.folder, "owners.rehome.hcl"), []byte(owners), 0o600); err != nil {
		t.Fatal(err)
	}
	hash, _ := j.approve()
	for _, args := range [][]string{{"sheet", "Fieldbook"}, {"sheet", "-out=sheets"}} {
		if refused := j.run(1, args...); !strings.Contains(refused, "sheet-not-in-target") {
			t.Errorf("before apply: %s", refused)
		}
	}
	j.run(0, "apply", "plan.rehome", "-plan-hash="+hash, "-secrets-out=secrets.json")
	sheet := fieldbookSheet(t, j)
	lineIs(t, sheet, observation.ConnectionIssuer, server.URL+"/realms/"+realm.Name)
	mustSay(t, j.run(0, "sheet", "record", "Fieldbook", "-delivered-to=Field team"), "it is enabled")
	mustSay(t, j.run(0, "status", "-apps"), "does not keep sign-in events",
		"Fieldbook                  enabled       1 hour ago      3      ?", "Field team, 2020-01-05")
	realm.AdminRealm(t, http.MethodPut, "", map[string]any{"eventsEnabled": true})
	mustSay(t, j.run(0, "status", "-apps"), "target    keycloak.portal: sign-ins since",
		"Fieldbook                  enabled       1 hour ago      3      -")

	signInAt(t, realm, testAddressOf(t, sheet))
	mustSay(t, j.run(0, "status", "-apps"), "Fieldbook                  switched      1 hour ago      3      just now")
	mustSay(t, j.run(0, "sheet", "confirm", "Fieldbook", "-by=Ana"), "it is confirmed")
	mustSay(t, j.run(0, "status", "-apps", "-json"), `"state": "confirmed"`, `"what": "somebody signed in at the target"`)
	mustSay(t, j.run(0, "sheet", "Fieldbook"), "## Going back", "identity on-call")
	j.noSecret([]string{j.run(0, "sheet", "Fieldbook", "-json")}, givenSecrets(t, j)...)
}

func mustSay(t *testing.T, output string, wanted ...string) {
	t.Helper()
	for _, text := range wanted {
		if !strings.Contains(output, text) {
			t.Errorf("%q is not in\n%s", text, output)
		}
	}
}

// fieldbookSheet writes all sheets, looks at two, and decodes one.
func fieldbookSheet(t *testing.T, j *journey) switchover.Sheet {
	t.Helper()
	mustSay(t, j.run(0, "sheet", "-out=sheets"), "7 sheets in sheets")
	for name, wanted := range map[string][]string{
		"fieldbook.md": {"# Fieldbook: new sign-in", "Field team", "2020-01-05", "the same secret as before",
			"Please confirm"},
		"tidewatch-mobile.md": {"Proof key", "PKCE with S256 is required", "none: a public client"},
		"expenses.html": {"BEGIN CERTIFICATE", "/protocol/saml/descriptor", "https://expenses.brightwater.example/saml/acs",
			"emailAddress",
			"http://www.okta.com/exkert30vd8ULdHRG5d7", "/app/brightwater_expenses/exkert30vd8ULdHRG5d7/sso/saml"},
	} {
		content, err := os.ReadFile(filepath.Join(j.folder, "sheets", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range wanted {
			// in Markdown a sign before punctuation keeps it from being markup
			if !strings.Contains(strings.ReplaceAll(string(content), `\`, ""), text) {
				t.Errorf("%s does not say %q:\n%s", name, text, content)
			}
		}
	}
	var document struct {
		Sheets []switchover.Sheet `json:"sheets"`
	}
	if err := json.Unmarshal([]byte(j.run(0, "sheet", "Fieldbook", "-json")), &document); err != nil ||
		len(document.Sheets) != 1 {
		t.Fatalf("the sheet does not read: %v", err)
	}
	return document.Sheets[0]
}

func lineIs(t *testing.T, sheet switchover.Sheet, name, value string) {
	t.Helper()
	for _, line := range sheet.Lines {
		if line.Name == name {
			if line.New.Text != value || line.Old.Text == "" || !line.Changed {
				t.Errorf("%s: %+v, want %s", name, line, value)
			}
			return
		}
	}
	t.Errorf("the sheet has no %s", name)
}

func testAddressOf(t *testing.T, sheet switchover.Sheet) string {
	t.Helper()
	for _, line := range sheet.Lines {
		if line.Name == observation.ConnectionTest {
			return line.New.Text
		}
	}
	t.Fatal("the sheet has no test address")
	return ""
}

var signInForm = regexp.MustCompile(`(?s)<form[^>]*action="([^"]+)"`)

// signInAt makes a person who is in every group, and signs in with the address as a browser does. Cookies are kept by
// hand: the server marks them Secure even over http.
func signInAt(t *testing.T, realm *keycloaktest.Realm, address string) {
	t.Helper()
	const password = "a-long-test-password"
	var groups []any
	for _, g := range realm.AdminRealm(t, http.MethodGet, "/groups", nil).([]any) {
		groups = append(groups, g.(map[string]any)["path"])
	}
	realm.AdminRealm(t, http.MethodPost, "/users", map[string]any{"username": "ana", "email": "ana@example.test",
		"firstName": "Ana", "lastName": "Test",
		"enabled": true, "emailVerified": true, "groups": groups, "credentials": []any{map[string]any{"type": "password",
			"value": password, "temporary": false}}})
	cookies := map[string]string{}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var form url.Values
	for range 4 {
		request, err := http.NewRequestWithContext(t.Context(), map[bool]string{true: http.MethodGet,
			false: http.MethodPost}[form == nil], address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range cookies {
			request.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		if closing := response.Body.Close(); err != nil || closing != nil {
			t.Fatal(fmt.Errorf("reading the page: %w, %w", err, closing))
		}
		for _, cookie := range response.Cookies() {
			cookies[cookie.Name] = cookie.Value
		}
		if strings.Contains(response.Header.Get("Location"), "code=") {
			return
		}
		action := signInForm.FindStringSubmatch(string(page))
		if action == nil {
			t.Fatalf("%s answered %d without a form: %s", address, response.StatusCode, page)
		}
		address, form = html.UnescapeString(action[1]), url.Values{"username": {"ana"}, "password": {password}}
	}
	t.Fatal("the sign-in did not end")
}
