package apply

import (
	"time"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Tale is what is told of one step of a run.
type Tale struct {
	State     history.State
	Reason    string
	ServerID  string
	StartedAt *time.Time
	EndedAt   *time.Time
}

// Tell says what became of a step: one that was not planned by its disposition and when that was recorded, a planned
// one by its outcomes, oldest first, of which the last counts.
func Tell(disposition plan.Disposition, action plan.Action, recorded time.Time, outcomes []history.Step) Tale {
	switch disposition {
	case plan.DispositionPlanned:
		return follow(action, outcomes)
	case plan.DispositionManual:
		return Tale{State: history.StateManual, EndedAt: &recorded}
	default:
		return Tale{State: history.State(disposition), EndedAt: &recorded}
	}
}

func follow(action plan.Action, outcomes []history.Step) Tale {
	t := Tale{State: history.StateNotStarted}
	for _, outcome := range outcomes {
		at := outcome.At
		if t.StartedAt == nil {
			t.StartedAt = &at
		}
		if outcome.ServerID != "" {
			t.ServerID = outcome.ServerID
		}
		if outcome.Outcome == history.Intended {
			t.State = history.StateUnknown // until its outcome is written
			continue
		}
		t.State, t.EndedAt, t.Reason = history.State(outcome.Outcome), &at, outcome.Reason
		if outcome.Outcome.Done() {
			t.State = didOf(action)
		}
		if outcome.Outcome == history.Already && t.Reason == "" {
			t.Reason = "found done by an earlier, interrupted run"
		}
	}
	if t.State == history.StateNotStarted {
		t.StartedAt = nil
	}
	return t
}

func didOf(action plan.Action) history.State {
	switch action {
	case plan.ActionCreate:
		return history.StateCreated
	case plan.ActionUpdate:
		return history.StateChanged
	case plan.ActionDelete:
		return history.StateDeleted
	case plan.ActionMap:
		return history.StateMapped
	case plan.ActionNone:
	}
	return history.StateUnchanged
}
