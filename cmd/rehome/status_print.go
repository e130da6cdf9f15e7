package main

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/state"
)

// statusLine is one line of status: a label, then what there is to say.
func statusLine(s *session, label, format string, args ...any) {
	fmt.Fprintf(s.env.out, "%-10s%s\n", label, fmt.Sprintf(format, args...))
}

func printStatus(s *session, d *statusDocument) {
	now := s.env.now()
	fmt.Fprintf(s.env.out, "migration %s (%s)   %s\n", view.Clean(d.Migration.Name), d.Migration.Mode, d.Status)
	printSources(s, d)
	if d.AssessmentCompletedAt != nil || d.AssessmentStatus != handoff.AssessmentNotStarted {
		line := d.AssessmentStatus
		if d.AssessmentCompletedAt != nil {
			line += "   " + view.Ago(*d.AssessmentCompletedAt, now)
		}
		c := d.Classes
		statusLine(s, "assess", "%s   native %s  approximated %s  visible %s  by hand %s  blocked %s", line, view.Count(c[string(assess.ClassNative)]),
			view.Count(c[string(assess.ClassApproximation)]), view.Count(c[string(assess.ClassVisibility)]), view.Count(c[string(assess.ClassManual)]), view.Count(c[string(assess.ClassBlocked)]))
	}
	if d.facts.Planned != nil {
		printReviews(s, d)
		printPlanned(s, d)
	}
	statusLine(s, "handoff", "%s", handoffLine(d.Summary))
	if d.LastRun == nil {
		statusLine(s, "last run", "none")
	} else {
		statusLine(s, "last run", "%s   %s   %s%s", d.LastRun.ID, d.LastRun.Status, view.Ago(d.LastRun.StartedAt, now), cutOff(s, *d.LastRun))
	}
	if d.RollbackCost != nil {
		statusLine(s, "rollback", "%s", d.RollbackCost.text())
	}
	if n := len(d.FollowUps); n > 0 {
		hint := "   rehome run follow-up list"
		if s.env.automation() {
			hint = ""
		}
		statusLine(s, "by hand", "%s%s", view.Plural(n, "open follow-up", "open follow-ups"), hint)
	}
	if !s.env.automation() && d.Next != "" {
		statusLine(s, "Next", "%s", d.Next)
	}
}

func printReviews(s *session, d *statusDocument) {
	statusLine(s, "impacts", "%s found, %s acknowledged", view.Count(d.UnavoidableChangeCount), view.Count(d.Acknowledged))
	if d.facts.MergeMode {
		statusLine(s, "merge", "%s decided, %s pending", view.Count(d.ResolvedMergeDecisions), view.Count(d.PendingMergeDecisions))
	}
}

func printSources(s *session, d *statusDocument) {
	for i, source := range d.Sources {
		label := "source"
		if i > 0 {
			label = ""
		}
		inventory, now := "never read", ""
		if source.Collecting != nil {
			now = "collecting since " + view.Ago(*source.Collecting, s.env.now()) + "   "
		}
		if source.LastInventory != nil {
			inventory = fmt.Sprintf("last inventory %s   %s", view.Ago(*source.LastInventory, s.env.now()), view.Plural(source.Items, "item", "items"))
			if source.Gaps > 0 {
				inventory += ", " + view.Plural(source.Gaps, "gap", "gaps")
			}
		}
		if source.LastFailure != "" {
			inventory += "   last try failed: " + view.Clean(source.LastFailure)
		}
		statusLine(s, label, "%-12s %-12s %s", view.Clean(source.Source), source.Status, now+inventory)
	}
	if len(d.Sources) == 0 {
		statusLine(s, "source", "none")
	}
}

func printPlanned(s *session, d *statusDocument) {
	if d.Plan == nil {
		return
	}
	line := fmt.Sprintf("%s   %s", d.Plan.Status, view.Ago(d.plannedAt, s.env.now()))
	if d.PlanHash != "" {
		line += "   " + view.ShortHash(d.PlanHash)
		if d.facts.Planned.Expired && d.Plan.Status == state.PlanPreviewed {
			line += "   expired"
		}
	}
	if of := d.facts.Planned.RollbackOf; of != "" {
		line += "   takes back " + of
	}
	statusLine(s, "plan", "%s", line)
}

func handoffLine(summary handoff.Summary) string {
	if len(summary.PreviewHandoffBlockers) == 0 {
		return summary.PreviewHandoffStatus
	}
	parts := make([]string, 0, len(summary.PreviewHandoffBlockers))
	for _, b := range summary.PreviewHandoffBlockers {
		parts = append(parts, fmt.Sprintf("%s (%d)", b.Code, max(1, len(b.Items))))
	}
	return summary.PreviewHandoffStatus + ": " + strings.Join(parts, ", ")
}
