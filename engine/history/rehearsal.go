package history

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

// Rehearsal is what came of a rehearsal.
type Rehearsal struct {
	Target RehearsalTarget `json:"target"`
	Wave   string          `json:"wave,omitempty"`
	// of the plan that was rehearsed; it is good for the throw-away target only
	PlanHash    string                `json:"plan_hash"`
	Parts       []RehearsalPart       `json:"parts"`
	Compared    int                   `json:"compared"`    // resources that were compared with the start
	Differences []RehearsalDifference `json:"differences"` // from the start, after the rollback; sorted by resource
	Forecast    *RehearsalForecast    `json:"forecast"`    // of the real run; nil when nothing can be said
	Unsaid      string                `json:"unsaid,omitempty"`
	Notes       []string              `json:"notes"` // what a reader must know before trusting it
}

// RehearsalTarget is where it was rehearsed.
type RehearsalTarget struct {
	Address  string `json:"address"` // provider.name
	Identity string `json:"identity"`
	Summary  string `json:"summary"`
}

// RehearsalPart is one part of a rehearsal and what it took. Of a verification Steps are the probes.
type RehearsalPart struct {
	Name     string             `json:"name"`
	Steps    int                `json:"steps"`
	Skipped  int                `json:"skipped"` // probes that did not apply here
	Requests int                `json:"requests"`
	Millis   int64              `json:"millis"`
	Failures []RehearsalFailure `json:"failures"`
}

// RehearsalFailure is a step or probe that did not go well.
type RehearsalFailure struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// RehearsalDifference is what is not as it was before the rehearsal. Attribute is empty when the whole resource is gone or was
// left.
type RehearsalDifference struct {
	Resource  identity.ResourceID `json:"resource"`
	Attribute string              `json:"attribute,omitempty"`
	Summary   string              `json:"summary"`
}

// Passed tells whether every part went well and the target is as it was.
func (r Rehearsal) Passed() bool {
	for _, part := range r.Parts {
		if len(part.Failures) > 0 {
			return false
		}
	}
	return len(r.Differences) == 0
}

// RehearsalForecast is what the real run will need, as far as the rehearsal can tell.
type RehearsalForecast struct {
	Steps    int   `json:"steps"`
	Requests int   `json:"requests"`
	Millis   int64 `json:"millis"`
	Measured int   `json:"measured"` // steps that it rests on
	Unseen   int   `json:"unseen"`   // real steps of a sort that was not rehearsed; they count as the average
}
