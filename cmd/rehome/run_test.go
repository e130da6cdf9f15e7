package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/state"
)

func TestReadBack_TheLastOutcomeOfAStepCounts(t *testing.T) {
	first, second := time.Unix(1, 0), time.Unix(2, 0)
	outcome := func(word history.Outcome, at time.Time) state.RunStep {
		return state.RunStep{StepID: "s", Outcome: word, At: at, ServerID: "77", Reason: string(word)}
	}
	cases := map[string]struct {
		action   string
		outcomes []state.RunStep
		want     history.State
		reason   string
	}{
		"created":                     {"create", []state.RunStep{outcome("intended", first), outcome("applied", second)}, "created", "applied"},
		"changed":                     {"update", []state.RunStep{outcome("intended", first), outcome("applied", second)}, "changed", "applied"},
		"deleted":                     {"delete", []state.RunStep{outcome("intended", first), outcome("applied", second)}, "deleted", "applied"},
		"mapped without a request":    {"map", []state.RunStep{outcome("applied", second)}, "mapped", "applied"},
		"done by an interrupted run":  {"create", []state.RunStep{outcome("intended", first), outcome("already", second)}, "created", "already"},
		"failed":                      {"create", []state.RunStep{outcome("intended", first), outcome("failed", second)}, "failed", "failed"},
		"failed, then done":           {"create", []state.RunStep{outcome("failed", first), outcome("applied", second)}, "created", "applied"},
		"killed between the two":      {"create", []state.RunStep{outcome("intended", first)}, "unknown", "planned"},
		"waits for a step that fails": {"create", []state.RunStep{outcome("not_started", second)}, "not_started", "not_started"},
		"never reached":               {"create", nil, "not_started", "planned"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			row := rowOf(state.PlannedStep{StepID: "s", Action: c.action, Disposition: "planned", Reason: "planned", File: "a.hcl", Line: 3}, c.outcomes)
			if row.State != c.want || row.Reason != c.reason {
				t.Errorf("wanted %s %q, got %s %q", c.want, c.reason, row.State, row.Reason)
			}
			if (row.StartedAt == nil) != (c.want == "not_started") {
				t.Errorf("it started at %v", row.StartedAt)
			}
			if diff := cmp.Diff(planLine{Step: "s", File: "a.hcl", Line: 3}, row.Plan); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadBack_WhatIsNotPlannedKeepsItsDisposition(t *testing.T) {
	for disposition, want := range map[string]history.State{"blocked": "blocked", "skipped": "skipped", "manual_follow_up": "manual", "unchanged": "unchanged"} {
		row := rowOf(state.PlannedStep{Disposition: disposition, Reason: "because", At: time.Unix(5, 0)}, nil)
		if row.State != want || row.Reason != "because" || row.EndedAt == nil || row.StartedAt != nil {
			t.Errorf("%s: %+v", disposition, row)
		}
	}
}
