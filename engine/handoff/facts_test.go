package handoff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestCriteria_SayHowMany(t *testing.T) {
	rows := []handoff.Row{
		{ID: "a", Disposition: plan.DispositionManual}, {ID: "b", Disposition: plan.DispositionManual},
		{ID: "c", Disposition: plan.DispositionBlocked, Closed: &handoff.Closing{}},
	}
	apps := []handoff.Application{
		{Name: "A", State: "confirmed"}, {Name: "B", State: "retired"}, {Name: "C", Owner: "o", Date: "2026-12-01"},
		{Name: "D"},
	}
	run := func(status string, applied int) handoff.Input {
		return handoff.Input{Run: &handoff.Run{
			ID: "r-1", Status: history.Status(status), Applied: applied, Failed: 1, NotStarted: 3, Unknown: 2,
		}}
	}
	cases := []struct {
		name, criterion string
		in              handoff.Input
		want            string
	}{
		{"a run of one step", handoff.CriterionRun, run("completed", 1), "Run r-1 applied 1 step."},
		{"a run of two steps", handoff.CriterionRun, run("completed", 2), "Run r-1 applied 2 steps."},
		{"a run that goes on", handoff.CriterionRun, run("started", 2), "Run r-1 did not end."},
		{
			"a run that failed", handoff.CriterionRun, run("failed", 2),
			"Run r-1 failed: 1 step failed, 3 did not start, 2 unknown.",
		},
		{
			"rows of both sorts", handoff.CriterionFollowUps, handoff.Input{Rows: rows},
			"2 by hand and 1 blocked, 2 of them open; nobody declared them reviewed.",
		},
		{
			"applications in every state", handoff.CriterionApplications, handoff.Input{Applications: apps},
			"2 of 4 confirmed, 1 listed with owner and date.",
		},
		{"no applications", handoff.CriterionApplications, handoff.Input{}, "The plan moves no application."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			criteria := handoff.Criteria(c.in)
			i := slices.IndexFunc(criteria, func(k handoff.Criterion) bool { return k.ID == c.criterion })
			if criteria[i].Why != c.want {
				t.Errorf("%q, want %q", criteria[i].Why, c.want)
			}
		})
	}
}

func TestRows_HaveTitlesThatPeopleKnow(t *testing.T) {
	item := []merge.ItemName{{Source: "okta.corp", Kind: identity.KindGroup, ID: "1", Name: "Eng"}}
	p := &plan.Plan{Steps: []plan.Step{
		{ID: "a", Disposition: plan.DispositionManual}, {ID: "b", Disposition: plan.DispositionManual, Items: item},
		{ID: "c", Disposition: plan.DispositionManual, Items: item, Crowd: &plan.Crowd{Count: 40}},
	}}
	var got []string
	for _, row := range handoff.Rows(p, nil) {
		got = append(got, row.Title)
	}
	if diff := cmp.Diff([]string{"a", `group "Eng"`, "40 of kind group in okta.corp"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewReport_TakesTheApplicationsThatItIsGiven(t *testing.T) {
	given := []handoff.Application{{Name: "Given", State: "confirmed"}}
	for name, c := range map[string]struct {
		in   handoff.Input
		want []string
	}{
		"given":        {handoff.Input{Applications: given}, []string{"Given"}},
		"of the plan":  {handoff.Input{}, []string{"Alpha", "Beta"}},
		"none, by all": {handoff.Input{Applications: []handoff.Application{}}, nil},
	} {
		var got []string
		for _, application := range handoff.NewReport(samplePlan(), nil, c.in).Applications {
			got = append(got, application.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestStale_ATargetReadIntoAFileAgesToo(t *testing.T) {
	ages := declaration.Ages{Structure: 24 * time.Hour, People: time.Hour}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	stale := func(at string) []string {
		return []string{"the target portal was read at " + at + ", allowed are 24h0m0s; take a new snapshot of it"}
	}
	for at, want := range map[string][]string{
		"":                     nil,
		"2026-11-21T12:00:00Z": nil,
		"2026-11-21T11:59:59Z": stale("2026-11-21T11:59:59Z"),
		"yesterday":            stale("yesterday"),
	} {
		p := &plan.Plan{Target: plan.Target{Name: "portal", SnapshotAt: at}}
		if diff := cmp.Diff(want, handoff.Stale(p, ages, now)); diff != "" {
			t.Errorf("%q: %s", at, diff)
		}
	}
	p := &plan.Plan{Target: plan.Target{SnapshotAt: "2026-11-22T10:00:00Z"}}
	if want := now.Add(22 * time.Hour); !handoff.StaleAt(p, ages).Equal(want) {
		t.Errorf("it ends at %s", handoff.StaleAt(p, ages))
	}
}

func TestStale_PeopleAreTheReasonOnlyWhereTheirLimitIsTheShorterOne(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	p := planOf(identity.KindUser, plan.ActionCreate, "2026-11-22T10:00:00Z")
	for people, want := range map[time.Duration]string{
		time.Hour:        "okta.corp is 2h0m0s old, allowed are 1h0m0s because people move",
		90 * time.Minute: "okta.corp is 2h0m0s old, allowed are 1h30m0s",
		2 * time.Hour:    "okta.corp is 2h0m0s old, allowed are 1h30m0s",
	} {
		got := handoff.Stale(p, declaration.Ages{Structure: 90 * time.Minute, People: people}, now)
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s: %s", people, diff)
		}
	}
}

func TestCompute_CountsSourcesAndTakesTheWorstAssessment(t *testing.T) {
	source := func(name, assessment string, configured bool) handoff.Source {
		return handoff.Source{Name: name, Configured: configured, Inventory: true, Assessment: assessment}
	}
	facts := handoff.Facts{Sources: []handoff.Source{
		source("a", handoff.AssessmentCompleted, true), source("b", handoff.AssessmentRunning, true),
		source("c", handoff.AssessmentCompleted, true), source("d", handoff.AssessmentFailed, false),
	}}
	got := handoff.Compute(facts)
	if got.SourceCount != 4 || got.ConfiguredSourceCount != 3 || got.AssessmentStatus != handoff.AssessmentRunning {
		t.Errorf("%+v", got)
	}
}
