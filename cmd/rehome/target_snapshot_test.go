package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/surveying"
	"github.com/rehome-iam/rehome/engine/targetfile"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
	"github.com/rehome-iam/rehome/state"
)

// unanswered listens, answers nobody and counts who came.
func unanswered(t *testing.T) (address string, visits *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	visits = &atomic.Int64{}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			visits.Add(1)
			_ = connection.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return "http://" + listener.Addr().String(), visits
}

// withoutSecret takes the secret of the target out of the configuration: a credential that nobody keeps.
func (j *journey) withoutSecret() {
	j.t.Helper()
	path := filepath.Join(j.folder, "main.rehome.hcl")
	content, err := os.ReadFile(path)
	if err != nil {
		j.t.Fatal(err)
	}
	text := strings.Replace(string(content), "client_secret = var.keycloak_secret",
		`client_secret = credential("keycloak-nowhere")`, 1)
	text = regexp.MustCompile(`(?s)variable "keycloak_secret" \{.*?\n\}\n`).ReplaceAllString(text, "")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil || strings.Contains(text, "keycloak_secret") {
		j.t.Fatalf("the example reads otherwise now: %v", err)
	}
}

func TestTargetSnapshot_APlanFromItNeedsNoCredentialAndOpensNoConnection(t *testing.T) {
	t.Chdir(".")
	j := newJourney(t, "okta-to-keycloak", "okta", "keycloak")
	startOktaLab(j)
	address, visits := unanswered(t)
	j.set("keycloak_url", address)
	j.set("keycloak_realm", "acme")
	j.withoutSecret()
	j.run(0, "init")
	j.run(0, "collect")
	identities, err := state.Identities("", filepath.Join(j.folder, ".rehome", "identity.txt"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := surveying.Recipients(nil, []string{state.RecipientOf(identities)})
	if err != nil {
		t.Fatal(err)
	}
	snapshot := targetfile.Snapshot{Head: targetfile.Head{Target: "keycloak.portal",
		TakenAt: time.Now().UTC().Format(time.RFC3339),
		Identity: contract.TargetIdentity{Identity: "https://id.acme.example/realms/acme",
			Summary: "Keycloak 26.7.4, realm acme"}}}
	if err := surveying.Write(filepath.Join(j.folder, "target.age"), snapshot, keys); err != nil {
		t.Fatal(err)
	}
	if draft := j.run(3, "plan", "-target-snapshot=target.age"); !strings.Contains(draft, "(from a file)") {
		t.Errorf("the plan does not say what it was made from:\n%s", draft)
	}
	if n := visits.Load(); n > 0 {
		t.Errorf("planning from a file opened %d connections to the target", n)
	}
	if out := j.run(1, "plan"); !strings.Contains(out, "keycloak-nowhere") {
		t.Errorf("a plan from the live target went on without a credential:\n%s", out)
	}
}

// TestKeycloak_APlanFromASnapshotIsThatOfTheServer plans with a viewer's credential, and again from its snapshot
// without any.
func TestKeycloak_APlanFromASnapshotIsThatOfTheServer(t *testing.T) {
	t.Chdir(".")
	var pool keycloaktest.Pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	server := pool.Server(t)
	realm := server.NewRealm(t, "view-realm", "view-clients", "view-users", "view-identity-providers",
		"view-organizations", "query-groups")
	j := newJourney(t, "okta-to-keycloak", "okta", "keycloak")
	startOktaLab(j)
	j.set("keycloak_url", server.URL)
	j.set("keycloak_realm", realm.Name)
	j.set("keycloak_secret", realm.ClientSecret)
	j.run(0, "init")
	online := j.run(1, "validate", "-online")
	for _, text := range []string{"granted  view-clients", "MISSING  manage-realm", "permission-missing"} {
		if !strings.Contains(online, text) {
			t.Errorf("validate -online does not say %q:\n%s", text, online)
		}
	}
	j.run(0, "validate", "-online", "-for=plan")
	hash, outputs := j.approve() // with view roles only
	outputs = append(outputs, online, j.run(0, "target", "snapshot", "-out=target.age"))
	address, visits := unanswered(t)
	j.set("keycloak_url", address)
	j.withoutSecret()
	again := j.run(0, "plan", "-target-snapshot=target.age", "-out=again.rehome")
	p, err := readPlanFile(filepath.Join(j.folder, "again.rehome"))
	if err != nil {
		t.Fatal(err)
	}
	if p.PlanHash != hash || visits.Load() > 0 {
		t.Errorf("the plan from the file has hash %s, the live one %s; %d connections", p.PlanHash, hash, visits.Load())
	}
	j.noSecret(append(outputs, again), "planted-secret", realm.ClientSecret)
}
