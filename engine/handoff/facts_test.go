package handoff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
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

func TestCutoverOf_AsksWhatTheProofsDoNotTell(t *testing.T) {
	const other = "the sheet written at " + day5 + " says something else than the one that was delivered"
	cases := map[string]struct {
		change func(*handoff.CutoverFacts)
		want   []string
	}{
		"the sheet that was delivered": {func(f *handoff.CutoverFacts) {
			f.Record.Sheet.Digest, f.Record.Written = "sha256:1", &handoff.Written{At: day5, Digest: "sha256:1"}
		}, nil},
		"another sheet was written since": {func(f *handoff.CutoverFacts) {
			f.Record.Sheet.Digest, f.Record.Written = "sha256:1", &handoff.Written{At: day5, Digest: "sha256:2"}
		}, []string{other}},
		"nobody knows which sheet was delivered": {func(f *handoff.CutoverFacts) {
			f.Record.Written = &handoff.Written{At: day5, Digest: "sha256:2"}
		}, nil},
		"written and never delivered": {func(f *handoff.CutoverFacts) {
			f.Record.Sheet, f.Record.Written = nil, &handoff.Written{At: day5, Digest: "sha256:2"}
		}, nil},
		"a log that could never be read": {func(f *handoff.CutoverFacts) {
			f.Record.Incumbent = &handoff.Reading{Problem: "forbidden", ProblemAt: day5}
		}, []string{"the sign-in log of the incumbent could not be read: forbidden"}},
		"a log that was read once, too early": {func(f *handoff.CutoverFacts) {
			f.Record.Incumbent = &handoff.Reading{At: day5, Covers: day0, Problem: "forbidden", ProblemAt: day40}
		}, []string{"the sign-in log of the incumbent is known until " + day5 + " only: forbidden"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			facts := whole()
			c.change(&facts)
			if diff := cmp.Diff(c.want, handoff.CutoverOf(facts).Questions, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Silence of just the time that the configuration asks for is enough, a second less is not.
func TestCutoverOf_RetiresAfterJustTheQuietTime(t *testing.T) {
	for at, want := range map[string]handoff.Stage{
		"2026-12-06T10:00:00Z": handoff.StageRetired, "2026-12-06T09:59:59Z": handoff.StageConfirmed,
	} {
		facts := whole()
		facts.Record.Incumbent.At = at // confirmed on day 5, thirty days before the first of them
		if got := handoff.CutoverOf(facts).Stage; got != want {
			t.Errorf("read at %s: %s, want %s", at, got, want)
		}
	}
}

func TestCutoverOf_TheAgreedDayIsADayOrATime(t *testing.T) {
	for date, want := range map[string]string{
		"2026-12-11":           "its owner switches it over on 2026-12-11",
		"2026-12-11T08:00:00Z": "its owner switches it over on 2026-12-11",
		"2026-12-05T08:00:00Z": "its owner switches it over: overdue since 2026-12-05",
		"soon":                 "its owner switches it over",
		"":                     "its owner switches it over",
	} {
		facts := whole()
		facts.Record.Target.First, facts.Record.Confirmation, facts.Date = "", nil, date
		if got := handoff.CutoverOf(facts).Next; got != want {
			t.Errorf("%q: %q, want %q", date, got, want)
		}
	}
}

func TestReadingOf_CountsNoSignInWhereNobodyCame(t *testing.T) {
	report := observation.SignInReport{Covers: day0, Applications: []observation.SignInActivity{{Last: day1}}}
	is := func(observation.SignInActivity) bool { return true }
	want := handoff.Reading{At: day40, Covers: day0, Last: day1}
	if diff := cmp.Diff(want, handoff.ReadingOf(report, day40, nil, is)); diff != "" {
		t.Error(diff)
	}
}

func TestStillOnOld_CountsUseAndNeverTakesAQuestionForSilence(t *testing.T) {
	used, unused := handoff.Status{Incumbent: &handoff.Use{SignIns: 1}}, handoff.Status{Incumbent: &handoff.Use{}}
	cases := map[string]struct {
		applications []handoff.Status
		count        int
		unsure       bool
	}{
		"two of three":    {[]handoff.Status{used, unused, used}, 2, false},
		"a log is not":    {[]handoff.Status{used, {}}, 1, true},
		"no applications": {nil, 0, false},
	}
	for name, c := range cases {
		count, unsure := handoff.Overview{Applications: c.applications}.StillOnOld()
		if count != c.count || unsure != c.unsure {
			t.Errorf("%s: %d, unsure %v", name, count, unsure)
		}
	}
}

func namedStep(id, name, resourceType string) plan.Step {
	return plan.Step{
		ID: resourceType + ":" + id, Disposition: plan.DispositionUnchanged,
		Resource: identity.ResourceID{Type: resourceType, Key: id},
		Items:    []plan.ItemName{{Source: "okta.corp", Kind: identity.KindApplication, ID: id, Name: name}},
	}
}

func TestProgressOf_ListsApplicationsByNameAndThenAddress(t *testing.T) {
	blocked := namedStep("9", "Blocked", "client")
	blocked.Disposition = plan.DispositionBlocked
	p := &plan.Plan{CreatedAt: day0, PlanHash: "sha256:1", Steps: []plan.Step{
		namedStep("2", "Wiki", "client"), namedStep("1", "Wiki", "client"), namedStep("3", "Blog", "client"), blocked,
		namedStep("4", "Only a gate", "gate"),
	}}
	mark := &handoff.Mark{At: day0, From: "plan sha256:1"}
	row := func(id, name, resourceType string) handoff.Progress {
		step := namedStep(id, name, resourceType)
		return handoff.Progress{Item: step.Items[0], Resource: step.Resource, Prepared: mark}
	}
	want := []handoff.Progress{row("3", "Blog", "client"), row("1", "Wiki", "client"), row("2", "Wiki", "client")}
	if diff := cmp.Diff(want, handoff.ProgressOf([]handoff.Executed{{Plan: p}},
		map[string]bool{"client": true})); diff != "" {
		t.Error(diff)
	}
	withoutSchema := handoff.ProgressOf([]handoff.Executed{{Plan: p}}, nil)
	if len(withoutSchema) != 4 {
		t.Errorf("without a schema: %+v", withoutSchema)
	}
}

func TestProgressOf_WithoutASchemaTheFirstResourceIsTheApplication(t *testing.T) {
	p := &plan.Plan{CreatedAt: day0, Steps: []plan.Step{namedStep("1", "Wiki", "client"), namedStep("1", "Wiki", "gate")}}
	got := handoff.ProgressOf([]handoff.Executed{{Plan: p}}, nil)
	if len(got) != 1 || got[0].Resource.Type != "client" {
		t.Errorf("%+v", got)
	}
}

// Only a value that the target makes up is a new secret; a step without one is not.
func TestProgressOf_ACreatedApplicationWithoutSecretHasNone(t *testing.T) {
	step := namedStep("1", "Wiki", "client")
	step.Disposition, step.Action = plan.DispositionPlanned, plan.ActionCreate
	executed := handoff.Executed{
		Plan: &plan.Plan{Steps: []plan.Step{step}}, Run: "r-1",
		Outcomes: map[string]history.Step{step.ID: {Outcome: history.Applied, At: timeOf(day1)}},
	}
	got := handoff.ProgressOf([]handoff.Executed{executed}, map[string]bool{"client": true})
	if len(got) != 1 || got[0].NewSecret || got[0].OldSecret {
		t.Errorf("%+v", got)
	}
}

func TestRows_HaveTitlesThatPeopleKnow(t *testing.T) {
	item := []plan.ItemName{{Source: "okta.corp", Kind: identity.KindGroup, ID: "1", Name: "Eng"}}
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
	ages := handoff.Ages{Structure: 24 * time.Hour, People: time.Hour}
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
		got := handoff.Stale(p, handoff.Ages{Structure: 90 * time.Minute, People: people}, now)
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
