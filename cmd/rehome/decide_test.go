package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/deciding"
)

const crowdedRealm = `{"realm": "acme", "enabled": true, "organizationsEnabled": true, "groups": [
  {"name": "Finance", "path": "/Finance", "attributes": {"cost-center": ["7"]}}, {"name": "Engineering", "path": "/Engineering"},
  {"name": "Support", "path": "/Support"}, {"name": "Leadership", "path": "/Leadership"}]}`

// atTerminal runs decide as a person at a terminal would, with the answers given.
func atTerminal(ctx context.Context, j *journey, answers io.Reader) (status int, talk string) {
	var out bytes.Buffer
	env := systemEnvironment()
	env.in, env.out, env.err, env.terminal, env.asks = answers, &out, &out, false, true
	env.variable = append(append([]string{}, os.Environ()...), append(j.variable, "REHOME_PLUGIN_DIR="+j.plugins, "CI=", "REHOME_IN_AUTOMATION=", "REHOME_LOG=")...)
	status = run(ctx, []string{"-chdir=" + j.folder, "decide"}, env)
	return status, out.String()
}

func crowded(t *testing.T) *journey {
	t.Helper()
	t.Chdir(".") // commands change the folder; this puts it back
	j := newJourney(t, "okta-to-realmfile", "okta", "realmfile")
	startOktaLab(j)
	if err := os.WriteFile(filepath.Join(j.folder, "acme-realm.json"), []byte(crowdedRealm), 0o600); err != nil {
		t.Fatal(err)
	}
	j.run(0, "init")
	j.run(0, "collect")
	return j
}

func TestDecide_AsksOneByOneAndWritesWhatWasAnswered(t *testing.T) {
	j := crowded(t)
	// Engineering: a wrong answer, then a new one with a rename. Finance: reconcile. Leadership: open. Support: the end.
	status, talk := atTerminal(t.Context(), j, strings.NewReader("9\nc\nEngineering-okta\nr 1\ndescription\n\nq\n"))
	if status != 0 || !strings.Contains(talk, "That is none of the answers") || !strings.Contains(talk, "2 merge blocks written to decisions.rehome.hcl, 2 of 4 left open") {
		t.Fatalf("status %d: %s", status, talk)
	}
	content, err := os.ReadFile(filepath.Join(j.folder, deciding.DecisionsFile))
	if err != nil {
		t.Fatal(err)
	}
	want := `merge "group" "engineering" {
  where    = item.name == "Engineering"
  decision = "create_new"
  rename   = "Engineering-okta"
}

merge "group" "finance" {
  where     = item.name == "Finance"
  decision  = "reconcile"
  target    = "group:/Finance"
  overwrite = ["description"]
}
`
	if string(content) != want {
		t.Errorf("wrote\n%s", content)
	}
	if plan := j.run(3, "plan"); !strings.Contains(plan, "+ group:/Engineering-okta") || !strings.Contains(plan, "pending merge decisions (2)") {
		t.Errorf("the plan does not follow the blocks:\n%s", plan)
	}
}

func TestDecide_CtrlCLeavesNoHalfWrittenFile(t *testing.T) {
	j := crowded(t)
	ctx, interrupt := context.WithCancel(t.Context())
	answers, person := io.Pipe()
	t.Cleanup(func() { _ = person.Close() })
	go func() {
		_, _ = io.WriteString(person, "s\n") // the first question is answered, the second is not
		time.Sleep(300 * time.Millisecond)
		interrupt()
	}()
	status, talk := atTerminal(ctx, j, answers)
	if status == 0 || !strings.Contains(talk, "nothing was written") {
		t.Errorf("status %d: %s", status, talk)
	}
	if left, err := filepath.Glob(filepath.Join(j.folder, "*decisions*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
