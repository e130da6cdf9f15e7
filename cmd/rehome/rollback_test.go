package main

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/rollback"
	"github.com/rehome-iam/rehome/state"
)

func TestGather_WhatNobodyWroteTheEndOfIsUncertain(t *testing.T) {
	known := map[string]rollback.Done{}
	gather(known, []state.RunStep{{StepID: "a", Outcome: "intended"}, {StepID: "b", Outcome: "intended"}, {StepID: "b", Outcome: "applied", ServerID: "1"},
		{StepID: "c", Outcome: "intended"}, {StepID: "c", Outcome: "failed"}, {StepID: "d", Outcome: "not_started"}})
	gather(known, []state.RunStep{{StepID: "b", Outcome: "already"}, {StepID: "e", Outcome: "unknown"}})
	for id, want := range map[string]rollback.Outcome{"a": rollback.Uncertain, "b": rollback.Applied, "c": rollback.Uncertain, "d": "", "e": rollback.Uncertain} {
		if known[id].Outcome != want {
			t.Errorf("%s is %q, wanted %q", id, known[id].Outcome, want)
		}
	}
	if known["b"].ServerID != "1" {
		t.Errorf("a later part of the run took the id away: %+v", known["b"])
	}
}

func TestLeansOn_ALaterRunThatChangedOrNeedsIsNamed(t *testing.T) {
	ours := map[string]bool{"client:wiki": true}
	step := func(id string, action plan.Action, needs ...string) []rollback.Done {
		return []rollback.Done{{Step: plan.Step{ID: id, Action: action, DependsOn: needs}}}
	}
	for want, done := range map[string][]rollback.Done{
		"changed client:wiki": step("client:wiki", plan.ActionUpdate),
		"needs client:wiki":   step("gate:wiki", plan.ActionCreate, "group:/a", "client:wiki"),
		"":                    append(step("group:/b", plan.ActionCreate), step("client:wiki", plan.ActionMap)...),
	} {
		got := leansOn(done, ours)
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q, wanted %q", got, want)
		}
	}
}
