package history_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

func at(second int64) time.Time { return time.Unix(second, 0).UTC() }

func step(id string, outcome history.Outcome, server string) history.Step {
	return history.Step{StepID: id, Outcome: outcome, ServerID: server}
}

func planned(hash string, ids ...string) *plan.Plan {
	p := &plan.Plan{PlanHash: hash}
	for _, id := range ids {
		p.Steps = append(p.Steps, plan.Step{ID: id, Action: plan.ActionCreate, Disposition: plan.DispositionPlanned})
	}
	return p
}

func TestStatus_SaysWhatBecomesOfRunAndPlan(t *testing.T) {
	for status, want := range map[history.Status]struct {
		completed, unfinished bool
		plan                  plan.Status
	}{
		history.StatusStarted:               {false, true, plan.StatusFailed},
		history.StatusFailed:                {false, true, plan.StatusFailed},
		history.StatusCompleted:             {true, false, plan.StatusApplied},
		history.StatusCompletedWithFollowUp: {true, false, plan.StatusAppliedWithFollowUp},
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
		history.Intended: {false, true}, history.Applied: {true, false}, history.Already: {true, true}, history.Failed: {false, true},
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
		step("a", history.Intended, ""), step("b", history.Intended, ""), step("a", history.Applied, "1"), step("b", history.Failed, ""),
		step("c", history.Already, "3"), step("d", history.NotStarted, ""), step("e", history.Intended, ""), step("f", history.Unknown, ""),
	}}
	if diff := cmp.Diff(history.Counts{Applied: 2, Failed: 1, NotStarted: 1, Unknown: 2}, run.Count()); diff != "" {
		t.Error(diff)
	}
	var did []string
	for _, d := range run.Done(planned("p", "c", "b", "a", "x")) {
		did = append(did, d.Step.ID+d.ServerID)
	}
	if !slices.Equal(did, []string{"c3", "a1"}) {
		t.Errorf("done in the order of the plan: %v", did)
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
		"no run at all":             {nil, "p", ""},
		"no hash":                   {runs(of("r", "", history.StatusStarted)), "", ""},
		"cut off":                   {runs(of("r", "p", history.StatusStarted), of("q", "p", history.StatusFailed)), "p", "r"},
		"failed":                    {runs(of("r", "p", history.StatusFailed)), "p", "r"},
		"ended":                     {runs(of("r", "p", history.StatusCompleted)), "p", ""},
		"ended with a follow-up":    {runs(of("r", "p", history.StatusCompletedWithFollowUp)), "p", ""},
		"another plan's came after": {runs(of("r", "q", history.StatusCompleted), of("o", "p", history.StatusFailed)), "p", ""},
		"another plan's is newest":  {runs(of("r", "q", history.StatusFailed)), "p", ""},
	} {
		got := ""
		if run := history.Unfinished(c.runs, c.hash); run != nil {
			got = run.ID
		}
		if got != c.want {
			t.Errorf("%s: %q goes on, wanted %q", name, got, c.want)
		}
	}
	all := runs(of("d", "p", history.StatusCompleted), of("c", "q", history.StatusCompleted), of("b", "p", history.StatusFailed), of("a", "p", history.StatusCompletedWithFollowUp))
	var completed []string
	for _, run := range history.CompletedOf(all, "p") {
		completed = append(completed, run.ID)
	}
	if !slices.Equal(completed, []string{"d", "a"}) || history.Newest(all).ID != "d" || history.Newest(nil) != nil || history.ByID(all, "b").ID != "b" || history.ByID(all, "x") != nil {
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
		"r0":        {step("a", history.Applied, "0")},
		"r1":        {step("a", history.Intended, ""), step("a", history.Applied, "1"), step("b", history.Intended, "2"), step("c", history.Failed, ""), step("d", history.NotStarted, "")},
		"r2":        {step("a", history.Already, ""), step("b", history.Unknown, ""), step("e", history.Applied, "5"), step("f", history.Applied, "6")},
		"part-back": {step("e", history.Applied, "5"), step("f", history.Already, "6")},
		"redo":      {step("f", history.Applied, "66")},
	}
	read := func(id string) (history.Run, error) {
		run := *history.ByID(runs, id)
		run.Steps = steps[id]
		return run, nil
	}
	p := planned("p", "a", "b", "c", "d", "e", "f", "g")
	p.Steps[2].Disposition = plan.DispositionManual
	record, err := history.RecordOf(runs, runs[3], p, read)
	if err != nil {
		t.Fatal(err)
	}
	texts := func(all []history.Did) []string {
		var found []string
		for _, d := range all {
			text := d.Step.ID + d.ServerID
			if !d.Certain {
				text += "?"
			}
			found = append(found, text)
		}
		return found
	}
	if diff := cmp.Diff([]string{"a1", "b2?", "e5", "f6"}, texts(record.Did)); diff != "" {
		t.Errorf("did: %s", diff)
	}
	if diff := cmp.Diff([]string{"a1", "b2?", "f6"}, texts(record.Left())); diff != "" {
		t.Errorf("left: %s", diff)
	}
	if !record.Since().Equal(at(10)) || !slices.Equal(ids(record.Family), []string{"redo", "r2", "r1"}) {
		t.Errorf("since %v, family %v", record.Since(), ids(record.Family))
	}
	broken := errors.New("it does not read")
	if _, err := history.RecordOf(runs, runs[3], p, func(string) (history.Run, error) { return history.Run{}, broken }); !errors.Is(err, broken) {
		t.Errorf("a run that does not read: %v", err)
	}
}

