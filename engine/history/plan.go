package history

import (
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
)

// PlanStatus is how far a plan is.
type PlanStatus string

// The statuses of a plan. Only a previewed one has a hash.
const (
	PlanDraft               PlanStatus = "draft"
	PlanPreviewed           PlanStatus = "previewed"
	PlanApplied             PlanStatus = "applied"
	PlanAppliedWithFollowUp PlanStatus = "applied_with_follow_up"
	PlanFailed              PlanStatus = "failed"
)

// PlanRecord remembers a plan and what it was made from. A migration has one draft, which the next plan replaces.
type PlanRecord struct {
	Hash       string         `json:"hash"` // empty for a draft
	Migration  string         `json:"migration"`
	CreatedAt  time.Time      `json:"created_at"`
	ExpiresAt  time.Time      `json:"expires_at"`
	Status     PlanStatus     `json:"status"` // a draft has no hash; a run gives a previewed one its end
	Handoff    string         `json:"preview_handoff_status"`
	Blockers   []string       `json:"blockers,omitempty"`  // codes
	Snapshots  []string       `json:"snapshots,omitempty"` // ids of those it was made from
	Inputs     []PlanSnapshot `json:"inputs"`              // the same with source and assessment, one a source
	Classifier string         `json:"classifier"`          // version that made the assessments
	Run        string         `json:"run,omitempty"`       // the newest run of it
	AppliedAt  time.Time      `json:"applied_at,omitzero"`
	Wave       string         `json:"wave,omitempty"`    // of a plan of one wave
	SavedAt    time.Time      `json:"saved_at,omitzero"` // when it was last written into a plan file
}

// Dated is the record with the times that the plan says of itself, RFC 3339.
func (r PlanRecord) Dated(created, expires string) PlanRecord {
	r.CreatedAt, _ = time.Parse(time.RFC3339, created)
	r.ExpiresAt, _ = time.Parse(time.RFC3339, expires)
	return r
}

// Draft is the record as the draft that the next plan replaces.
func (r PlanRecord) Draft() PlanRecord {
	r.Status, r.Hash = PlanDraft, ""
	return r
}

// Noted is the audit event of a plan that was made: a draft of a migration, or one with a hash that may be approved. Of
// the event given it needs who acts and when.
func (r PlanRecord) Noted(by audit.Event) audit.Event {
	by.Name, by.Target = audit.PlanPreviewed, r.Hash
	if r.Hash == "" {
		by.Name, by.Target = audit.PlanCreated, r.Migration
	}
	return by
}

// Applied tells whether a run carried the plan out to its end.
func (r PlanRecord) Applied() bool {
	return r.Status == PlanApplied || r.Status == PlanAppliedWithFollowUp
}

// PlanSnapshot binds a plan to one snapshot of a source and its assessment.
type PlanSnapshot struct {
	Source     string `json:"source"`
	Snapshot   string `json:"snapshot"`
	Assessment string `json:"assessment"`
}
