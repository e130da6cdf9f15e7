package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/rollback"
	"github.com/rehome-iam/rehome/engine/standing"
	"github.com/rehome-iam/rehome/state"
)

// Readers says who reads a result: what to do next is said to people only.
type Readers struct {
	Automation bool
	Now        time.Time
}

// statusPage writes lines of status: a label, then what there is to say.
type statusPage struct {
	w strings.Builder
	s *standing.Report
	r Readers
}

func (p *statusPage) line(label, format string, args ...any) {
	fmt.Fprintf(&p.w, "%-10s%s\n", label, fmt.Sprintf(format, args...))
}

// Status shows where a migration stands: what is done, what stands in the way, and what is next.
func Status(w io.Writer, s *standing.Report, readers Readers) error {
	p := &statusPage{s: s, r: readers}
	fmt.Fprintf(&p.w, "migration %s (%s)   %s\n", phrase.Clean(s.Migration.Name), s.Migration.Mode, s.Status)
	p.sources()
	p.assessed()
	if s.Facts.Planned != nil {
		p.line("impacts", "%s found, %s acknowledged", phrase.Count(s.UnavoidableChangeCount), phrase.Count(s.Acknowledged))
		if s.Facts.MergeMode {
			p.line("merge", "%s decided, %s pending", phrase.Count(s.ResolvedMergeDecisions),
				phrase.Count(s.PendingMergeDecisions))
		}
		p.planned()
	}
	p.line("handoff", "%s", handoffLine(s.Summary))
	if s.LastRun == nil {
		p.line("last run", "none")
	} else {
		p.line("last run", "%s   %s   %s%s", s.LastRun.ID, s.LastRun.Status, phrase.Ago(s.LastRun.StartedAt, readers.Now),
			cutOff(*s.LastRun, readers.Automation))
	}
	if s.RollbackCost != nil {
		p.line("rollback", "%s", rollbackLine(s.RollbackCost))
	}
	if len(s.Unmanaged) > 0 {
		p.line("others'", "%s of the target, neither made nor mapped by rehome", unmanagedCounts(s.Unmanaged))
	}
	if n := len(s.FollowUps); n > 0 {
		hint := "   rehome run follow-up list"
		if readers.Automation {
			hint = ""
		}
		p.line("by hand", "%s%s", phrase.Plural(n, "open follow-up", "open follow-ups"), hint)
	}
	if !readers.Automation && s.Next != "" {
		p.line("Next", "%s", s.Next)
	}
	_, err := io.WriteString(w, p.w.String())
	return err
}

func (p *statusPage) sources() {
	for i, source := range p.s.Sources {
		label := "source"
		if i > 0 {
			label = ""
		}
		p.line(label, "%-12s %-12s %s", phrase.Clean(source.Source), source.Status, inventoryLine(source, p.r.Now))
	}
	if len(p.s.Sources) == 0 {
		p.line("source", "none")
	}
}

func inventoryLine(source standing.Source, now time.Time) string {
	inventory, collecting := "never read", ""
	if source.Collecting != nil {
		collecting = "collecting since " + phrase.Ago(*source.Collecting, now) + "   "
	}
	if source.LastInventory != nil {
		inventory = fmt.Sprintf("last inventory %s   %s", phrase.Ago(*source.LastInventory, now),
			phrase.Plural(source.Items, "item", "items"))
		if source.Gaps > 0 {
			inventory += ", " + phrase.Plural(source.Gaps, "gap", "gaps")
		}
	}
	if source.LastFailure != "" {
		inventory += "   last try failed: " + phrase.Clean(source.LastFailure)
	}
	return collecting + inventory
}

func (p *statusPage) assessed() {
	s := p.s
	if s.AssessmentCompletedAt == nil && s.AssessmentStatus == handoff.AssessmentNotStarted {
		return
	}
	line := s.AssessmentStatus
	if s.AssessmentCompletedAt != nil {
		line += "   " + phrase.Ago(*s.AssessmentCompletedAt, p.r.Now)
	}
	of := func(class assess.Class) string { return phrase.Count(s.Classes[string(class)]) }
	p.line("assess", "%s   native %s  approximated %s  visible %s  by hand %s  blocked %s", line, of(assess.ClassNative),
		of(assess.ClassApproximation), of(assess.ClassVisibility), of(assess.ClassManual), of(assess.ClassBlocked))
}

func (p *statusPage) planned() {
	s := p.s
	if s.Plan == nil {
		return
	}
	line := fmt.Sprintf("%s   %s", s.Plan.Status, phrase.Ago(s.PlannedAt, p.r.Now))
	if s.PlanHash != "" {
		line += "   " + phrase.ShortHash(s.PlanHash)
		if s.Facts.Planned.Expired && s.Plan.Status == history.PlanPreviewed {
			line += "   expired"
		}
	}
	if of := s.Facts.Planned.RollbackOf; of != "" {
		line += "   takes back " + of
	}
	p.line("plan", "%s", line)
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

func rollbackLine(c *rollback.OfRun) string {
	text := phrase.Plural(c.Deletes, "delete", "deletes") + ", " + phrase.Plural(c.Restores, "restore", "restores") +
		" take run " +
		c.Run + " back"
	if n := len(c.NoReturn); n > 0 {
		text += fmt.Sprintf("; %s no way back", phrase.Plural(n, "step has", "steps have"))
	}
	if k := c.Checked; k != nil {
		return text + fmt.Sprintf("; asked now: %s, %s, %d stay because of use, %d changed by others",
			phrase.Plural(k.Deletes, "delete", "deletes"), phrase.Plural(k.Restores, "restore", "restores"), k.Stay, k.Changed)
	}
	return text
}

// cutOff says of a run whose process ended before it did that it can go on; empty for the others.
func cutOff(run state.Run, automation bool) string {
	switch {
	case run.Status != history.StatusStarted:
		return ""
	case automation:
		return ", cut off: the same apply goes on with it"
	}
	return ", cut off: it goes on with rehome apply -plan-hash=" + run.PlanHash
}
