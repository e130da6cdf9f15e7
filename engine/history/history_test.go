package history_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/history"
)

func at(second int64) time.Time { return time.Unix(second, 0).UTC() }

func step(id string, outcome history.Outcome, server string) history.Step {
	return history.Step{StepID: id, Outcome: outcome, ServerID: server}
}

func TestStatus_SaysWhatBecomesOfRunAndPlan(t *testing.T) {
	for status, want := range map[history.Status]struct {
		completed, unfinished bool
		plan                  history.PlanStatus
	}{
		history.StatusStarted:               {false, true, history.PlanFailed},
		history.StatusFailed:                {false, true, history.PlanFailed},
		history.StatusCompleted:             {true, false, history.PlanApplied},
		history.StatusCompletedWithFollowUp: {true, false, history.PlanAppliedWithFollowUp},
	} {
		if status.Completed() != want.completed || status.Unfinished() != want.unfinished || status.Plan() != want.plan {
			t.Errorf("%s: completed %v, unfinished %v, plan %s", status, status.Completed(), status.Unfinished(), status.Plan())
		}
	}
	for name, c := range map[string]struct {
		failed       bool
		undone, left int
		want         history.Status
	}{
		"all done":                    {false, 0, 0, history.StatusCompleted},
		"something is left to people": {false, 0, 1, history.StatusCompletedWithFollowUp},
		"a step is not done":          {false, 1, 1, history.StatusFailed},
		"the run itself failed":       {true, 0, 0, history.StatusFailed},
	} {
		if got := history.EndOf(c.failed, c.undone, c.left); got != c.want {
			t.Errorf("%s: %s, wanted %s", name, got, c.want)
		}
	}
}

func TestOutcome_IsDoneUncertainOrNeither(t *testing.T) {
	for outcome, want := range map[history.Outcome][2]bool{
		history.Intended: {false, true}, history.Applied: {true, false}, history.Already: {true, true},
		history.Failed:     {false, true},
		history.NotStarted: {false, false}, history.Unknown: {false, true}, "": {false, false},
	} {
		if got := [2]bool{outcome.Done(), outcome.Uncertain()}; got != want {
			t.Errorf("%q: done and uncertain %v, wanted %v", outcome, got, want)
		}
	}
}

func TestOutcome_HasANameInTheAuditChain(t *testing.T) {
	for outcome, want := range map[history.Outcome]audit.Name{
		history.Applied: audit.StepApplied, history.Already: audit.StepApplied, history.Failed: audit.StepFailed,
		history.NotStarted: audit.StepNotStarted, history.Unknown: audit.StepUnknown,
	} {
		if got := outcome.Event(); got != want {
			t.Errorf("%s: %s, wanted %s", outcome, got, want)
		}
	}
}

func TestRun_TheLastOutcomeOfAStepCounts(t *testing.T) {
	run := history.Run{Steps: []history.Step{
		step("a", history.Intended, ""), step("b", history.Intended, ""), step("a", history.Applied, "1"),
		step("b", history.Failed, ""),
		step("c", history.Already, "3"), step("d", history.NotStarted, ""), step("e", history.Intended, ""),
		step("f", history.Unknown, ""),
	}}
	if diff := cmp.Diff(history.Counts{Applied: 2, Failed: 1, NotStarted: 1, Unknown: 2}, run.Count()); diff != "" {
		t.Error(diff)
	}
	if did := run.Done(); len(did) != 2 || did["a"].ServerID != "1" || did["c"].ServerID != "3" {
		t.Errorf("done: %v", did)
	}
	if (history.Run{}).Count() != (history.Counts{}) {
		t.Error("a run without steps did something")
	}
}

