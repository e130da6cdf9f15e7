package apply_test

import (
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
)

func second(n int64) time.Time { return time.Unix(n, 0).UTC() }

func TestTell_TheLastOutcomeCounts(t *testing.T) {
	begun, ended := second(1), second(2)
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
		"created": {plan.ActionCreate, []history.Step{outcome(history.Intended, begun),
			outcome(history.Applied, ended)}, history.StateCreated, "applied", true},
		"changed": {plan.ActionUpdate, []history.Step{outcome(history.Applied, ended)}, history.StateChanged,
			"applied", true},
		"deleted": {plan.ActionDelete, []history.Step{outcome(history.Applied, ended)}, history.StateDeleted,
			"applied", true},
		"mapped": {plan.ActionMap, []history.Step{outcome(history.Applied, ended)}, history.StateMapped, "applied",
			true},
		"nothing to do": {plan.ActionNone, []history.Step{outcome(history.Already, ended)}, history.StateUnchanged,
			"already", true},
		"failed": {plan.ActionCreate, []history.Step{outcome(history.Intended, begun),
			outcome(history.Failed, ended)}, history.StateFailed, "failed", true},
		"failed, then done": {plan.ActionCreate, []history.Step{outcome(history.Failed, begun),
			outcome(history.Applied, ended)}, history.StateCreated, "applied", true},
		"killed between": {plan.ActionCreate, []history.Step{outcome(history.Intended, begun)}, history.StateUnknown, "",
			false},
		"waits": {plan.ActionCreate, []history.Step{outcome(history.NotStarted, ended)}, history.StateNotStarted,
			"not_started", true},
		"never reached": {plan.ActionCreate, nil, history.StateNotStarted, "", false},
	} {
		got := apply.Tell(plan.DispositionPlanned, c.action, second(9), c.outcomes)
		if got.State != c.want || got.Reason != c.reason || (got.EndedAt != nil) != c.ended ||
			(got.StartedAt == nil) != (c.want == history.StateNotStarted) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	found := apply.Tell(plan.DispositionPlanned, plan.ActionCreate, second(9),
		[]history.Step{{Outcome: history.Already, At: begun}})
	if found.Reason != "found done by an earlier, interrupted run" {
		t.Errorf("found done: %q", found.Reason)
	}
	for disposition, want := range map[plan.Disposition]history.State{plan.DispositionBlocked: history.StateBlocked,
		plan.DispositionSkipped: history.StateSkipped,
		plan.DispositionManual:  history.StateManual, plan.DispositionUnchanged: history.StateUnchanged} {
		got := apply.Tell(disposition, plan.ActionNone, second(9), nil)
		if got.State != want || got.StartedAt != nil || got.EndedAt == nil || !got.EndedAt.Equal(second(9)) {
			t.Errorf("%s: %+v", disposition, got)
		}
	}
}
