package handoff

import (
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// FormatVersion of the report as JSON. A field never changes its meaning within a major version.
const FormatVersion = "1.0"

// Report is everything that is known about one plan after it was previewed.
type Report struct {
	FormatVersion string               `json:"format_version"`
	Handoff       string               `json:"handoff"` // complete or open
	Migration     plan.Migration       `json:"migration"`
	Plan          PlanFacts            `json:"plan"`
	Approval      Approval             `json:"approval"`
	Run           *Run                 `json:"run"`
	Declared      declaration.Declared `json:"declared"`
	Unrecorded    []declaration.Change `json:"unrecorded"` // what the configuration says beyond what is recorded
	Rows          []Row                `json:"rows"`
	Applications  []Application        `json:"applications"`
	Impacts       []fidelity.Impact    `json:"impacts"`
	Criteria      []Criterion          `json:"criteria"`
	Questions     []Question           `json:"questions"`            // to people: what no read of a source answers
	LaterPlan     string               `json:"later_plan,omitempty"` // hash of a plan previewed after this one
}

// Question is something that a source may have and that is never read of it.
type Question struct {
	Source string `json:"source"`
	identity.Unread
}

// PlanFacts are the head of the plan.
type PlanFacts struct {
	Hash      string             `json:"hash"`
	Status    history.PlanStatus `json:"status"`
	CreatedAt string             `json:"created_at"`
	Target    plan.Target        `json:"target"`
	Snapshots []plan.Snapshot    `json:"snapshots"`
	Summary   plan.Summary       `json:"summary"`
}

// Approval is what the audit chain knows about who had the plan made and who applied its hash.
type Approval struct {
	PreviewedBy string `json:"previewed_by,omitempty"`
	PreviewedAt string `json:"previewed_at,omitempty"` // RFC 3339
	AppliedBy   string `json:"applied_by,omitempty"`
	AppliedAt   string `json:"applied_at,omitempty"`
}

// NewReport puts a report together.
func NewReport(p *plan.Plan, followUps []FollowUp, in Input) Report {
	in.Rows = Rows(p, followUps)
	if in.Applications == nil {
		in.Applications = Moved(p)
	}
	criteria := Criteria(in)
	report := Report{
		FormatVersion: FormatVersion, Handoff: "open", Migration: p.Migration, Run: in.Run, Declared: in.Declared,
		Unrecorded: []declaration.Change{}, Questions: []Question{},
		Rows: in.Rows, Applications: in.Applications, Impacts: p.Impacts, Criteria: criteria,
		Plan: PlanFacts{Hash: p.PlanHash, Status: appliedStatus(p, in.Run), CreatedAt: p.CreatedAt, Target: p.Target,
			Snapshots: p.Snapshots, Summary: p.Summary},
	}
	if Finished(criteria) {
		report.Handoff = "complete"
	}
	return report
}

// appliedStatus is the plan's status after its latest run.
func appliedStatus(p *plan.Plan, run *Run) history.PlanStatus {
	if run == nil {
		return p.Status
	}
	if run.Status == history.StatusStarted {
		return p.Status
	}
	return run.Status.Plan()
}
