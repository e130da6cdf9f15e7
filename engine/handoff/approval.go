package handoff

import (
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
)

// Note takes an event of the audit chain about the plan: who had it made, and who applied its hash. Events are noted in
// their order, and the last of each counts.
func (a *Approval) Note(event audit.Event) {
	at := event.At.Format(time.RFC3339)
	switch event.Name {
	case audit.PlanPreviewed:
		a.PreviewedBy, a.PreviewedAt = event.Actor, at
	case audit.PlanApplying, audit.PlanApplied:
		a.AppliedBy, a.AppliedAt = event.Actor, at
	}
}
