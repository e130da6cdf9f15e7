package project

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// heard keeps what a project sends.
type heard struct{ events []Event }

func (h *heard) Send(e Event)             { h.events = append(h.events, e) }
func (h *heard) Hide(func([]byte) []byte) {}
func (h *heard) codes() (codes []string) {
	for _, event := range h.events {
		if problems, ok := event.(Problems); ok {
			for _, d := range problems.List {
				codes = append(codes, d.Code)
			}
		}
	}
	return codes
}

// answers is an Ask with a person who answers always the same.
type answers struct {
	line string
	err  error
}

func (a answers) Possible() bool                                 { return true }
func (a answers) Line(context.Context, string) (string, error)   { return a.line, a.err }
func (a answers) Secret(context.Context, string) (string, error) { return a.line, a.err }

const configuration = `migration "NAME" {
  tenant = "NAME"
  mode   = "first_run_adoption"
}

source "okta" "corp" {
  org_url   = var.url
  api_token = credential("okta")
}

target "realmfile" "portal" {
  path  = "realm.json"
  realm = "NAME"
}

variable "url" {
  type = string
}
`

// folder makes a project of a tenant in a folder of its own; its identity is beside the state.
func folder(t *testing.T, tenant string) Settings {
	t.Helper()
	dir := t.TempDir()
	text := strings.ReplaceAll(configuration, "NAME", tenant)
	if err := os.WriteFile(filepath.Join(dir, "main.rehome.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := state.MakeIdentity(filepath.Join(dir, ".rehome", "identity.txt")); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	return Settings{
		Folder: dir, Command: "rehome test", Environ: []string{"REHOME_VAR_url=https://" + tenant + ".example",
			"PATH=" + os.Getenv("PATH")},
		Now: func() time.Time { return now }, Host: "host", Account: tenant + "-operator", PID: os.Getpid(),
		Backend: func(path string, patience time.Duration) (state.Backend, error) {
			return bolt.Open(path, patience, bolt.Holder{})
		},
	}
}

func TestProject_TwoTenantsAreOpenSideBySide(t *testing.T) {
	open := map[string]*Project{}
	for _, tenant := range []string{"acme", "beta"} {
		p := New(folder(t, tenant))
		defer p.Close()
		if _, err := p.StateForChange(t.Context()); err != nil {
			t.Fatalf("%s: %v", tenant, err)
		}
		open[tenant] = p
	}
	for tenant, p := range open {
		m, err := p.Migration().Recorded()
		if err != nil || m.Tenant != tenant || len(m.Sources) != 1 {
			t.Errorf("%s: %+v %v", tenant, m, err)
		}
		if want := tenant + "-operator@host (system user, not verified)"; p.Actor() != want {
			t.Errorf("%s acts as %q", tenant, p.Actor())
		}
		path, err := p.StatePath()
		if err != nil || filepath.Dir(filepath.Dir(path)) != p.Folder {
			t.Errorf("the state of %s is at %s, %v", tenant, path, err)
		}
	}
	if _, err := open["beta"].Store().Migration("acme", "acme").Recorded(); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("beta sees acme: %v", err)
	}
}

func TestProject_OpensNothingBeforeItIsAsked(t *testing.T) {
	p := New(Settings{Folder: filepath.Join(t.TempDir(), "nowhere")})
	if p.Config() != nil || p.Store() != nil || p.Subject() != nil || p.ThrowAway() {
		t.Error("something is open")
	}
	p.Close()
	var found diag.List
	if _, err := p.State(t.Context()); !errors.As(err, &found) {
		t.Errorf("got %v", err)
	}
}

func TestProject_SaysThatAStateNeedsAKey(t *testing.T) {
	s := folder(t, "acme")
	s.Environ = append(s.Environ, "REHOME_IDENTITY_FILE=elsewhere.txt")
	p := New(s)
	if want := filepath.Join(s.Folder, "elsewhere.txt"); p.IdentityPath() != want {
		t.Errorf("the identity is looked for in %s", p.IdentityPath())
	}
	var d diag.Diagnostic
	if _, err := p.State(t.Context()); !errors.As(err, &d) || d.Code != "state-not-initialised" {
		t.Errorf("got %v", err)
	}
}

func TestProject_LaterVariablesWin(t *testing.T) {
	s := Settings{Environ: []string{"A=1", "AB=2", "A=3", "B"}}
	if s.Variable("A") != "3" || s.Variable("AB") != "2" || s.Variable("B") != "" || s.Variable("C") != "" {
		t.Error(s.Variable("A"), s.Variable("AB"), s.Variable("B"), s.Variable("C"))
	}
}

func TestProject_AsksForMoreThanReadingUnlessToldOtherwise(t *testing.T) {
	if need := (&Settings{}).need(); need != authorization.Manage {
		t.Errorf("the zero value needs %q", need)
	}
	if need := (&Settings{Need: authorization.Read}).need(); need != authorization.Read {
		t.Errorf("Read became %q", need)
	}
}

