package rehearsal

import (
	"github.com/rehome-iam/rehome/engine/identity"
)

// The parts of a rehearsal, in their order.
const (
	PartApply       = "apply"
	PartVerify      = "verify"
	PartRollback    = "rollback"
	PartVerifyAgain = "verify_again"
)

// Report is what came of a rehearsal.
type Report struct {
	Target Target `json:"target"`
	Wave   string `json:"wave,omitempty"`
	// of the plan that was rehearsed; it is good for the throw-away target only
	PlanHash    string       `json:"plan_hash"`
	Parts       []Part       `json:"parts"`
	Compared    int          `json:"compared"`    // resources that were compared with the start
	Differences []Difference `json:"differences"` // from the start, after the rollback; sorted by resource
	Forecast    *Forecast    `json:"forecast"`    // of the real run; nil when nothing can be said
	Unsaid      string       `json:"unsaid,omitempty"`
	Notes       []string     `json:"notes"` // what a reader must know before trusting it
}

// Target is where it was rehearsed.
type Target struct {
	Address  string `json:"address"` // provider.name
	Identity string `json:"identity"`
	Summary  string `json:"summary"`
}

// Part is one part of a rehearsal and what it took. Of a verification Steps are the probes.
type Part struct {
	Name     string    `json:"name"`
	Steps    int       `json:"steps"`
	Skipped  int       `json:"skipped"` // probes that did not apply here
	Requests int       `json:"requests"`
	Millis   int64     `json:"millis"`
	Failures []Failure `json:"failures"`
}

// Failure is a step or probe that did not go well.
type Failure struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// Difference is what is not as it was before the rehearsal. Attribute is empty when the whole resource is gone or was
// left.
type Difference struct {
	Resource  identity.ResourceID `json:"resource"`
	Attribute string              `json:"attribute,omitempty"`
	Summary   string              `json:"summary"`
}

// Passed tells whether every part went well and the target is as it was.
func (r Report) Passed() bool {
	for _, part := range r.Parts {
		if len(part.Failures) > 0 {
			return false
		}
	}
	return len(r.Differences) == 0
}