func TestDependenceOn_NamesWhatALaterRunChangedOrNeeds(t *testing.T) {
	did := func(id string, action plan.Action, needs ...string) history.Did {
		return history.Did{Step: plan.Step{ID: id, Action: action, DependsOn: needs}}
	}
	earlier := []history.Did{did("client:wiki", plan.ActionCreate)}
	for name, c := range map[string]struct {
		later []history.Did
		want  history.Dependence
		is    bool
	}{
		"changed the same":   {[]history.Did{did("client:wiki", plan.ActionUpdate)}, history.Dependence{Step: "client:wiki"}, true},
		"needs it":           {[]history.Did{did("gate:wiki", plan.ActionCreate, "group:/a", "client:wiki")}, history.Dependence{Step: "gate:wiki", Needs: "client:wiki"}, true},
		"only mapped it":     {[]history.Did{did("group:/b", plan.ActionCreate), did("client:wiki", plan.ActionMap)}, history.Dependence{}, false},
		"something else":     {[]history.Did{did("group:/b", plan.ActionCreate, "group:/a")}, history.Dependence{}, false},
		"did nothing at all": {nil, history.Dependence{}, false},
	} {
		if got, is := history.DependenceOn(earlier, c.later); got != c.want || is != c.is {
			t.Errorf("%s: %+v, %v", name, got, is)
		}
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
		"done": {true, true, false}, "failed": {false, true, false}, "unknown": {false, true, true}, "cut-off": {false, true, true},
		"found": {true, true, false}, "waits": {false, false, false}, "again": {false, true, true}, "never": {false, false, false},
	} {
		done, begun := k.Of(id)
		if got := [3]bool{done, begun, k.Pending[id]}; got != want {
			t.Errorf("%s: done, begun, pending %v, wanted %v", id, got, want)
		}
	}
	if s := k.Done["done"]; s.ServerID != "1" || !slices.Equal(s.Generated, []string{"secret"}) {
		t.Errorf("%+v", s)
	}
	if !k.Prepared(plan.Step{DependsOn: []string{"never", "failed"}}) || k.Prepared(plan.Step{DependsOn: []string{"waits"}}) {
		t.Error("what a step depends on was begun, or was not")
	}
	var none *history.Known
	if done, begun := none.Of("done"); done || begun || none.Prepared(plan.Step{DependsOn: []string{"done"}}) {
		t.Error("a run that knows nothing knows something")
	}
}

