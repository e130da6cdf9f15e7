package attesting

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/state"
)

func TestRunFacts_CountEachStepOnce(t *testing.T) {
	if runFacts(nil) != nil {
		t.Error("no run has facts")
	}
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	run := &state.Run{ID: "r-1", Status: history.StatusStarted, StartedAt: start}
	for i, what := range []history.Outcome{
		history.Intended, history.Applied, history.Already, history.Failed, history.NotStarted, history.Unknown,
	} {
		run.Steps = append(run.Steps, history.Step{StepID: fmt.Sprint(i), Outcome: what})
	}
	run.Steps = append(run.Steps, history.Step{StepID: "3", Outcome: history.Applied}) // it went on, and the step worked
	want := &handoff.Run{
		ID: "r-1", Status: "started", StartedAt: "2026-11-22T09:00:00Z", Applied: 3, NotStarted: 1, Unknown: 2,
	}
	if diff := cmp.Diff(want, runFacts(run)); diff != "" {
		t.Error(diff)
	}
	run.Steps, run.CompletedAt = []history.Step{{StepID: "a", Outcome: history.Failed}}, start.Add(time.Minute)
	if got := runFacts(run); got.Failed != 1 || got.CompletedAt != "2026-11-22T09:01:00Z" {
		t.Errorf("%+v", got)
	}
}

func TestAppliedPlan_IsThatOfTheNewestRunWhichMustHaveEndedWell(t *testing.T) {
	run := func(hash string, status history.Status) state.Run {
		return state.Run{ID: "r-1", PlanHash: hash, Status: status}
	}
	cases := map[string]struct {
		runs    []state.Run
		want    string
		refusal string
	}{
		"no run":         {refusal: `No plan of migration "acme" was applied`},
		"completed":      {runs: []state.Run{run("new", history.StatusCompleted), run("old", "failed")}, want: "new"},
		"with work left": {runs: []state.Run{run("new", history.StatusCompletedWithFollowUp)}, want: "new"},
		"failed, then an older": {
			runs: []state.Run{run("new", history.StatusFailed), run("old", history.StatusCompleted)}, refusal: `"failed"`,
		},
		"not ended": {runs: []state.Run{run("new", history.StatusStarted)}, refusal: "finish the apply first"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := appliedPlan(c.runs, "acme")
			if got != c.want || (err == nil) != (c.refusal == "") {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.refusal) {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func TestNewest_WhoLookedAtTheRunLastCounts(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	look := func(id, kind string, runs ...string) state.Verification {
		return state.Verification{ID: id, At: at, Kind: kind, Runs: runs, Passed: len(id), Findings: []byte(`"` + id + `"`)}
	}
	all := []state.Verification{
		look("v-6", state.VerifiedDrift, "r-1"), look("v-5", state.VerifiedProbes, "r-2"),
		look("v-4", state.VerifiedEvents, "r-2"),
		look("v-3", state.VerifiedProbes, "r-2", "r-1"), look("v-2", state.VerifiedEvents, "r-1"),
		look("v-1", state.VerifiedProbes, "r-1"),
	}
	want := &handoff.Probes{ID: "v-3", At: "2026-11-22T09:00:00Z", Passed: 3}
	if diff := cmp.Diff(want, newestProbes(all, &state.Run{ID: "r-1"})); diff != "" {
		t.Error(diff)
	}
	if newestProbes(all, nil) != nil || newestProbes(all, &state.Run{ID: "r-3"}) != nil {
		t.Error("probes of nothing")
	}
	if findings, id := newestRecord(all, "r-1"); id != "v-2" || string(findings) != `"v-2"` {
		t.Errorf("%s %s", id, findings)
	}
	if findings, _ := newestRecord(all, "r-3"); findings != nil {
		t.Errorf("%s", findings)
	}
}

// An application whose name is part of another's was once told of only where it came first.
