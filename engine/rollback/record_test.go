package rollback_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/rollback"
)

func TestBuiltUpon_ALaterRunThatChangedOrNeedsIsNamed(t *testing.T) {
	step := func(id string, action plan.Action, needs ...string) []rollback.Did {
		return []rollback.Did{{Step: plan.Step{ID: id, Action: action, DependsOn: needs}}}
	}
	of := func(id string, did []rollback.Did) *rollback.Record {
		return &rollback.Record{Record: &history.Record{Run: history.Run{ID: id}}, Did: did}
	}
	ours := of("r-1", step("client:wiki", plan.ActionCreate))
	for want, did := range map[string][]rollback.Did{
		"Run r-2, later than r-1, changed client:wiki, too.": step("client:wiki", plan.ActionUpdate),
		"Run r-2, later than r-1, made gate:wiki, which needs client:wiki.": step("gate:wiki", plan.ActionCreate, "group:/a",
			"client:wiki"),
		"": append(step("group:/b", plan.ActionCreate), step("client:wiki", plan.ActionMap)...),
	} {
		got := rollback.BuiltUpon(ours, of("r-2", did))
		if (want == "") != (got == nil) || got != nil && !strings.Contains(got.Error(), want) {
			t.Errorf("%v, wanted %q", got, want)
		}
	}
	for name, did := range map[string][]rollback.Did{
		"something else": step("group:/b", plan.ActionCreate, "group:/a"), "nothing at all": nil,
	} {
		if err := rollback.BuiltUpon(ours, of("r-2", did)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecordOf_HasThePlannedStepsInTheOrderOfThePlan(t *testing.T) {
	var p plan.Plan
	for _, id := range []string{"c", "b", "by-hand", "never", "a"} {
		p.Steps = append(p.Steps, plan.Step{ID: id, Disposition: plan.DispositionPlanned})
	}
	p.Steps[2].Disposition = plan.DispositionManual
	step := func(id string, outcome history.Outcome) history.Step {
		return history.Step{StepID: id, Outcome: outcome, ServerID: "of " + id}
	}
	runs := []history.Run{
		{ID: "back", PlanHash: "back", RollbackOf: "r", Status: history.StatusFailed, StartedAt: time.Unix(20, 0)},
		{ID: "r", PlanHash: "p", Status: history.StatusFailed, StartedAt: time.Unix(10, 0)},
	}
	steps := map[string][]history.Step{
		"r": {step("a", history.Applied), step("b", history.Unknown), step("c", history.Applied),
			step("by-hand", history.Applied)},
		"back": {step("c", history.Applied)},
	}
	record, err := rollback.RecordOf(runs, runs[1], &p, func(id string) (history.Run, error) {
		run := *history.ByID(runs, id)
		run.Steps = steps[id]
		return run, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	texts := func(all []rollback.Did) (found []string) {
		for _, d := range all {
			found = append(found, fmt.Sprintf("%s %s %v", d.Step.ID, d.ServerID, d.Certain))
		}
		return found
	}
	want := []string{"c of c true", "b of b false", "a of a true"}
	if diff := cmp.Diff(want, texts(record.Did)); diff != "" {
		t.Errorf("did: %s", diff)
	}
	if diff := cmp.Diff(want[1:], texts(record.Left())); diff != "" {
		t.Errorf("left: %s", diff)
	}
	broken := errors.New("it does not read")
	_, err = rollback.RecordOf(runs, runs[1], &p, func(string) (history.Run, error) { return history.Run{}, broken })
	if !errors.Is(err, broken) {
		t.Errorf("a run that does not read: %v", err)
	}
}

func TestCandidates_RefusesWhatCannotBeTakenBack(t *testing.T) {
	runs := []history.Run{{ID: "back", RollbackOf: "a"}, {ID: "c"}, {ID: "b"}, {ID: "a", RolledBackBy: "back"}}
	for id, want := range map[string]string{
		"b": "b", "a": "rollback-done", "back": "rollback-of-rollback", "x": "run-unknown", "": "c b",
	} {
		found, err := rollback.Candidates(runs, id)
		var ids []string
		for _, run := range found {
			ids = append(ids, run.ID)
		}
		got := strings.Join(ids, " ")
		var refused diag.Diagnostic
		if errors.As(err, &refused) {
			got = refused.Code
		}
		if got != want {
			t.Errorf("%q: %s, wanted %s", id, got, want)
		}
	}
	if _, err := rollback.Candidates(runs, "x"); !strings.Contains(err.Error(), "The newest are back, c, b, a.") {
		t.Errorf("%v", err)
	}
	if _, err := rollback.Candidates(nil, "x"); !strings.Contains(err.Error(), "none at all") {
		t.Errorf("without runs: %v", err)
	}
}

func TestUsedSince_ADecidedDeleteStandsAndWhatCannotBeToldCounts(t *testing.T) {
	step := func(key, decision string, action plan.Action) plan.Step {
		return plan.Step{
			ID: "client:" + key, Resource: identity.ResourceID{Type: "client", Key: key}, Decision: decision, Action: action,
			Disposition: plan.DispositionPlanned,
		}
	}
	p := &plan.Plan{Steps: []plan.Step{
		step("used", "", plan.ActionDelete), step("decided", "delete", plan.ActionDelete),
		step("free", "", plan.ActionDelete),
		step("closed", "", plan.ActionUpdate), step("dark", "", plan.ActionDelete), step("silent", "", plan.ActionDelete),
	}}
	var asked []observation.UsageQuestion
	for _, s := range p.Steps {
		asked = append(asked, observation.UsageQuestion{Resource: identity.Resource{Type: "client", Key: s.Resource.Key}})
	}
	known := map[identity.ResourceID]observation.Usage{}
	for _, u := range []observation.Usage{
		{Resource: p.Steps[0].Resource, Used: true, Facts: []string{"3 sign-ins", "more"}},
		{Resource: p.Steps[1].Resource, Used: true, Facts: []string{"1 sign-in"}},
		{Resource: p.Steps[2].Resource},
		{Resource: p.Steps[3].Resource, Used: true, Facts: []string{"1 sign-in"}},
		{Resource: p.Steps[4].Resource, Unknown: "events are not kept"},
	} {
		known[u.Resource] = u
	}
	want := []string{
		"client:used   used since: 3 sign-ins", "client:dark   used since: events are not kept",
		"client:silent   used since: ",
	}
	if diff := cmp.Diff(want, rollback.UsedSince(p, asked, known)); diff != "" {
		t.Error(diff)
	}
}
