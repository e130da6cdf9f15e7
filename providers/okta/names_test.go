package okta_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

// Names that an administrator changed person by person are counted: no template makes them, and the target would send
// another one.
func TestCollect_CountsNamesThatNoTemplateMakes(t *testing.T) {
	app := func(id, mode, template, subject string) string {
		return `{"id":"` + id + `","name":"custom","label":"` + id + `","status":"ACTIVE","signOnMode":"` + mode + `",
			"credentials":{"userNameTemplate":{"template":"` + template + `","type":"BUILT_IN"}},
			"settings":{"app":{},"signOn":{"ssoAcsUrl":"https://x.example/acs","audience":"urn:` + id + `",
			"subjectNameIdTemplate":"` + subject + `","subjectNameIdFormat":"x:unspecified","attributeStatements":[]}}}`
	}
	users := `[{"id":"u1","status":"ACTIVE","profile":{"login":"Ann@acme.example","email":"a@acme.example"}},
		{"id":"u2","status":"ACTIVE","profile":{"login":"bob@acme.example","email":"b@acme.example"}}]`
	named := func(ann, bob string) string {
		return `[{"id":"u1","scope":"GROUP","status":"ACTIVE","credentials":{"userName":"` + ann + `"}},
			{"id":"u2","scope":"USER","status":"ACTIVE","credentials":{"userName":"` + bob + `"}}]`
	}
	folder := t.TempDir()
	for name, text := range map[string]string{
		"users.json": users, "groups.json": "[]", "app-groups.json": "{}", "group-members.json": "{}", "secrets.json": "{}",
		"apps.json": "[" + app("own", "SAML_2_0", "${source.login}", "${user.userName}") + "," +
			app("same", "SAML_2_0", "${source.login}", "${user.userName}") + "," +
			app("mail", "SAML_2_0", "${source.email}", "${user.userName}") + "," +
			app("elsewhere", "SAML_2_0", "${source.login}", "${user.employeeNumber}") + "]",
		"app-users.json": `{"own":` + named("PH-000451", "bob@acme.example") + `,"same":` +
			named("ann@ACME.example", "bob@acme.example") + `,"mail":` + named("a@acme.example", "bob@acme.example") +
			`,"elsewhere":` + named("x", "y") + `}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source, _ := tenantSource(t, folder, labokta.Options{RatePerMinute: -1})
	collected := sdktest.NewCollected()
	if err := source.Collect(t.Context(), collected.Sink()); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"own": 1, "same": 0, "mail": 1, "elsewhere": 0}
	found := 0
	for _, item := range collected.Sorted() {
		if item.Kind != identity.KindApplication {
			continue
		}
		var app kinds.Application
		if err := item.Decode(&app); err != nil {
			t.Fatal(err)
		}
		found++
		if app.NamesByPerson != want[item.ID] {
			t.Errorf("%s: %d names of their own, want %d", item.ID, app.NamesByPerson, want[item.ID])
		}
	}
	if found != len(want) {
		t.Errorf("%d applications", found)
	}
}