func TestUnfinished_OnlyTheNewestRunOfThePlanGoesOn(t *testing.T) {
	runs := func(all ...history.Run) []history.Run { return all }
	of := func(id, hash string, status history.Status) history.Run {
		return history.Run{ID: id, PlanHash: hash, Status: status}
	}
	for name, c := range map[string]struct {
		runs []history.Run
		hash string
		want string
	}{
		"no run at all": {nil, "p", ""},
		"no hash":       {runs(of("r", "", history.StatusStarted)), "", ""},
		"cut off": {runs(of("r", "p", history.StatusStarted), of("q", "p", history.StatusFailed)), "p",
			"r"},
		"failed":                 {runs(of("r", "p", history.StatusFailed)), "p", "r"},
		"ended":                  {runs(of("r", "p", history.StatusCompleted)), "p", ""},
		"ended with a follow-up": {runs(of("r", "p", history.StatusCompletedWithFollowUp)), "p", ""},
		"another plan's came after": {runs(of("r", "q", history.StatusCompleted), of("o", "p", history.StatusFailed)), "p",
			""},
		"another plan's is newest": {runs(of("r", "q", history.StatusFailed)), "p", ""},
	} {
		got := ""
		if run := history.Unfinished(c.runs, c.hash); run != nil {
			got = run.ID
		}
		if got != c.want {
			t.Errorf("%s: %q goes on, wanted %q", name, got, c.want)
		}
	}
	all := runs(of("d", "p", history.StatusCompleted), of("c", "q", history.StatusCompleted),
		of("b", "p", history.StatusFailed), of("a", "p", history.StatusCompletedWithFollowUp))
	var completed []string
	for _, run := range history.CompletedOf(all, "p") {
		completed = append(completed, run.ID)
	}
	if !slices.Equal(completed, []string{"d", "a"}) || history.Newest(all).ID != "d" || history.Newest(nil) != nil ||
		history.ByID(all, "b").ID != "b" || history.ByID(all, "x") != nil {
		t.Errorf("completed %v", completed)
	}
}

func TestBetween_BoundsARunByThoseRightBeforeAndAfter(t *testing.T) {
	runs := []history.Run{
		{ID: "d", StartedAt: at(40), CompletedAt: at(45)},
		{ID: "c", StartedAt: at(30), CompletedAt: at(35)},
		{ID: "b", StartedAt: at(20), CompletedAt: at(25)},
		{ID: "late", StartedAt: at(12), CompletedAt: at(50)}, // went on after the others
		{ID: "a", StartedAt: at(10), CompletedAt: at(15)},
	}
	run := runs[2]
	run.Between(runs)
	if !run.Before.Equal(at(30)) || !run.After.Equal(at(15)) {
		t.Errorf("between %v and %v", run.After, run.Before)
	}
	first := runs[4]
	first.Between(runs)
	if !first.After.IsZero() || !first.Before.Equal(at(20)) {
		t.Errorf("the first: between %v and %v", first.After, first.Before)
	}
	open := history.Run{ID: "b", StartedAt: at(20)}
	open.Between(runs)
	if !open.Before.IsZero() {
		t.Errorf("one that did not end is bound by %v", open.Before)
	}
}

// story is a migration: two parts of one plan, a later plan that builds on it, and a rollback that took the later one
// back.
func story() []history.Run {
	runs := []history.Run{
		{ID: "r5", PlanHash: "back", RollbackOf: "r4", Status: history.StatusCompleted, StartedAt: at(50)},
		{ID: "r4", PlanHash: "later", Status: history.StatusCompleted, StartedAt: at(40)},
		{ID: "r3", PlanHash: "other", Status: history.StatusFailed, StartedAt: at(30)},
		{ID: "r2", PlanHash: "p", Status: history.StatusCompleted, StartedAt: at(20)},
		{ID: "r1", PlanHash: "p", Status: history.StatusFailed, StartedAt: at(10)},
	}
	history.MarkTakenBack(runs)
	return runs
}

func ids(runs []history.Run) []string {
	var found []string
	for _, run := range runs {
		found = append(found, run.ID)
	}
	return found
}

func TestFamily_AndWhatCameAfter(t *testing.T) {
	runs := story()
	for _, run := range runs {
		if want := map[string]string{"r4": "r5"}[run.ID]; run.RolledBackBy != want {
			t.Errorf("%s was taken back by %q, wanted %q", run.ID, run.RolledBackBy, want)
		}
	}
	if got := ids(history.Family(runs, runs[3])); !slices.Equal(got, []string{"r2", "r1"}) {
		t.Errorf("the family: %v", got)
	}
	if got := ids(history.Later(runs, runs[4])); !slices.Equal(got, []string{"r3"}) {
		t.Errorf("later runs that stand: %v", got)
	}
	if got := ids(history.Reversible(runs)); !slices.Equal(got, []string{"r3", "r2", "r1"}) {
		t.Errorf("reversible: %v", got)
	}
}

func TestMarkTakenBack_TakesTheWholePlanAndNothingAfterIt(t *testing.T) {
	runs := []history.Run{
		{ID: "again", PlanHash: "p", Status: history.StatusCompleted, StartedAt: at(40)},
		{ID: "half", PlanHash: "back2", RollbackOf: "other", Status: history.StatusFailed, StartedAt: at(35)},
		{ID: "other", PlanHash: "q", Status: history.StatusCompleted, StartedAt: at(32)},
		{ID: "back", PlanHash: "back", RollbackOf: "second", Status: history.StatusCompleted, StartedAt: at(30)},
		{ID: "second", PlanHash: "p", Status: history.StatusCompleted, StartedAt: at(20)},
		{ID: "first", PlanHash: "p", Status: history.StatusFailed, StartedAt: at(10)},
	}
	history.MarkTakenBack(runs)
	for _, run := range runs {
		want := map[string]string{"second": "back", "first": "back"}[run.ID]
		if run.RolledBackBy != want {
			t.Errorf("%s: by %q, wanted %q", run.ID, run.RolledBackBy, want)
		}
	}
}

