package apply

import (
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
)

// RunReport is what came of a run as a whole.
type RunReport struct {
	Plan    *plan.Plan
	Run     history.Run // without steps
	Steps   Report
	Secrets []Delivered
	Head    string // of the audit chain

	Interrupted bool
}

// Undone counts the steps that are not sure to be done.
func (r *RunReport) Undone() int {
	return r.Steps.Count(history.Failed) + r.Steps.Count(history.NotStarted) + r.Steps.Count(history.Unknown)
}

// Left counts what the plan leaves to people.
func (r *RunReport) Left() int { return Left(r.Plan) }

// Left counts what a plan leaves to people: follow-ups, what is blocked, what a way back leaves because it is used.
func Left(p *plan.Plan) int {
	left := p.Summary.ManualFollowUp + p.Summary.Blocked
	if p.Rollback != nil {
		left += p.Summary.Skipped
	}
	return left
}

// Delivered says where one-time secrets are.
type Delivered struct {
	Path      string
	Secrets   int
	Encrypted int // for so many recipients
}
