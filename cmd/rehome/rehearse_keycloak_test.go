package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// TestKeycloak_Rehearse makes a throw-away realm of a live one, rehearses the example on it, and leaves both realms as
// they were.
func TestKeycloak_Rehearse(t *testing.T) {
	t.Chdir(".") // commands change the folder; this puts it back
	var pool keycloaktest.Pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	server := pool.Server(t)
	j := newJourney(t, "okta-to-keycloak", "okta", "keycloak")
	startOktaLab(j)
	realm := server.NewRealm(t, realmRoles...)
	j.set("keycloak_url", server.URL)
	j.set("keycloak_realm", realm.Name)
	j.set("keycloak_secret", realm.ClientSecret)
	reachesOut(t, realm)
	_, outputs := j.approve()
	before := exported(t, realm)

	j.rehearsal(server.URL, realm.Name, realm.ClientSecret)
	if refused := j.run(1, "rehearse"); !strings.Contains(refused, "rehearsal-target-refused") ||
		!strings.Contains(refused, "It is the target itself") {
		t.Errorf("the target itself is rehearsed on:\n%s", refused)
	}
	j.rehearsal(strings.Replace(server.URL, "127.0.0.1", "localhost", 1), realm.Name, realm.ClientSecret)
	if refused := j.run(1, "rehearse"); !strings.Contains(refused, "rehearsal-target-refused") {
		t.Errorf("the target under another address is rehearsed on:\n%s", refused)
	}

	prepared := j.run(0, "rehearse", "-prepare=copy.json", "-as="+realm.Name+"-scratch")
	for _, text := range []string{"mail server mail.example.test", "event listener email",
		"logout address of client theirs", "identity provider partner was enabled"} {
		if !strings.Contains(prepared, text) {
			t.Errorf("it is not said that %s was stripped:\n%s", text, prepared)
		}
	}
	scratch := j.throwAway(server, realm.Name+"-scratch")
	start := exported(t, scratch)
	j.rehearsal(server.URL, scratch.Name, scratch.ClientSecret)
	report := j.run(0, "rehearse", "-keep=kept")
	for _, text := range []string{"The rehearsal passed.", "as before:", "Real run  estimate:", "the two are not alike"} {
		if !strings.Contains(report, text) {
			t.Errorf("the report does not say %q:\n%s", text, report)
		}
	}
	t.Log(report)
	if diff := cmp.Diff(start, exported(t, scratch)); diff != "" {
		t.Errorf("rehearsed, the throw-away realm differs (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before, exported(t, realm)); diff != "" {
		t.Errorf("rehearsed, the real realm differs (-before +after):\n%s", diff)
	}
	nothingEnabled(t, scratch)
	j.run(0, "rehearse") // it is as it was, so it is good for another one

	notRehearsedOn(t, j, server, scratch, func() {
		if diff := cmp.Diff(before, exported(t, realm)); diff != "" {
			t.Errorf("killed, the rehearsal changed the real realm (-before +after):\n%s", diff)
		}
	})
	j.noSecret(append(outputs, prepared, report, readText(t, filepath.Join(j.folder, "copy.json"))), "planted-secret",
		realm.ClientSecret, scratch.ClientSecret, labokta.DefaultToken)
}

// notRehearsedOn leaves an unfinished rehearsal in a realm, and gives one a mail server: both are refused.
func notRehearsedOn(t *testing.T, j *journey, server *keycloaktest.Server, scratch *keycloaktest.Realm,
	untouched func()) {
	t.Helper()
	j.killed("host:after:30", "rehearse")
	if refused := j.run(1, "rehearse"); !strings.Contains(refused, "An earlier rehearsal did not come to its end there") {
		t.Errorf("what a killed rehearsal left is rehearsed on:\n%s", refused)
	}
	if runs := j.run(0, "run", "list"); !strings.Contains(runs, "There is no run yet") {
		t.Errorf("the state knows of runs:\n%s", runs)
	}
	untouched()
	if _, err := server.Admin(t.Context(), http.MethodDelete, "/admin/realms/"+scratch.Name, nil); err != nil {
		t.Fatal(err)
	}
	scratch = j.throwAway(server, scratch.Name)
	scratch.AdminRealm(t, http.MethodPut, "", map[string]any{"realm": scratch.Name,
		"smtpServer": map[string]any{"host": "mail.example.test", "from": "a@example.test"}})
	if refused := j.run(1, "rehearse"); !strings.Contains(refused,
		"It could reach people or systems outside: mail server mail.example.test") {
		t.Errorf("a realm with a mail server is rehearsed on:\n%s", refused)
	}
}

// reachesOut gives a realm what a rehearsal must not have, and things that refer to each other by id.
func reachesOut(t *testing.T, realm *keycloaktest.Realm) {
	t.Helper()
	realm.AdminRealm(t, http.MethodPut, "", map[string]any{"realm": realm.Name, "eventsListeners": []any{"jboss-logging",
		"email"},
		"smtpServer": map[string]any{"host": "mail.example.test", "from": "a@example.test", "auth": "true", "user": "u",
			"password": "planted-secret-of-mail"}})
	realm.AdminRealm(t, http.MethodPost, "/identity-provider/instances", map[string]any{"alias": "partner",
		"providerId": "oidc", "enabled": true, "config": map[string]any{
			"clientId": "c", "clientSecret": "planted-secret-of-partner", "authorizationUrl": "https://partner.example.test/a",
			"tokenUrl": "https://partner.example.test/t"}})
	realm.AdminRealm(t, http.MethodPost, "/organizations", map[string]any{"name": "Partner", "alias": "partner-org",
		"enabled": true, "domains": []any{map[string]any{"name": "partner.example.test"}}})
	organizations, _ := realm.AdminRealm(t, http.MethodGet, "/organizations", nil).([]any)
	organization, _ := organizations[0].(map[string]any)
	realm.AdminRealm(t, http.MethodPost, fmt.Sprint("/organizations/", organization["id"], "/identity-providers"),
		"partner")
	realm.AdminRealm(t, http.MethodPost, "/authentication/flows/browser/copy", map[string]any{"newName": "own browser"})
	flows, _ := realm.AdminRealm(t, http.MethodGet, "/authentication/flows", nil).([]any)
	for _, each := range flows {
		if flow, ok := each.(map[string]any); ok && flow["alias"] == "own browser" {
			realm.AdminRealm(t, http.MethodPost, "/clients", map[string]any{"clientId": "theirs",
				"secret": "planted-secret-of-theirs", "redirectUris": []any{"https://theirs.example.test/cb"},
				"attributes":                         map[string]any{"backchannel.logout.url": "https://theirs.example.test/out"},
				"authenticationFlowBindingOverrides": map[string]any{"browser": flow["id"]}})
		}
	}
	realm.AdminRealm(t, http.MethodPost, "/groups", map[string]any{"name": "theirs", "description": "made by others"})
	addTestPerson(t, realm, "stranger", "theirs")
}

// killed runs a command whose process is killed at a boundary of its journal.
func (j *journey) killed(at string, args ...string) {
	j.t.Helper()
	command := exec.Command(os.Args[0], append([]string{"-chdir=" + j.folder}, args...)...)
	command.Env = append(append(os.Environ(), j.variable...), "REHOME_PLUGIN_DIR="+j.plugins, "CI=true",
		killVariable+"="+at)
	out, err := command.CombinedOutput()
	if status, ok := err.(*exec.ExitError); !ok || status.ExitCode() != -1 {
		j.t.Fatalf("the process was not killed (%v):\n%s", err, out)
	}
}

// rehearsal writes the rehearsal block.
func (j *journey) rehearsal(url, realm, secret string) {
	j.t.Helper()
	block := fmt.Sprintf("rehearsal \"keycloak\" \"scratch\" {\n  url           = %q\n  realm         = %q\n"+
		"  client_id     = \"rehome\"\n  client_secret = %q\n}\n", url, realm, secret)
	if err := os.WriteFile(filepath.Join(j.folder, "rehearsal.rehome.hcl"), []byte(block), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

// throwAway imports copy.json as the guide says and sets the secret of rehome's client.
func (j *journey) throwAway(server *keycloaktest.Server, name string) *keycloaktest.Realm {
	j.t.Helper()
	path := filepath.Join(j.folder, "copy.json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		j.t.Errorf("the blueprint has mode %v (%v)", info.Mode(), err)
	}
	if got := server.ImportRealm(j.t, []byte(readText(j.t, path))); got != name {
		j.t.Errorf("the realm is called %s", got)
	}
	scratch := &keycloaktest.Realm{Server: server, Name: name, ClientID: "rehome",
		ClientSecret: "secret-set-by-the-operator"}
	clients, _ := scratch.AdminRealm(j.t, http.MethodGet, "/clients?clientId=rehome", nil).([]any)
	client, _ := clients[0].(map[string]any)
	client["secret"] = scratch.ClientSecret
	scratch.AdminRealm(j.t, http.MethodPut, fmt.Sprint("/clients/", client["id"]), client)
	return scratch
}

// nothingEnabled fails when an identity provider is on, or a client that the live realm did not have.
func nothingEnabled(t *testing.T, realm *keycloaktest.Realm) {
	t.Helper()
	encoded, err := json.Marshal(realm.AdminRealm(t, http.MethodGet, "/identity-provider/instances", nil))
	if err != nil || strings.Contains(string(encoded), `"enabled":true`) || !strings.Contains(string(encoded),
		`"alias":"partner"`) {
		t.Errorf("providers of the throw-away realm: %s (%v)", encoded, err)
	}
	clients, _ := realm.AdminRealm(t, http.MethodGet, "/clients", nil).([]any)
	for _, each := range clients {
		client, _ := each.(map[string]any)
		if attributes, _ := client["attributes"].(map[string]any); client["enabled"] == true &&
			attributes["rehome.item"] != nil {
			t.Errorf("client %v is enabled", client["clientId"])
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
