package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planfile"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// clockVariable moves the clock of the rehome that scripts run; the real program knows nothing of it.
const clockVariable = "REHOME_TEST_CLOCK"

func scriptEnvironment() *environment {
	env := systemEnvironment()
	if offset, err := time.ParseDuration(env.getenv(clockVariable)); err == nil {
		env.now = func() time.Time { return time.Now().Add(offset) }
	}
	return env
}

func setClock(ts *testscript.TestScript, _ bool, args []string) {
	_, err := time.ParseDuration(args[0])
	ts.Check(err)
	ts.Setenv(clockVariable, args[0])
}

// forgePlan writes a plan file that fits its own hash although a gate of it is open, as somebody could who edits a
// plan.
func forgePlan(ts *testscript.TestScript, _ bool, args []string) {
	p, err := readPlanFile(ts.MkAbs(args[0]))
	ts.Check(err)
	var planned []int
	for i, step := range p.Steps {
		if step.Disposition == plan.DispositionPlanned {
			planned = append(planned, i)
		}
	}
	block := func(step *plan.Step) {
		counted := map[plan.Action]*int{plan.ActionCreate: &p.Summary.Create, plan.ActionUpdate: &p.Summary.Update,
			plan.ActionMap: &p.Summary.Map}
		*counted[step.Action]--
		p.Summary.Blocked++
		step.Disposition = plan.DispositionBlocked
	}
	switch args[2] {
	case "decision":
		block(&p.Steps[planned[0]])
		p.Steps[planned[0]].AwaitsDecision = true
	case "impact":
		p.Impacts[0].Acknowledged = false
	case "dependency":
		block(&p.Steps[planned[0]])
		p.Steps[planned[1]].DependsOn = []string{p.Steps[planned[0]].ID}
	case "classifier":
		p.Classifier = "0"
	case "expiry":
		p.ExpiresAt = "2126-01-01T00:00:00Z"
	default:
		ts.Fatalf("%q is no way to forge a plan", args[2])
	}
	p.PlanHash = plan.Hash(p)
	identities, err := state.Identities("", filepath.Join(filepath.Dir(ts.MkAbs(args[0])), ".rehome", "identity.txt"))
	ts.Check(err)
	own, is := identities[0].(*age.X25519Identity)
	if !is {
		ts.Fatalf("the folder has no identity of its own")
	}
	planner := own
	if len(args) > 3 { // somebody else's
		planner, err = age.GenerateX25519Identity()
		ts.Check(err)
	}
	key, err := planfile.Planner(planner)
	ts.Check(err)
	public, _ := key.Public().(ed25519.PublicKey)
	ts.Setenv("PLANNER", planfile.PlannerText(public))
	content, err := planfile.Seal(p, key, func() (planfile.Team, error) {
		return planfile.Team{Recipients: []age.Recipient{own.Recipient()}, PseudonymKey: make([]byte, pseudonym.KeySize)}, nil
	})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), content, 0o600))
	ts.Setenv("HASH", p.PlanHash)
}

// sameValue compares the lines of two JSON documents that hold a field.
func sameValue(ts *testscript.TestScript, negated bool, args []string) {
	lines := func(name string) string {
		var found []string
		for _, line := range strings.Split(ts.ReadFile(name), "\n") {
			if strings.Contains(line, `"`+args[2]+`":`) {
				found = append(found, strings.TrimSpace(line))
			}
		}
		if len(found) == 0 {
			ts.Fatalf("%s has no field %s", name, args[2])
		}
		return strings.Join(found, "\n")
	}
	if a, b := lines(args[0]), lines(args[1]); (a == b) == negated {
		ts.Fatalf("%s of %s: %s, of %s: %s", args[2], args[0], a, args[1], b)
	}
}

func countLines(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	if got := strings.Count(ts.ReadFile(args[0]), args[1]); got != want {
		ts.Fatalf("%s holds %q %d times, wanted %d", args[0], args[1], got, want)
	}
}

// readCheckpoint finds the hash that apply prints.
func readCheckpoint(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(`Audit head ([0-9a-f]+)`).FindStringSubmatch(ts.ReadFile(args[0]))
	if found == nil {
		ts.Fatalf("%s has no audit head", args[0])
	}
	ts.Setenv("CHECKPOINT", found[1])
}

// removeRecord takes a record out of the audit chain, as somebody who has the file but no key can.
func removeRecord(ts *testscript.TestScript, _ bool, args []string) {
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	backend, err := bolt.Open(ts.MkAbs(".rehome/state.db"), time.Second, bolt.Holder{})
	ts.Check(err)
	ts.Check(backend.Update(context.Background(), func(tx state.Tx) error {
		return tx.Delete("audit",
			fmt.Sprintf("%012d", number))
	}))
	ts.Check(backend.Close())
}

func private(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode().Perm()&0o077 != 0 {
		ts.Fatalf("%s has mode %04o", args[0], info.Mode().Perm())
	}
}
