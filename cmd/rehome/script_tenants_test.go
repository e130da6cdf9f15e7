package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// unseen runs a command, whatever its exit status, and fails when it names anything of a list: what another tenant has.
func unseen(ts *testscript.TestScript, _ bool, args []string) {
	foreign := strings.Fields(ts.ReadFile(args[0]))
	if len(foreign) == 0 {
		ts.Fatalf("%s names nothing, so nothing can be seen of it", args[0])
	}
	_ = ts.Exec(args[1], args[2:]...)
	for _, stream := range []string{"stdout", "stderr"} {
		shown := ts.ReadFile(stream)
		for _, name := range foreign {
			if strings.Contains(shown, name) {
				ts.Fatalf("%s shows %s of another tenant on %s:\n%s", strings.Join(args[1:], " "), name, stream, shown)
			}
		}
	}
}

// setFrom sets a variable to the first match of a pattern in a file.
func setFrom(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[2]).FindString(ts.ReadFile(args[1]))
	if found == "" {
		ts.Fatalf("%s does not hold %s", args[1], args[2])
	}
	ts.Setenv(args[0], found)
}

// TestTwoTenants_EveryCommandIsWalked demands that the script of two tenants runs every command that reads or changes,
// so that a new command is tried with another tenant beside it.
func TestTwoTenants_EveryCommandIsWalked(t *testing.T) {
	content, err := os.ReadFile("testdata/script/walk-two-tenants.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var walked []string
	for line := range strings.Lines(string(content)) {
		if _, command, is := strings.Cut(line, " rehome "); is && !strings.HasPrefix(line, "#") {
			walked = append(walked, strings.TrimSpace(command))
		}
	}
	for _, c := range commands() {
		path := c.Path
		if c.Class == classFree || c.Run == nil {
			continue
		}
		runs := slices.ContainsFunc(walked, func(command string) bool {
			return command == path || strings.HasPrefix(command,
				path+" ")
		})
		if !runs {
			t.Errorf("walk-two-tenants.txtar does not run rehome %s", path)
		}
	}
}
