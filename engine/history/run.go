package history

import (
	"maps"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Status of a run.
type Status string

// The statuses of a run.
const (
	StatusStarted               Status = "started"
	StatusCompleted             Status = "completed"
	StatusCompletedWithFollowUp Status = "completed_with_follow_up"
	StatusFailed                Status = "failed"
)

// Completed tells whether a run came to its end with all its steps done.
func (s Status) Completed() bool { return s == StatusCompleted || s == StatusCompletedWithFollowUp }

// Unfinished tells whether the same apply goes on with a run: its process died, or a step of it failed.
func (s Status) Unfinished() bool { return s == StatusStarted || s == StatusFailed }

// Plan is what a run that ended so makes of its plan.
func (s Status) Plan() PlanStatus {
	switch s {
	case StatusCompleted:
		return PlanApplied
	case StatusCompletedWithFollowUp:
		return PlanAppliedWithFollowUp
	case StatusStarted, StatusFailed:
	}
	return PlanFailed
}

// EndOf is the status of a run that ended: with an error of the run itself or steps that are not done it failed, and
// what is left to people makes it one with a follow-up.
func EndOf(failed bool, undone, left int) Status {
	switch {
	case failed || undone > 0:
		return StatusFailed
	case left > 0:
		return StatusCompletedWithFollowUp
	}
	return StatusCompleted
}

// Outcome of a step.
type Outcome string

// The outcomes, as runs record them. Intended stands until another one is written.
const (
	Intended   Outcome = "intended"
	Applied    Outcome = "applied"
	Already    Outcome = "already" // found done by an earlier, interrupted run
	Failed     Outcome = "failed"
	NotStarted Outcome = "not_started"
	Unknown    Outcome = "unknown" // interrupted between request and answer
)

// Done tells whether a step is done, whoever did it.
func (o Outcome) Done() bool { return o == Applied || o == Already }

// Event is the name under which the audit chain has the outcome of a step. What was found done counts as applied.
func (o Outcome) Event() audit.Name {
	switch o {
	case Applied, Already:
		return audit.StepApplied
	case NotStarted:
		return audit.StepNotStarted
	case Unknown:
		return audit.StepUnknown
	case Intended, Failed:
	}
	return audit.StepFailed
}

// Uncertain tells whether only the live target knows what came of a step: it was begun and is not known to be done.
// Found done by nobody we know of is as uncertain for whoever takes a run back.
func (o Outcome) Uncertain() bool { return o != Applied && o != NotStarted && o != "" }

// Run is one execution of a plan.
type Run struct {
	ID           string    `json:"id"`
	PlanHash     string    `json:"plan_hash"`
	Migration    string    `json:"migration"`
	Status       Status    `json:"status"`
	StartedAt    time.Time `json:"started_at"`
	CompletedAt  time.Time `json:"completed_at,omitzero"`
	RollbackOf   string    `json:"rollback_of,omitempty"`    // run that this one takes back
	RolledBackBy string    `json:"rolled_back_by,omitempty"` // run that took the whole of this one back; see MarkTakenBack
	Steps        []Step    `json:"steps,omitempty"`          // in the order in which outcomes were written
	After        time.Time `json:"after,omitzero"`           // end of the run before; see Between
	Before       time.Time `json:"before,omitzero"`          // start of the run after; see Between
}

// Step is what came of one step of a run. A step has several where it was intended first, or begun anew.
type Step struct {
	Order    int                 `json:"order"`
	StepID   string              `json:"step_id"`
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Outcome  Outcome             `json:"outcome"`
	Reason   string              `json:"reason,omitempty"`
	At       time.Time           `json:"at"`
}

// Last is the last outcome of each step, by id.
func (r Run) Last() map[string]Step {
	last := map[string]Step{}
	for _, step := range r.Steps {
		last[step.StepID] = step
	}
	return last
}

// Counts is how many steps of a run have each outcome. A step that is only intended counts as unknown.
type Counts struct{ Applied, Failed, NotStarted, Unknown int }

// Count counts the last outcome of each step.
func (r Run) Count() Counts {
	var c Counts
	for _, step := range r.Last() {
		switch {
		case step.Outcome.Done():
			c.Applied++
		case step.Outcome == Failed:
			c.Failed++
		case step.Outcome == NotStarted:
			c.NotStarted++
		default:
			c.Unknown++
		}
	}
	return c
}

// Done is the last outcome of each step that is done, by id.
func (r Run) Done() map[string]Step {
	done := r.Last()
	maps.DeleteFunc(done, func(_ string, step Step) bool { return !step.Outcome.Done() })
	return done
}

// Newest is the first of runs that are sorted newest first, nil without one.
func Newest(runs []Run) *Run {
	if len(runs) == 0 {
		return nil
	}
	return &runs[0]
}

// ByID finds a run, nil where there is none.
func ByID(runs []Run, id string) *Run {
	if at := slices.IndexFunc(runs, func(r Run) bool { return r.ID == id }); at >= 0 {
		return &runs[at]
	}
	return nil
}

// Unfinished is the run with which an apply of a plan goes on: the newest run of the migration, where it carries out
// this plan and did not come to its end. A run that others came after does not go on.
func Unfinished(runs []Run, hash string) *Run {
	newest := Newest(runs)
	if hash == "" || newest == nil || newest.PlanHash != hash || !newest.Status.Unfinished() {
		return nil
	}
	return newest
}

// CompletedOf lists the runs of a plan that came to their end.
func CompletedOf(runs []Run, hash string) []Run {
	return slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return r.PlanHash != hash || !r.Status.Completed() })
}

// Between fills in the runs right before and after one: never two write at once, so what a clock leaves open is theirs
// or this one's.
func (r *Run) Between(newestFirst []Run) {
	for _, other := range newestFirst {
		switch {
		case other.ID == r.ID:
		case !r.CompletedAt.IsZero() && other.StartedAt.After(r.CompletedAt):
			r.Before = other.StartedAt
		case r.After.IsZero() && other.CompletedAt.Before(r.StartedAt):
			// one that went on later ended later, and bounds nothing
			r.After = other.CompletedAt
		}
	}
}