func TestRecordOf_JoinsTheFamilyAndWhatWasTakenBack(t *testing.T) {
	runs := []history.Run{
		{ID: "redo", PlanHash: "p", Status: history.StatusFailed, StartedAt: at(40)},
		{ID: "part-back", PlanHash: "back", RollbackOf: "r2", Status: history.StatusFailed, StartedAt: at(30)},
		{ID: "r2", PlanHash: "p", Status: history.StatusFailed, StartedAt: at(20)},
		{ID: "r1", PlanHash: "p", Status: history.StatusFailed, StartedAt: at(10)},
		{ID: "r0", PlanHash: "q", Status: history.StatusCompleted, StartedAt: at(5)},
	}
	steps := map[string][]history.Step{
		"r0": {step("a", history.Applied, "0")},
		"r1": {step("a", history.Intended, ""), step("a", history.Applied, "1"), step("b", history.Intended, "2"),
			step("c", history.Failed, ""), step("d", history.NotStarted, "")},
		"r2": {step("a", history.Already, ""), step("b", history.Unknown, ""), step("e", history.Applied, "5"),
			step("f", history.Applied, "6")},
		"part-back": {step("e", history.Applied, "5"), step("f", history.Already, "6")},
		"redo":      {step("f", history.Applied, "66")},
	}
	read := func(id string) (history.Run, error) {
		run := *history.ByID(runs, id)
		run.Steps = steps[id]
		return run, nil
	}
	record, err := history.RecordOf(runs, runs[3], read)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]history.Did{
		"a": {Certain: true, ServerID: "1"}, "b": {ServerID: "2"}, "c": {},
		"e": {Certain: true, ServerID: "5", TakenBack: true},
		"f": {Certain: true, ServerID: "6"}, // taken back, and made anew by a later run of the plan
	}, record.Steps); diff != "" {
		t.Error(diff)
	}
	if !record.Since().Equal(at(10)) || !slices.Equal(ids(record.Family), []string{"redo", "r2", "r1"}) {
		t.Errorf("since %v, family %v", record.Since(), ids(record.Family))
	}
	broken := errors.New("it does not read")
	fails := func(string) (history.Run, error) { return history.Run{}, broken }
	if _, err := history.RecordOf(runs, runs[3], fails); !errors.Is(err, broken) {
		t.Errorf("a run that does not read: %v", err)
	}
}

func TestKnown_SaysWhatAnEarlierPartOfARunDid(t *testing.T) {
	k := history.NewKnown()
	for _, id := range []string{"done", "failed", "unknown", "cut-off", "again"} {
		k.Intend(id)
	}
	k.End("done", history.Applied, history.KnownStep{ServerID: "1", Generated: []string{"secret"}})
	k.End("failed", history.Failed, history.KnownStep{})
	k.End("unknown", history.Unknown, history.KnownStep{})
	k.End("found", history.Already, history.KnownStep{ServerID: "2"})
	k.End("waits", history.NotStarted, history.KnownStep{})
	k.End("again", history.Failed, history.KnownStep{})
	k.Intend("again")
	for id, want := range map[string][3]bool{ // done, begun, pending
		"done": {true, true, false}, "failed": {false, true, false}, "unknown": {false, true, true},
		"cut-off": {false, true, true},
		"found":   {true, true, false}, "waits": {false, false, false}, "again": {false, true, true},
		"never": {false, false, false},
	} {
		done, begun := k.Of(id)
		if got := [3]bool{done, begun, k.Pending[id]}; got != want {
			t.Errorf("%s: done, begun, pending %v, wanted %v", id, got, want)
		}
	}
	if s := k.Done["done"]; s.ServerID != "1" || !slices.Equal(s.Generated, []string{"secret"}) {
		t.Errorf("%+v", s)
	}
	if !k.Prepared([]string{"never", "failed"}) || k.Prepared([]string{"waits"}) {
		t.Error("what a step depends on was begun, or was not")
	}
	var none *history.Known
	if done, begun := none.Of("done"); done || begun || none.Prepared([]string{"done"}) {
		t.Error("a run that knows nothing knows something")
	}
}
