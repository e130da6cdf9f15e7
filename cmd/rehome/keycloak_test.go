package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labentra"
	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/engine/deciding"
	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// realmRoles is what the guide asks for.
var realmRoles = []string{"manage-realm", "manage-clients", "manage-users", "manage-identity-providers",
	"manage-organizations"}

// TestKeycloak_Examples runs the examples as their READMEs say, from the practice tenants into a real Keycloak.
func TestKeycloak_Examples(t *testing.T) {
	t.Chdir(".") // commands change the folder; this puts it back
	var pool keycloaktest.Pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	server := pool.Server(t)
	t.Run("okta-to-keycloak", func(t *testing.T) { walkExample(t, server, "okta-to-keycloak", startCraftedOkta) })
	t.Run("entra-to-keycloak", func(t *testing.T) { walkExample(t, server, "entra-to-keycloak", startEntraLab) })
	t.Run("okta-to-realmfile", func(t *testing.T) { walkRealmFile(t, server) })
}

// journey is one folder in which commands run against started servers.
type journey struct {
	t        *testing.T
	folder   string
	variable []string
	plugins  string
}

func newJourney(t *testing.T, example string, plugins ...string) *journey {
	t.Helper()
	j := &journey{t: t, folder: t.TempDir(), plugins: t.TempDir()}
	files, err := filepath.Glob(filepath.Join(examplesFolder, example, "*.rehome.hcl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the example %s has no files: %v", example, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil && filepath.Base(file) != deciding.AcknowledgementsFile {
			err = os.WriteFile(filepath.Join(j.folder, filepath.Base(file)), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"build", "-o", j.plugins + string(filepath.Separator)}
	for _, name := range plugins {
		args = append(args, "../cmd/rehome-provider-"+name)
	}
	build := exec.Command("go", args...)
	build.Dir = examplesFolder
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the plugins: %v: %s", err, out)
	}
	return j
}

func (j *journey) set(name, value string) {
	j.variable = append(j.variable, "REHOME_VAR_"+name+"="+value)
}

// run runs one command and returns its output; a status other than wanted ends the test.
func (j *journey) run(want int, args ...string) string {
	j.t.Helper()
	var out, talk bytes.Buffer
	env := systemEnvironment()
	env.in, env.out, env.err, env.terminal, env.asks = strings.NewReader(""), &out, &talk, false, false
	env.variable = append(append([]string{}, os.Environ()...), append(j.variable, "REHOME_PLUGIN_DIR="+j.plugins,
		"CI=true", "REHOME_LOG=")...)
	if got := execute(j.t.Context(), append([]string{"-chdir=" + j.folder}, args...), env); got != want {
		j.t.Fatalf("rehome %s ended with status %d, wanted %d\n%s%s", strings.Join(args, " "), got, want, out.String(),
			talk.String())
	}
	return out.String() + talk.String()
}

// approve acknowledges every impact, plans and returns the hash. Every output is kept to look for secrets in it.
func (j *journey) approve() (hash string, outputs []string) {
	j.t.Helper()
	j.run(0, "init")
	j.run(0, "collect")
	draft := j.run(3, "plan", "-v")
	ids := regexp.MustCompile(`ocm-[0-9a-f]+`).FindAllString(draft, -1)
	if len(ids) == 0 {
		j.t.Fatalf("the draft names no impact:\n%s", draft)
	}
	j.run(0, append(append([]string{"acknowledge"}, ids...), "-reason=test", "-reference=T-1")...)
	final := j.run(0, "plan", "-v", "-out=plan.rehome", "-markdown=comment.md")
	p, err := readPlanFile(filepath.Join(j.folder, "plan.rehome"))
	if err != nil {
		j.t.Fatal(err)
	}
	if err := p.Summary.Books.Reconcile(); err != nil {
		j.t.Error(err)
	}
	return p.PlanHash, []string{draft, final, j.run(0, "show", "-json", "plan.rehome")}
}

const nothingToChange = "Plan      0 create, 0 change, 0 delete, 0 map;"

func (j *journey) mustBeEmpty() {
	j.t.Helper()
	if second := j.run(0, "plan"); !strings.Contains(second, nothingToChange) {
		j.t.Errorf("a second plan is not empty:\n%s", second)
	}
}

func (j *journey) noSecret(outputs []string, secrets ...string) {
	j.t.Helper()
	for _, name := range []string{"plan.rehome", "comment.md", ".rehome/state.db"} {
		content, err := os.ReadFile(filepath.Join(j.folder, name))
		if err != nil {
			j.t.Fatal(err)
		}
		outputs = append(outputs, string(content))
	}
	for i, output := range outputs {
		for _, secret := range secrets {
			if strings.Contains(output, secret) {
				j.t.Errorf("output %d holds the secret %q", i, secret)
			}
		}
	}
}

func walkExample(t *testing.T, server *keycloaktest.Server, example string, start func(*journey)) {
	incumbent, _, _ := strings.Cut(example, "-")
	j := newJourney(t, example, incumbent, "keycloak")
	start(j)
	realm := server.NewRealm(t, realmRoles...)
	j.set("keycloak_url", server.URL)
	j.set("keycloak_realm", realm.Name)
	j.set("keycloak_secret", realm.ClientSecret)
	hash, outputs := j.approve()

	group := firstGroup(t, j)
	realm.AdminRealm(t, http.MethodPost, "/groups", map[string]any{"name": group})
	if refused := j.run(4, "apply", "plan.rehome", "-plan-hash="+hash,
		"-secrets-out=early.json"); !strings.Contains(refused, "group:/"+group) {
		t.Errorf("the refusal does not name the group that was made by hand:\n%s", refused)
	}
	removeGroup(t, realm, group)
	j.run(4, "apply", "plan.rehome", "-plan-hash=sha256:0000")
	rescue := j.breakGlass(realm)
	realm.AdminRealm(t, http.MethodPut, rescue, map[string]any{"enabled": false})
	if refused := j.run(1, "apply", "plan.rehome", "-plan-hash="+hash,
		"-secrets-out=early.json"); !strings.Contains(refused, "break-glass-shut") || !strings.Contains(refused,
		"Nothing was changed") {
		t.Errorf("a break-glass account that is off does not stop the run:\n%s", refused)
	}
	realm.AdminRealm(t, http.MethodPut, rescue, map[string]any{"enabled": true})
	outputs = append(outputs, j.run(0, "apply", "plan.rehome", "-plan-hash="+hash, "-secrets-out=secrets.json"))
	again := j.run(0, "apply", "plan.rehome", "-plan-hash="+hash, "-secrets-out=again.json")
	if !strings.Contains(again, "applied          0") {
		t.Errorf("applying twice changed something:\n%s", again)
	}
	j.mustBeEmpty()
	outputs = append(outputs, j.run(0, "verify", "-v"), j.run(0, "verify", "-drift"))
	j.roundTrips(realm)
	j.noSecret(outputs, append(givenSecrets(t, j), "planted-secret", realm.ClientSecret, labokta.DefaultToken)...)
}

// breakGlass makes an account that must always get in, declares it, and returns its path.
func (j *journey) breakGlass(realm *keycloaktest.Realm) string {
	j.t.Helper()
	realm.AdminRealm(j.t, http.MethodPost, "/users", map[string]any{"username": "rescue", "email": "rescue@example.test",
		"firstName": "Res", "lastName": "Cue", "enabled": true,
		"emailVerified": true, "credentials": []any{map[string]any{"type": "password", "value": "planted-secret-of-rescue",
			"temporary": false}}})
	if err := os.WriteFile(filepath.Join(j.folder, "break-glass.rehome.hcl"),
		[]byte("break_glass {\n  users = [\"rescue\"]\n}\n"), 0o600); err != nil {
		j.t.Fatal(err)
	}
	users, _ := realm.AdminRealm(j.t, http.MethodGet, "/users?exact=true&username=rescue", nil).([]any)
	user, _ := users[0].(map[string]any)
	return fmt.Sprint("/users/", user["id"])
}

// firstGroup is the name of a group that the plan creates.
func firstGroup(t *testing.T, j *journey) string {
	t.Helper()
	p, err := readPlanFile(filepath.Join(j.folder, "plan.rehome"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range p.Steps {
		if name, ok := step.After["name"].(string); ok && step.Resource.Type == "group" && step.Action == "create" {
			return name
		}
	}
	t.Fatal("the plan creates no group")
	return ""
}

func removeGroup(t *testing.T, realm *keycloaktest.Realm, name string) {
	t.Helper()
	groups, _ := realm.AdminRealm(t, http.MethodGet, "/groups", nil).([]any)
	for _, g := range groups {
		if group, ok := g.(map[string]any); ok && group["name"] == name {
			realm.AdminRealm(t, http.MethodDelete, fmt.Sprint("/groups/", group["id"]), nil)
		}
	}
}

// givenSecrets are the values that apply wrote to the secrets file, when it generated any.
func givenSecrets(t *testing.T, j *journey) []string {
	t.Helper()
	path := filepath.Join(j.folder, "secrets.json")
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secrets file has mode %v (%v)", info.Mode(), err)
	}
	var given []delivering.OneTimeSecret
	if err := json.Unmarshal(content, &given); err != nil || len(given) == 0 {
		t.Fatalf("the secrets file does not read: %v", err)
	}
	values := make([]string, 0, len(given))
	for _, secret := range given {
		values = append(values, secret.Value)
	}
	return values
}

// walkRealmFile merges the tenant into a realm file, imports it in all three ways, and lets the live target find
// nothing to change.
func walkRealmFile(t *testing.T, server *keycloaktest.Server) {
	const name, secret = "rehome-imported", "example-service-secret"
	j := newJourney(t, "okta-to-realmfile", "okta", "realmfile")
	startOktaLab(j)
	j.set("realm", name)
	file := filepath.Join(j.folder, "acme-realm.json")
	if err := os.WriteFile(file, baseRealm(t, name, secret), 0o600); err != nil {
		t.Fatal(err)
	}
	hash, _ := j.approve()
	j.run(0, "apply", "plan.rehome", "-plan-hash="+hash)
	j.mustBeEmpty()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	server.ImportRealm(t, content)
	live := newJourney(t, "okta-to-keycloak", "okta", "keycloak")
	startOktaLab(live)
	live.set("keycloak_url", server.URL)
	live.set("keycloak_realm", name)
	live.set("keycloak_secret", secret)
	live.run(0, "init")
	live.run(0, "collect")
	draft := live.run(3, "plan")
	if !strings.Contains(draft, nothingToChange) {
		t.Errorf("the live target finds something to change in the imported realm:\n%s", draft)
	}
	t.Run("kc.sh import", func(t *testing.T) { keycloaktest.KcImport(t, file) })
	t.Run("start --import-realm", func(t *testing.T) {
		keycloaktest.StartWithImport(t,
			map[string][]byte{"acme.json": content})
	})
}

func baseRealm(t *testing.T, name, secret string) []byte {
	t.Helper()
	encoded, err := json.Marshal(map[string]any{
		"realm": name, "enabled": true, "organizationsEnabled": true,
		"clients": []any{map[string]any{"clientId": "rehome", "protocol": "openid-connect", "publicClient": false,
			"secret": secret, "serviceAccountsEnabled": true, "standardFlowEnabled": false}},
		"users": []any{map[string]any{"username": "service-account-rehome", "enabled": true,
			"serviceAccountClientId": "rehome", "clientRoles": map[string]any{"realm-management": realmRoles}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func startOktaLab(j *journey) { startOktaOn(j, os.DirFS(tenantFolder)) }

func startOktaOn(j *journey, tenant fs.FS) {
	lab, err := labokta.New(tenant, labokta.Options{})
	if err != nil {
		j.t.Fatal(err)
	}
	url, ca := j.serve(lab)
	j.t.Cleanup(func() {
		if n := lab.Writes(); n > 0 {
			j.t.Errorf("the source got %d requests that write", n)
		}
	})
	j.set("okta_url", url)
	j.set("okta_ca_file", ca)
	j.set("okta_token", labokta.DefaultToken)
}

func startEntraLab(j *journey) {
	lab, err := labentra.New(os.DirFS(filepath.Join(examplesFolder, "entra-to-keycloak", "tenant")), labentra.Options{})
	if err != nil {
		j.t.Fatal(err)
	}
	url, ca := j.serve(lab)
	j.set("graph_endpoint", url)
	j.set("authority_host", url)
	j.set("entra_ca_file", ca)
	j.set("entra_tenant_id", lab.TenantID())
	j.set("entra_client_id", lab.ClientID())
	j.set("entra_client_secret", "lab-entra-secret")
}

func (j *journey) serve(handler http.Handler) (url, ca string) {
	server := httptest.NewTLSServer(handler)
	j.t.Cleanup(server.Close)
	ca = filepath.Join(j.t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, certificate(server), 0o600); err != nil {
		j.t.Fatal(err)
	}
	return server.URL, ca
}
