package plan

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/diag"
)

// The codes of blockers.
const (
	BlockerPendingDecisions = "pending_merge_decisions"
	BlockerImpacts          = "unacknowledged_impacts"
	BlockerFailedCheck      = "failed_check"
	BlockerStaleSnapshot    = "stale_snapshot"
	BlockerConfigErrors     = "config_errors"
)

// Close applies the gates to a plan: acknowledgements, access, blockers, status and, when none is open, the hash. It may be called
// again with other gates, for example when the access diff and the checks on it became known.
func Close(p *Plan, gates Gates) {
	p.CreatedAt, p.ExpiresAt = gates.CreatedAt, gates.ExpiresAt
	p.Access, p.AccessDigest = gates.Access, gates.AccessDigest
	if p.AccessDigest == "" {
		p.AccessDigest = accessDigest(p.Access)
	}
	blockers := []Blocker{}
	if b := pendingDecisions(p.Steps); b != nil {
		blockers = append(blockers, *b)
	}
	if b := acknowledge(p.Impacts, gates.Acknowledgements); b != nil {
		blockers = append(blockers, *b)
	}
	for _, check := range gates.FailedChecks {
		blockers = append(blockers, Blocker{Code: BlockerFailedCheck, Summary: fmt.Sprintf("check %q: %s", check.Name, check.Message), Items: []string{check.Name}})
	}
	for _, text := range gates.StaleSnapshots {
		blockers = append(blockers, Blocker{Code: BlockerStaleSnapshot, Summary: "snapshot is too old: " + text, Items: []string{text}, Next: "rehome collect"})
	}
	for _, d := range gates.ConfigErrors {
		if d.Severity == diag.Error {
			blockers = append(blockers, Blocker{Code: BlockerConfigErrors, Summary: d.Error(), Items: []string{d.Code}})
		}
	}
	p.Handoff = Handoff{Status: "ready", Blockers: blockers}
	p.Status, p.PlanHash = StatusPreviewed, ""
	if len(blockers) > 0 {
		p.Handoff.Status, p.Status = "not_ready", StatusDraft
		return
	}
	p.PlanHash = Hash(p)
}

// Pending tells whether the step waits for a merge decision.
func (s Step) Pending() bool {
	return s.Disposition == DispositionBlocked && s.AwaitsDecision
}

func pendingDecisions(steps []Step) *Blocker {
	b := Blocker{Code: BlockerPendingDecisions, Next: "write a merge block for each, as docs/guide.md section 4 shows"}
	for _, step := range steps {
		if step.Pending() {
			b.Items = append(b.Items, step.ID)
		}
	}
	if len(b.Items) == 0 {
		return nil
	}
	b.Summary = fmt.Sprintf("%d merge decisions are missing", len(b.Items))
	return &b
}

func acknowledge(impacts []Impact, acknowledgements []Acknowledgement) *Blocker {
	known := map[string]Acknowledgement{}
	for _, a := range acknowledgements {
		known[a.ID] = a
	}
	b := Blocker{Code: BlockerImpacts, Next: "rehome acknowledge"}
	for i := range impacts {
		a, found := known[impacts[i].ID]
		impacts[i].Acknowledged, impacts[i].Reason, impacts[i].Reference = found, a.Reason, a.Reference
		if !found {
			b.Items = append(b.Items, impacts[i].ID)
		}
	}
	if len(b.Items) == 0 {
		return nil
	}
	b.Summary = fmt.Sprintf("%d impacts are not acknowledged", len(b.Items))
	return &b
}
