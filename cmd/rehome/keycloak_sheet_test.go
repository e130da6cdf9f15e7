package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
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
	// It stands under a policy that is not carried, so it is handed over and not opened.
	mustSay(t, j.run(0, "sheet", "record", "Fieldbook", "-delivered-to=Field team"), "it is handed over")
	mustSay(t, j.run(0, "status", "-apps"), "does not keep sign-in events", "Field team, 2020-01-05")
	realm.AdminRealm(t, http.MethodPut, "", map[string]any{"eventsEnabled": true})
	mustSay(t, j.run(0, "status", "-apps"), "target    keycloak.portal: sign-ins since")
	mustSay(t, j.run(1, "sheet", "confirm", "Fieldbook", "-by=Ana"), "application-not-open")
	mustSay(t, j.run(0, "status", "-apps", "-json"), `"state": "handed_over"`)
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
