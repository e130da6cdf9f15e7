package keeping

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/diagnosis"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/state"
)

const configuration = `migration "acme" {
  tenant = "acme"
  mode   = "first_run_adoption"
}

source "okta" "corp" {
  org_url   = "https://acme.example"
  api_token = credential("okta")
}

target "realmfile" "portal" {
  path  = "FOLDER/realm.json"
  realm = "acme"
}
`

// person answers every question alike.
type person struct{ answer string }

func (p person) Possible() bool                                 { return true }
func (p person) Line(context.Context, string) (string, error)   { return p.answer, nil }
func (p person) Secret(context.Context, string) (string, error) { return p.answer, nil }

// initialised is a project in a folder of its own, with a state and a target in this process. Each call of open is
// another one in the same folder, as another command is.
func initialised(t *testing.T) (folder string, open func(ask project.Ask) *project.Project) {
	t.Helper()
	folder = t.TempDir()
	text := strings.ReplaceAll(configuration, "FOLDER", folder)
	if err := os.WriteFile(filepath.Join(folder, "main.rehome.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := state.MakeIdentity(filepath.Join(folder, ".rehome", "identity.txt")); err != nil {
		t.Fatal(err)
	}
	open = func(ask project.Ask) *project.Project {
		p := project.New(project.Settings{
			Folder: folder, Command: "rehome test", Now: time.Now, Host: "host", Account: "tester", PID: os.Getpid(), Ask: ask,
			Backend: projecttest.Backend,
			Local: map[string]func(context.Context) (net.Conn, error){
				"realmfile": sdk.LocalTarget(func() sdk.Target { return realmfile.New("1.0.0") }),
			},
		})
		t.Cleanup(p.Close)
		return p
	}
	return folder, open
}

// wantCode demands a diagnostic of a code.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || diagnosis.Of(err)[0].Code != code {
		t.Errorf("got %v, want the diagnostic %s", err, code)
	}
}

func TestCredentials_AreKeptListedAndForgotten(t *testing.T) {
	_, open := initialised(t)
	bound, err := SetCredential(t.Context(), open(person{"planted"}), "okta", nil)
	if err != nil || !slices.Equal(bound, []string{"https://acme.example"}) {
		t.Fatal(bound, err)
	}
	names, err := Credentials(t.Context(), open(nil))
	if err != nil || len(names) != 1 || names[0].Name != "okta" || !slices.Equal(names[0].For, bound) {
		t.Errorf("%v %v", names, err)
	}
	if err := DeleteCredential(t.Context(), open(nil), "okta"); err != nil {
		t.Error(err)
	}
	wantCode(t, DeleteCredential(t.Context(), open(nil), "okta"), "credential-unknown")
	names, err = Credentials(t.Context(), open(nil))
	if err != nil || names == nil || len(names) != 0 {
		t.Errorf("%v %v", names, err)
	}
	if _, err := SetCredential(t.Context(), open(nil), "okta", nil); !errors.Is(err, io.EOF) {
		t.Errorf("a secret was kept that nobody gave: %v", err)
	}
}

func TestSetCredential_BindsIt(t *testing.T) {
	_, open := initialised(t)
	for _, c := range []struct {
		name  string
		given []string
		bound []string // nil: refused
	}{
		{"okta", []string{"https://B.example/", "https://a.example:443"}, []string{"https://a.example", "https://b.example"}},
		{"okta", []string{"okta"}, []string{"okta"}},
		{"okta", []string{"a.example"}, nil},
		{"other", nil, nil},
		{"other", []string{"https://a.example"}, []string{"https://a.example"}},
	} {
		bound, err := SetCredential(t.Context(), open(person{"planted"}), c.name, c.given)
		if !slices.Equal(bound, c.bound) {
			t.Errorf("%s for %q: %q %v", c.name, c.given, bound, err)
		}
		if c.bound == nil {
			wantCode(t, err, "credential-address-unknown")
		}
	}
}