func TestActor_IsWhatACISystemSaysElseGitElseTheSystem(t *testing.T) {
	s := folder(t, "acme")
	s.Environ = append(s.Environ, "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=Ada L",
		"GIT_CONFIG_KEY_1=user.email",
		"GIT_CONFIG_VALUE_1=ada@acme.example")
	if got := s.unverifiedActor(t.Context()); got != "git:Ada L <ada@acme.example>, acme-operator@host (git and system "+
		"user, not verified)" {
		t.Error(got)
	}
	s.Environ = append(s.Environ, "GITLAB_USER_LOGIN=ada")
	if got := s.unverifiedActor(t.Context()); got != "ada (gitlab user, not verified)" {
		t.Error(got)
	}
}

func TestConfirm_NeedsAYes(t *testing.T) {
	cases := map[string]struct {
		ask Ask
		yes bool
		ok  bool
	}{
		"nobody there":            {nil, false, false},
		"nobody there, but -yes":  {nil, true, true},
		"a person says yes":       {answers{line: "yes"}, false, true},
		"yes and then the end":    {answers{"yes", io.EOF}, false, true},
		"a person says y":         {answers{line: "y"}, false, false},
		"a person says nothing":   {answers{err: io.EOF}, false, false},
		"a person is interrupted": {answers{err: context.Canceled}, false, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := New(Settings{Ask: c.ask}).Confirm(t.Context(), c.yes, "Do it?")
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
			if errors.Is(err, io.EOF) {
				t.Error("the end of input is shown to a person")
			}
		})
	}
}

func TestPlugins_KeepSecretsOutOfWhatIsPrinted(t *testing.T) {
	p, err := New(folder(t, "acme")).Plugins()
	if err != nil {
		t.Fatal(err)
	}
	p.Hide("planted")
	p.Hide("abc") // too short: it is in too many words
	if got := p.redact("token planted, abc"); got != "token (sensitive), abc" {
		t.Error(got)
	}
}

func TestPlugins_AnOverrideIsWarnedOfOnce(t *testing.T) {
	s, listener := folder(t, "acme"), &heard{}
	s.Events, s.Environ = listener, append(s.Environ, "REHOME_DEV_OVERRIDES=okta=build/okta")
	path := filepath.Join(s.Folder, "build", "okta")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o700)); err != nil {
		t.Fatal(err)
	}
	plugins, err := New(s).Plugins()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if o, err := plugins.locked("okta"); err != nil || o.Path != path || o.Folder != s.Folder {
			t.Fatalf("%+v %v", o, err)
		}
	}
	if codes := listener.codes(); len(codes) != 1 || codes[0] != "plugin-overridden" {
		t.Errorf("heard %v", codes)
	}
}

func TestPrivateFile_IsWholeOrNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.jsonl")
	f, err := NewPrivateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Line(map[string]int{"a": 1}), f.Close(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := NewPrivateFile(path); err == nil {
		t.Error("a file that is there is written over")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	broken := filepath.Join(filepath.Dir(path), "broken.jsonl")
	f, err = NewPrivateFile(broken)
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	if err := f.Close(failed); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(broken); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what failed is left behind: %v", err)
	}
}

func TestProject_TalksToProvidersInThisProcess(t *testing.T) {
	s := folder(t, "acme")
	path := filepath.Join(s.Folder, "main.rehome.hcl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.ReplaceAll(string(text), `"realm.json"`, `"`+filepath.Join(s.Folder, "realm.json")+`"`)
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Local = map[string]func(context.Context) (net.Conn, error){
		"realmfile": sdk.LocalTarget(func() sdk.Target { return realmfile.New("1.0.0") }),
	}
	p := New(s)
	defer p.Close()
	for range 2 { // each start is a target of its own, which is configured once
		target, schema, err := p.Target(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		who, err := target.Identify(t.Context())
		if err != nil || schema.Version == "" || !strings.Contains(who.Summary, "realm acme") {
			t.Errorf("%+v %v", who, err)
		}
		target.Close()
	}
}

// An empty element is no folder: it would be that of the configuration, which a pull request may fill.
func TestPluginDirs_AreNoneWhereNothingIsNamed(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct {
		settings Settings
		want     []string
	}{
		{Settings{}, []string{}},
		{Settings{PluginDirs: []string{"", "own"}, Binaries: "/bin", Home: "/home/x",
			Environ: []string{"REHOME_PLUGIN_DIR=:/a::/b: :"}},
			[]string{filepath.Join(folder, "own"), "/a", "/b", "/bin", "/home/x/.local/share/rehome/plugins"}},
	} {
		c.settings.Folder = folder
		if got := New(c.settings).pluginDirs(); !slices.Equal(got, c.want) {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
