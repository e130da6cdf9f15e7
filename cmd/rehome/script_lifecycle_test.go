package main

import (
	"bytes"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rehome-iam/rehome/engine/plan"
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

// forgePlan writes a plan file that fits its own hash although a gate of it is open, as somebody could who edits a plan.
func forgePlan(ts *testscript.TestScript, _ bool, args []string) {
	p, err := readPlanFile(ts.MkAbs(args[0]))
	ts.Check(err)
	var planned []int
	for i, step := range p.Steps {
		if step.Disposition == plan.DispositionPlanned {
			planned = append(planned, i)
		}
	}
	switch args[2] {
	case "decision":
		p.Steps[planned[0]].Disposition, p.Steps[planned[0]].AwaitsDecision = plan.DispositionBlocked, true
	case "impact":
		p.Impacts[0].Acknowledged = false
	case "dependency":
		p.Steps[planned[0]].Disposition = plan.DispositionBlocked
		p.Steps[planned[1]].DependsOn = []string{p.Steps[planned[0]].ID}
	case "status":
		p.Handoff = plan.Handoff{Status: plan.HandoffNotReady, Blockers: []plan.Blocker{{Code: plan.BlockerFailedCheck, Summary: "check \"x\": no"}}}
	default:
		ts.Fatalf("%q is no way to forge a plan", args[2])
	}
	p.PlanHash = plan.Hash(p)
	var b bytes.Buffer
	ts.Check(plan.Write(&b, p))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
	ts.Setenv("HASH", p.PlanHash)
}