func TestFormat_ChangesOnlyWhatIsNotInTheUsualLayout(t *testing.T) {
	folder, open := initialised(t)
	wide := filepath.Join(folder, "wide.rehome.hcl")
	const source = "locals {\na=1\n}\n"
	if err := errors.Join(os.WriteFile(wide, []byte(source), 0o640), os.Mkdir(filepath.Join(folder, "below"), 0o700),
		os.WriteFile(filepath.Join(folder, "below", "more.rehome.hcl"), []byte(source), 0o600)); err != nil {
		t.Fatal(err)
	}
	p := open(nil)
	checked, err := Format(p, FormatInput{Check: true})
	if err != nil || len(checked) != 1 || checked[0].Path != "wide.rehome.hcl" || string(checked[0].Before) != source {
		t.Fatalf("%+v %v", checked, err)
	}
	if now, err := os.ReadFile(wide); err != nil || string(now) != source {
		t.Errorf("a check changed the file: %q %v", now, err)
	}
	if changed, err := Format(p, FormatInput{Recursive: true}); err != nil || len(changed) != 2 ||
		changed[0].Path != "below/more.rehome.hcl" {
		t.Errorf("%+v %v", changed, err)
	}
	now, err := os.ReadFile(wide)
	info, broken := os.Stat(wide)
	if err := errors.Join(err, broken); err != nil || string(now) != "locals {\n  a = 1\n}\n" ||
		info.Mode().Perm() != 0o640 {
		t.Errorf("%q %v %v", now, info, err)
	}
	if again, err := Format(p, FormatInput{Paths: []string{"wide.rehome.hcl"}}); err != nil || len(again) != 0 {
		t.Errorf("%+v %v", again, err)
	}
	if _, err := Format(p, FormatInput{Paths: []string{"nowhere"}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestState_IsShownExportedAndEnded(t *testing.T) {
	folder, open := initialised(t)
	if _, err := open(nil).StateForChange(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := ShowState(t.Context(), open(nil))
	if err != nil || len(report.Migrations) != 1 || report.Migrations[0].Name != "acme" ||
		len(report.Keys.Recipients) != 1 || report.Bytes == 0 {
		t.Fatalf("%+v %v", report, err)
	}
	records, err := ExportState(t.Context(), open(nil), "state.jsonl")
	if err != nil || records == 0 {
		t.Fatalf("%d %v", records, err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "state.jsonl"))
	if err != nil || strings.Count(string(text), "\n") != records+1 {
		t.Errorf("%d lines of %d records, %v", strings.Count(string(text), "\n"), records, err)
	}
	for line := range strings.Lines(string(text)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	if _, err := ExportState(t.Context(), open(nil), "state.jsonl"); err == nil {
		t.Error("an export was written over another")
	}
	_, err = Archive(t.Context(), open(nil), "", false)
	wantCode(t, err, "confirmation-missing")
	if _, err := Archive(t.Context(), open(person{"no"}), "", false); err == nil {
		t.Error("it was archived though a person said no")
	}
	if _, err := Archive(t.Context(), open(nil), "elsewhere", true); err == nil {
		t.Error("what is not there was archived")
	}
	if m, err := Archive(t.Context(), open(person{"yes"}), "acme", false); err != nil ||
		m.Status != lifecycle.MigrationArchived {
		t.Errorf("%+v %v", m, err)
	}
	_, err = open(nil).StateForChange(t.Context())
	wantCode(t, err, "migration-archived")
}

func TestRotateKey_KeepsAWayIn(t *testing.T) {
	folder, open := initialised(t)
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	_, err = RotateKey(t.Context(), open(nil), RotateInput{Recipients: []string{other.Recipient().String()}})
	wantCode(t, err, "key-locks-out")
	if _, err := RotateKey(t.Context(), open(nil), RotateInput{Recipients: []string{"age1nobody"}}); err == nil {
		t.Error("a text that is no key was taken")
	}
	before, err := os.ReadFile(filepath.Join(folder, ".rehome", "identity.txt"))
	if err != nil {
		t.Fatal(err)
	}
	done, err := RotateKey(t.Context(), open(nil), RotateInput{NewIdentity: true})
	if err != nil || len(done.Recipients) != 1 || done.Values == 0 {
		t.Fatalf("%+v %v", done, err)
	}
	after, err := os.ReadFile(filepath.Join(folder, ".rehome", "identity.txt"))
	if err != nil || !strings.Contains(string(after), done.Recipients[0]) ||
		strings.Contains(string(before), done.Recipients[0]) ||
		strings.Count(string(after), "AGE-SECRET-KEY-") != 1 {
		t.Errorf("the new identity is not alone in its file: %v", err)
	}
	if _, err := ShowState(t.Context(), open(nil)); err != nil {
		t.Errorf("the new identity does not open the state: %v", err)
	}
}

func TestForceUnlock_TakesNothingThatIsNotHeld(t *testing.T) {
	_, open := initialised(t)
	_, err := ForceUnlock(t.Context(), open(nil), "r-1", false)
	wantCode(t, err, "lock-none")
}

func TestForceUnlock_LeavesWorkOfALiveProcessUnlessTold(t *testing.T) {
	_, open := initialised(t)
	p := open(nil)
	if _, err := p.State(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := p.Hold(t.Context(), state.WorkRotate, "", "", func(_ context.Context, held state.Activity) error {
		_, err := ForceUnlock(t.Context(), open(nil), held.ID, false)
		wantCode(t, err, "lock-holder-alive")
		_, err = ForceUnlock(t.Context(), open(nil), "another", false)
		wantCode(t, err, "lock-id-wrong")
		unlocked, err := ForceUnlock(t.Context(), open(nil), held.ID, true)
		if err != nil || unlocked.Work == "" || !strings.Contains(unlocked.Holder, held.ID) {
			t.Errorf("%+v %v", unlocked, err)
		}
		return nil
	})
	if err != nil && !errors.Is(err, state.ErrTakenOver) {
		t.Error(err)
	}
}

func TestRevoke_NotesAPlanOnce(t *testing.T) {
	_, open := initialised(t)
	if _, err := open(nil).StateForChange(t.Context()); err != nil {
		t.Fatal(err)
	}
	hash := "sha256:" + strings.Repeat("0f", 32)
	for _, want := range []bool{false, true} {
		if already, err := Revoke(t.Context(), open(nil), hash); err != nil || already != want {
			t.Errorf("already is %v, %v", already, err)
		}
	}
	_, err := Revoke(t.Context(), open(nil), "sha256:0f")
	wantCode(t, err, "plan-hash-invalid")
}

func TestAdopt_NeedsAnArchivedMigrationOfTheTenant(t *testing.T) {
	folder, open := initialised(t)
	if _, err := open(nil).StateForChange(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := Adopt(t.Context(), open(nil), "pilot")
	wantCode(t, err, "adopt-unknown")
	// the marker is acme's now
	if _, err := Revoke(t.Context(), open(nil), "sha256:"+strings.Repeat("00", 32)); err != nil {
		t.Fatal(err)
	}
	if _, err := Archive(t.Context(), open(nil), "", true); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "main.rehome.hcl")
	text, err := os.ReadFile(path)
	if err == nil {
		text = []byte(strings.Replace(string(text), `migration "acme"`, `migration "acme-second"`, 1))
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	done, err := Adopt(t.Context(), open(nil), "acme")
	if err != nil || done.To != "acme-second" || done.Target != "realmfile.portal" {
		t.Errorf("%+v %v", done, err)
	}
}

func TestValidate_SaysWhatIsWrongInTheReportToo(t *testing.T) {
	folder, open := initialised(t)
	report, err := Validate(t.Context(), open(nil), ValidateInput{})
	if err != nil || !report.Valid || report.Diagnostics == nil {
		t.Errorf("%+v %v", report, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "more.rehome.hcl"), []byte("nonsense {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	report, err = Validate(t.Context(), open(nil), ValidateInput{})
	var list diag.List
	if !errors.As(err, &list) || report.Valid || len(report.Diagnostics) != len(list) {
		t.Errorf("%+v %v", report, err)
	}
}

func TestInitialise_NeverMakesAKeyBesideAStateThatHasAnother(t *testing.T) {
	folder, open := initialised(t)
	if _, err := open(nil).State(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, ".rehome", "identity.txt")); err != nil {
		t.Fatal(err)
	}
	_, err := Initialise(t.Context(), open(nil), false)
	wantCode(t, err, "state-key-missing")
	if _, err := os.Stat(filepath.Join(folder, ".rehome", "identity.txt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
}