func TestTell_TheLastOutcomeCounts(t *testing.T) {
	first, second := at(1), at(2)
	outcome := func(word history.Outcome, at time.Time) history.Step {
		return history.Step{StepID: "s", Outcome: word, At: at, ServerID: "77", Reason: string(word)}
	}
	for name, c := range map[string]struct {
		action   plan.Action
		outcomes []history.Step
		want     history.State
		reason   string
		ended    bool
	}{
		"created":           {plan.ActionCreate, []history.Step{outcome(history.Intended, first), outcome(history.Applied, second)}, history.StateCreated, "applied", true},
		"changed":           {plan.ActionUpdate, []history.Step{outcome(history.Applied, second)}, history.StateChanged, "applied", true},
		"deleted":           {plan.ActionDelete, []history.Step{outcome(history.Applied, second)}, history.StateDeleted, "applied", true},
		"mapped":            {plan.ActionMap, []history.Step{outcome(history.Applied, second)}, history.StateMapped, "applied", true},
		"nothing to do":     {plan.ActionNone, []history.Step{outcome(history.Already, second)}, history.StateUnchanged, "already", true},
		"failed":            {plan.ActionCreate, []history.Step{outcome(history.Intended, first), outcome(history.Failed, second)}, history.StateFailed, "failed", true},
		"failed, then done": {plan.ActionCreate, []history.Step{outcome(history.Failed, first), outcome(history.Applied, second)}, history.StateCreated, "applied", true},
		"killed between":    {plan.ActionCreate, []history.Step{outcome(history.Intended, first)}, history.StateUnknown, "", false},
		"waits":             {plan.ActionCreate, []history.Step{outcome(history.NotStarted, second)}, history.StateNotStarted, "not_started", true},
		"never reached":     {plan.ActionCreate, nil, history.StateNotStarted, "", false},
	} {
		got := history.Tell(plan.DispositionPlanned, c.action, at(9), c.outcomes)
		if got.State != c.want || got.Reason != c.reason || (got.EndedAt != nil) != c.ended || (got.StartedAt == nil) != (c.want == history.StateNotStarted) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	found := history.Tell(plan.DispositionPlanned, plan.ActionCreate, at(9), []history.Step{{Outcome: history.Already, At: first}})
	if found.Reason != "found done by an earlier, interrupted run" {
		t.Errorf("found done: %q", found.Reason)
	}
	for disposition, want := range map[plan.Disposition]history.State{plan.DispositionBlocked: history.StateBlocked, plan.DispositionSkipped: history.StateSkipped,
		plan.DispositionManual: history.StateManual, plan.DispositionUnchanged: history.StateUnchanged} {
		got := history.Tell(disposition, plan.ActionNone, at(9), nil)
		if got.State != want || got.StartedAt != nil || got.EndedAt == nil || !got.EndedAt.Equal(at(9)) {
			t.Errorf("%s: %+v", disposition, got)
		}
	}
}

func TestBindingsOf_TellsWhatIsOursAndWhatIsGone(t *testing.T) {
	resource := identity.ResourceID{Type: "group", Key: "/a"}
	item := func(id, decision string) plan.ItemName {
		return plan.ItemName{Source: "okta.corp", Kind: identity.KindGroup, ID: id, Decision: decision}
	}
	address := func(id string) identity.Address {
		return identity.Address{Source: "okta.corp", Kind: identity.KindGroup, ID: id}
	}
	for name, c := range map[string]struct {
		step plan.Step
		want []history.Binding
		ours []bool
	}{
		"made": {plan.Step{Action: plan.ActionCreate, Items: []plan.ItemName{item("1", ""), item("2", "map_to_existing")}},
			[]history.Binding{{Item: address("1"), Resource: resource, ServerID: "s"}, {Item: address("2"), Resource: resource, ServerID: "s", Decision: "map_to_existing"}}, []bool{true, false}},
		"mapped": {plan.Step{Action: plan.ActionMap, Items: []plan.ItemName{item("1", "")}},
			[]history.Binding{{Item: address("1"), Resource: resource, ServerID: "s", Decision: "map_to_existing"}}, []bool{false}},
		"reconciled": {plan.Step{Action: plan.ActionUpdate, Decision: "reconcile", Items: []plan.ItemName{item("1", "")}},
			[]history.Binding{{Item: address("1"), Resource: resource, ServerID: "s", Decision: "map_to_existing"}}, []bool{true}},
		"taken back": {plan.Step{Action: plan.ActionDelete, Unbinds: true, Items: []plan.ItemName{item("1", ""), item("2", "map_to_existing")}},
			[]history.Binding{{Item: address("1"), Resource: resource, Gone: true}, {Item: address("2"), Resource: resource, Gone: true}}, []bool{true, true}},
		"deleted, bound by nothing": {plan.Step{Action: plan.ActionDelete, Items: []plan.ItemName{item("1", "")}}, nil, nil},
	} {
		c.step.Resource = resource
		bindings, ours := history.BindingsOf(c.step, "s")
		if diff := cmp.Diff(c.want, bindings); diff != "" || !slices.Equal(c.ours, ours) {
			t.Errorf("%s: ours %v, %s", name, ours, diff)
		}
	}
}
