package client_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/providers/client"
)

// Whoever may write to the folder of a plugin, or above it, has the process and its credentials.
func TestAFolderThatOthersMayWriteToIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		above, folder, file os.FileMode
		refused             bool
	}{
		"own":                  {0o755, 0o755, 0o755, false},
		"of a private group":   {0o755, 0o775, 0o755, os.Getuid() != os.Getgid()},
		"of all":               {0o755, 0o777, 0o755, true},
		"of all, with its bit": {0o755, os.ModeSticky | 0o777, 0o755, true},
		"the file":             {0o755, 0o755, 0o757, true},
		"a folder above":       {0o777, 0o755, 0o755, true},
		"above, with its bit":  {os.ModeSticky | 0o777, 0o755, 0o755, false},
	} {
		top := filepath.Join(t.TempDir(), "above")
		dir := filepath.Join(top, "plugins")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := binary(t, dir, "rehome-provider-okta", 0o700)
		for what, mode := range map[string]os.FileMode{path: c.file, dir: c.folder, top: c.above} {
			if err := os.Chmod(what, mode); err != nil {
				t.Fatal(err)
			}
		}
		_, err := client.Finder{Dirs: []string{dir}}.Find("okta")
		if !c.refused {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wantCode(t, err, "plugin-folder-open")
		// A link from a safe folder leads to the same place.
		safe := t.TempDir()
		if err := os.Symlink(path, filepath.Join(safe, "rehome-provider-okta")); err != nil {
			t.Fatal(err)
		}
		_, err = client.Finder{Dirs: []string{safe}}.Find("okta")
		wantCode(t, err, "plugin-folder-open")
	}
}

func TestAPluginMustBeTheProviderThatItWasAskedAs(t *testing.T) {
	o := options(t, "source")
	o.Name = "okta"
	source, err := client.LaunchSource(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	_, err = source.Schema(t.Context())
	if d := wantCode(t, err, "plugin-foreign"); !strings.Contains(d.Detail, "fake") {
		t.Error(d.Detail)
	}
}

// A plugin may start processes of its own; they must not outlive it with its credentials.
func TestChildrenOfAPluginEndWithIt(t *testing.T) {
	o := options(t, "parent")
	source, err := client.LaunchSource(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	found, err := source.Identify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(found.Detail)
	if err != nil {
		t.Fatal(err)
	}
	if syscall.Kill(child, 0) != nil {
		t.Fatal("the child has not begun")
	}
	source.Close()
	for end := time.Now().Add(5 * time.Second); running(child); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			_ = syscall.Kill(child, syscall.SIGKILL)
			t.Fatal("the child of a plugin outlives it")
		}
	}
}
