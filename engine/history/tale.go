package history

import (
	"time"

	"github.com/rehome-iam/rehome/engine/plan"
)

// State is how a step of a run reads back.
type State string

// The states of a step: what it did, why it did nothing, or that it is not known.
const (
	StateCreated    State = "created"
	StateChanged    State = "changed"
	StateDeleted    State = "deleted"
	StateMapped     State = "mapped"
	StateUnchanged  State = "unchanged"
	StateFailed     State = "failed"
	StateUnknown    State = "unknown"
	StateNotStarted State = "not_started"
	StateBlocked    State = "blocked"
	StateManual     State = "manual"
	StateSkipped    State = "skipped"
)

// Tale is what is told of one step of a run.
type Tale struct {
	State     State
	Reason    string
	ServerID  string
	StartedAt *time.Time
	EndedAt   *time.Time
}

// Tell says what became of a step: one that was not planned by its disposition and when that was recorded, a planned
// one by its outcomes, oldest first, of which the last counts.
func Tell(disposition plan.Disposition, action plan.Action, recorded time.Time, outcomes []Step) Tale {
	switch disposition {
	case plan.DispositionPlanned:
		return follow(action, outcomes)
	case plan.DispositionManual:
		return Tale{State: StateManual, EndedAt: &recorded}
	default:
		return Tale{State: State(disposition), EndedAt: &recorded}
	}
}

func follow(action plan.Action, outcomes []Step) Tale {
	t := Tale{State: StateNotStarted}
	for _, outcome := range outcomes {
		at := outcome.At
		if t.StartedAt == nil {
			t.StartedAt = &at
		}
		if outcome.ServerID != "" {
			t.ServerID = outcome.ServerID
		}
		if outcome.Outcome == Intended {
			t.State = StateUnknown // until its outcome is written
			continue
		}
		t.State, t.EndedAt, t.Reason = State(outcome.Outcome), &at, outcome.Reason
		if outcome.Outcome.Done() {
			t.State = didOf(action)
		}
		if outcome.Outcome == Already && t.Reason == "" {
			t.Reason = "found done by an earlier, interrupted run"
		}
	}
	if t.State == StateNotStarted {
		t.StartedAt = nil
	}
	return t
}

func didOf(action plan.Action) State {
	switch action {
	case plan.ActionCreate:
		return StateCreated
	case plan.ActionUpdate:
		return StateChanged
	case plan.ActionDelete:
		return StateDeleted
	case plan.ActionMap:
		return StateMapped
	case plan.ActionNone:
	}
	return StateUnchanged
}
