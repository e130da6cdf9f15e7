package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestAccess_EveryCommandHasAClass(t *testing.T) {
	classes := commandClasses()
	seen := map[string]bool{}
	for _, c := range allCommands(newRootCommand(systemEnvironment())) {
		path := strings.TrimPrefix(c.CommandPath(), "rehome ")
		switch {
		case path == "help":
		case c.Run != nil:
			t.Errorf("%s has Run: use RunE, so that the guard stands before it", path)
		case c.RunE == nil && !c.HasSubCommands():
			t.Errorf("%s does nothing", path)
		case c.RunE == nil:
		case classes[path] == "":
			t.Errorf("%s is not classified: say in access_commands.go whether it reads, manages, or is free (touches neither state nor target)", path)
		}
		if c.PersistentPreRun != nil || c.PersistentPreRunE != nil {
			t.Errorf("%s runs something before the guard", path)
		}
		seen[path] = true
	}
	for path := range classes {
		if !seen[path] {
			t.Errorf("there is no command %q any more: remove its class", path)
		}
	}
}

func allCommands(root *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, c := range root.Commands() {
		all = append(append(all, c), allCommands(c)...)
	}
	return all
}

const guarded = `
migration "acme" {
  tenant = "acme"
  mode   = "first_run_adoption"
}
target "realmfile" "portal" {
  path  = "acme.json"
  realm = "acme"
}
access {
  issuer   = "https://127.0.0.1:1/"
  audience = "rehome"
}
`

// TestAccess_NoCommandStartsWithoutAToken runs every command that reads or changes something, in a folder with an access block, and
// demands that it is stopped before its own code.
func TestAccess_NoCommandStartsWithoutAToken(t *testing.T) {
	t.Chdir(t.TempDir())
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "main.rehome.hcl"), []byte(guarded), 0o600); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for path, class := range commandClasses() {
		if class == classRead || class == classManage {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			if !deniedWithSomeArguments(t, folder, path) {
				t.Error("the command went on without a token")
			}
		})
	}
}

// deniedWithSomeArguments tries none to three arguments: how many a command takes is its own affair.
func deniedWithSomeArguments(t *testing.T, folder, path string) bool {
	for n := range 4 {
		args := append([]string{"-chdir=" + folder}, strings.Fields(path)...)
		for range n {
			args = append(args, "x")
		}
		var out, talk bytes.Buffer
		env := systemEnvironment()
		env.in, env.out, env.err, env.terminal, env.asks = strings.NewReader(""), &out, &talk, false, false
		env.variable = []string{"REHOME_STATE_KEY=" + testIdentity}
		if status := run(context.Background(), args, env); status == exitDone {
			t.Errorf("%v ended with status 0", args)
		}
		if strings.Contains(out.String()+talk.String(), "access-token-missing") {
			return true
		}
	}
	return false
}

// testIdentity is an age identity of this test only.
const testIdentity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
