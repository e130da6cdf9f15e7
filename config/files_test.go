package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/diag"
)

// folder is a configuration beside a file of somebody else, with a state, links and a file of its own.
func folder(t *testing.T, expression string) (string, diag.List) {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "tenant")
	for _, name := range []string{dir, filepath.Join(dir, ".rehome"), filepath.Join(dir, "texts"),
		filepath.Join(dir, "other", ".rehome")} {
		if err := os.MkdirAll(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"outside.txt": "planted", "tenant/.rehome/identity.txt": "planted", "tenant/other/.rehome/x": "planted",
		"tenant/key.txt": "planted", "tenant/copy.txt": "# a copy\nAGE-SECRET-KEY-1PLANTED\n", "tenant/texts/own.txt": "own",
		"tenant/main.rehome.hcl": base + "locals {\n a = " + expression + "\n}\nvariable \"a\" {\n default = \"\"\n}\n" +
			"acknowledge \"x\" {\n reason = local.a\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(top, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out": "../outside.txt", "up": "..", "in": "texts/own.txt",
		"state": ".rehome", "twice": "state/identity.txt"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(dir, "key.txt"), filepath.Join(dir, "hard.txt")); err != nil {
		t.Fatal(err)
	}
	_, list := Load(dir, Inputs{Private: []string{filepath.Join(dir, "key.txt")}})
	return dir, list
}

func TestFilesAreReadBelowTheFolderOnly(t *testing.T) {
	for _, path := range []string{"texts/own.txt", "./texts/../texts/own.txt", "in", "up/tenant/texts/own.txt"} {
		if _, list := folder(t, `file("`+path+`")`); list.HasErrors() {
			t.Errorf("%s: %v", path, list)
		}
	}
	refused := []string{
		"../outside.txt", "out", "up/outside.txt", "/etc/hostname",
		".rehome/identity.txt", "./texts/../.rehome/identity.txt", "state/identity.txt", "twice", "other/.rehome/x",
		"up/tenant/.rehome/identity.txt", "key.txt", "hard.txt",
	}
	for _, path := range refused {
		for _, call := range []string{"file", "fileexists"} {
			_, list := folder(t, call+`("`+path+`")`)
			if len(list) != 1 || list[0].Subject == nil || list[0].Subject.File != "main.rehome.hcl" ||
				list[0].Subject.Start.Line != 11 || strings.Contains(list[0].Detail, "planted") {
				t.Errorf("%s of %s: %+v", call, path, list)
			}
		}
	}
	if _, list := folder(t, `file("copy.txt")`); !list.HasErrors() || strings.Contains(list.Err().Error(), "PLANTED") {
		t.Errorf("a copy of a key was read: %v", list)
	}
	dir, list := folder(t, `file(fileexists("none.txt") ? "none.txt" : "texts/own.txt")`)
	if list.HasErrors() {
		t.Errorf("in %s: %v", dir, list)
	}
}

// A link in a pull request would otherwise let the message about wrong syntax show the key.
func TestAConfigurationFileIsNoWayToTheState(t *testing.T) {
	for _, name := range []string{"x.rehome.hcl", "x.auto.vars.hcl"} {
		dir, _ := folder(t, `"a"`)
		if err := os.Symlink(".rehome/identity.txt", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		_, list := Load(dir, Inputs{})
		if len(list) != 1 || list[0].Code != codeFileUnreadable || list[0].Snippet != nil ||
			!strings.Contains(list[0].Detail, ".rehome") {
			t.Errorf("%s: %+v", name, list)
		}
	}
}
