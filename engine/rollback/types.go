package rollback

import (
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Input is all that the way back is made of. Usages are keyed by resource; a created resource without an answer counts
// as used.
type Input struct {
	Run       string
	Since     string // RFC 3339, when the run began
	PlanHash  string // of the plan that the run carried out
	Migration plan.Migration
	Target    plan.Target
	Done      []Did
	Live      []identity.Resource
	Schemas   []identity.ResourceSchema
	Usages    map[identity.ResourceID]observation.Usage
	Decisions []declaration.Undo
	CreatedAt string // RFC 3339
	ExpiresAt string // RFC 3339
}

// Cost is what going back would cost by the record alone, before anybody looks at the target.
type Cost struct {
	Deletes  int      `json:"deletes"`
	Restores int      `json:"restores"`
	NoReturn []string `json:"no_return"` // what cannot be taken back, by step
}

// CostOf counts the steps that a rollback would try.
func CostOf(done []Did) Cost {
	cost := Cost{NoReturn: []string{}}
	for _, d := range done {
		switch d.Step.Action {
		case plan.ActionCreate:
			cost.Deletes++
		case plan.ActionUpdate:
			cost.Restores++
		case plan.ActionDelete, plan.ActionMap, plan.ActionNone:
		}
		if lost := noReturn(d.Step); lost != "" {
			cost.NoReturn = append(cost.NoReturn, d.Step.ID+": "+lost)
		}
	}
	return cost
}

// OfRun is what it costs to take one run back.
type OfRun struct {
	Run string `json:"run"`
	Cost
	Checked *Checked `json:"checked,omitempty"` // only when the target was asked
}

// Checked is what is left to take back after a look at the target.
type Checked struct {
	Deletes  int `json:"deletes"`
	Restores int `json:"restores"`
	Closes   int `json:"closes"`
	Stay     int `json:"stay"`    // used since, or needed by what was
	Changed  int `json:"changed"` // by others since
}
