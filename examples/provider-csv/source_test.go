package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

func TestSource_KeepsTheContract(t *testing.T) {
	found := sdktest.Source(t, &source{}, map[string]any{"folder": "export"})
	if len(found.Items) != 4 || len(found.Pages) != 2 {
		t.Errorf("%d items of %d pages", len(found.Items), len(found.Pages))
	}
	if item := found.Items[identity.ItemID{Kind: identity.KindGroup, ID: "g3"}]; item.Name != "Sales, EMEA" ||
		item.Page != 1 {
		t.Errorf("%+v", item)
	}
}

func TestSource_SaysWhatCannotBeRead(t *testing.T) {
	for name, content := range map[string]string{"no file": "", "no columns": "\n",
		"a line that is too short": "id,name,description\ng1\n"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if content != "" {
				if err := os.WriteFile(filepath.Join(folder, "groups.csv"), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := &source{folder: folder}
			var fault *contract.ProviderError
			if err := s.Collect(t.Context(), sdktest.NewCollected().Sink()); !errors.As(err, &fault) {
				t.Errorf("collecting ended with %v", err)
			}
		})
	}
}

// TestProvider_IsRunByRehome builds the plugin as its author does, and runs rehome with it up to a plan.
func TestProvider_IsRunByRehome(t *testing.T) {
	bin, folder := t.TempDir(), t.TempDir()
	for binary, path := range map[string]string{"rehome-provider-csv": ".", "rehome": "../../cmd/rehome",
		"rehome-provider-realmfile": "../../cmd/rehome-provider-realmfile"} {
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, binary),
			path).CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", binary, err, out)
		}
	}
	if err := os.CopyFS(filepath.Join(folder, "export"), os.DirFS("export")); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile("main.rehome.hcl")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "main.rehome.hcl"), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	run := func(status int, args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), filepath.Join(bin, "rehome"), args...)
		command.Dir = folder
		command.Env = append(os.Environ(), "REHOME_PLUGIN_DIR="+bin, "HOME="+folder, "CI=true")
		out, err := command.CombinedOutput()
		if command.ProcessState.ExitCode() != status {
			t.Fatalf("rehome %s: %v, wanted status %d\n%s", strings.Join(args, " "), err, status, out)
		}
		return string(out)
	}
	run(0, "init")
	run(0, "collect")
	if out := run(0, "assess"); !strings.Contains(out, "Who is in the groups?") {
		t.Errorf("what the export never holds is not asked:\n%s", out)
	}
	// The owner of the application has to be told something first, which is a gate of the plan.
	out := run(3, "plan")
	for _, want := range []string{`group:/Sales, EMEA`, `client:wiki`, "10 create, 0 change",
		"4 items = 4 done by resources"} {
		if !strings.Contains(out, want) {
			t.Errorf("the plan does not say %q:\n%s", want, out)
		}
	}
}
