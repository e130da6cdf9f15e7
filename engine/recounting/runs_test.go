package recounting_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/recounting"
	"github.com/rehome-iam/rehome/state"
)

// ran is a place with a run of three steps: one applied, one for a person, one that did not start.
func ran(t *testing.T) *projecttest.Place {
	t.Helper()
	place := projecttest.New(t, "acme")
	p := place.Open()
	migration, err := p.StateForChange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := state.Run{ID: "r1", PlanHash: "sha256:1", Migration: "acme", Status: history.StatusFailed, StartedAt: place.At}
	group := identity.ResourceID{Type: "group", Key: "/eng"}
	steps := []lifecycle.PlannedStep{
		{StepID: "group:/eng", Title: "group:/eng", Action: "create", Disposition: "planned", Resource: group,
			Reason: "nothing is there", File: "main.rehome.hcl", Line: 7, At: place.At},
		{StepID: "todo", Title: "wiki", Action: "none", Disposition: "manual_follow_up", Reason: "no key",
			ToDo: "make a key", FollowUp: true, At: place.At},
		{StepID: "group:/ops", Title: "group:/ops", Action: "create", Disposition: "planned",
			Resource: identity.ResourceID{Type: "group", Key: "/ops"}, At: place.At},
	}
	event := p.Event("migration.test", "r1", nil)
	err = errors.Join(migration.PutRun(run, event), migration.PutRunPlan(run, steps, make([]state.Event, len(steps))),
		migration.PutRunStep("r1", history.Step{Order: 1, StepID: "group:/eng", Resource: group, Outcome: history.Applied,
			ServerID: "g1", At: place.At.Add(time.Second)}, nil, event))
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func code(err error) string {
	var d diag.Diagnostic
	errors.As(err, &d)
	return d.Code
}

func TestShowRun_JoinsWhatWasPlannedWithWhatCameOfIt(t *testing.T) {
	place := ran(t)
	shown, err := recounting.ShowRun(t.Context(), place.Open(), "")
	if err != nil || shown.Run.ID != "r1" || len(shown.Steps) != 3 || shown.Run.Steps != nil {
		t.Fatalf("%+v %v", shown, err)
	}
	applied, todo, open := shown.Steps[0], shown.Steps[1], shown.Steps[2]
	if applied.State != history.StateCreated || applied.ServerID != "g1" || applied.EndedAt == nil ||
		applied.Plan != (recounting.PlanLine{Step: "group:/eng", File: "main.rehome.hcl", Line: 7}) {
		t.Errorf("%+v", applied)
	}
	if todo.FollowUp != "f-1" || !todo.Open || todo.ToDo != "make a key" || todo.Reason != "no key" || todo.Resource != "" {
		t.Errorf("%+v", todo)
	}
	if open.EndedAt != nil || open.State == history.StateCreated || open.Resource != "group:/ops" {
		t.Errorf("%+v", open)
	}
	if shown.Plan != nil { // the state has no plan of that hash: the run is told all the same
		t.Errorf("%+v", shown.Plan)
	}
}

func TestCloseFollowUp_IsSaidOnceAndStaysSaid(t *testing.T) {
	place := ran(t)
	closed, err := recounting.CloseFollowUp(t.Context(), place.Open(), "f-1", "made it")
	if err != nil || closed.Open != 0 || closed.FollowUp.Note != "made it" {
		t.Fatalf("%+v %v", closed, err)
	}
	if _, err := recounting.CloseFollowUp(t.Context(), place.Open(), "f-1", "again"); code(err) != "follow-up-closed" {
		t.Error(err)
	}
	if _, err := recounting.CloseFollowUp(t.Context(), place.Open(), "f-9", "x"); code(err) != "follow-up-unknown" {
		t.Error(err)
	}
	for all, want := range map[bool]int{false: 0, true: 1} {
		if listed, err := recounting.FollowUps(t.Context(), place.Open(), all); err != nil || len(listed) != want {
			t.Errorf("all %t: %+v %v", all, listed, err)
		}
	}
	shown, err := recounting.ShowRun(t.Context(), place.Open(), "r1")
	if err != nil || shown.Steps[1].Open || shown.Steps[1].FollowUp != "f-1" {
		t.Errorf("%+v %v", shown, err)
	}
}

func TestRuns_OfAMigrationThatNeverRanAreNone(t *testing.T) {
	place := projecttest.New(t, "acme")
	runs, err := recounting.Runs(t.Context(), place.Open())
	if err != nil || runs == nil || len(runs) != 0 {
		t.Errorf("%v %v", runs, err)
	}
	if id, err := recounting.Newest(t.Context(), place.Open()); id != "" || err != nil {
		t.Errorf("%q %v", id, err)
	}
	if _, err := recounting.ShowRun(t.Context(), place.Open(), ""); code(err) != "run-unknown" {
		t.Error(err)
	}
	if _, err := recounting.ShowRun(t.Context(), ran(t).Open(), "\x1b[31m"); code(err) != "run-unknown" {
		t.Error(err)
	}
}
