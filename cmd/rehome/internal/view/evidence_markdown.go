package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/handoff"
)

// EvidenceMarkdown writes a report for a change ticket. Every row is in it, whatever was closed.
func EvidenceMarkdown(w io.Writer, r *handoff.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## rehome evidence: %s\n\nMigration **%s** into %s\n\nPlan `%s`, %s\n\n", r.Handoff,
		escape(r.Migration.Name),
		escape(firstOf(r.Plan.Target.Summary, r.Plan.Target.Identity)), r.Plan.Hash, words(string(r.Plan.Status)))
	if r.Run == nil {
		b.WriteString("No run.\n\n")
	} else {
		fmt.Fprintf(&b, "Run `%s`, %s, started %s: %d applied, %d failed, %d not started, %d unknown\n\n", escape(r.Run.ID),
			words(string(r.Run.Status)), r.Run.StartedAt,
			r.Run.Applied, r.Run.Failed, r.Run.NotStarted, r.Run.Unknown)
	}
	if a := r.Approval; a.AppliedBy != "" {
		fmt.Fprintf(&b, "Planned by %s, hash applied by %s\n\n", escape(firstOf(a.PreviewedBy, "somebody else's state")),
			escape(a.AppliedBy))
	}
	b.WriteString("### Criteria\n\n| criterion | met | why | to do |\n| --- | --- | --- | --- |\n")
	for _, c := range r.Criteria {
		met := "**no**"
		if c.Met {
			met = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", escape(words(c.ID)), met, escape(c.Why), escape(c.ToDo))
	}
	if len(r.Questions) > 0 {
		b.WriteString("\n### Not read\n\n")
		for _, q := range r.Questions {
			fmt.Fprintf(&b, "- %s, %s: %s\n", escape(q.Source), escape(q.Name), escape(q.Question))
		}
	}
	b.WriteString("\n### Going back\n\n")
	if back := r.Declared.Rollback; back != nil {
		fmt.Fprintf(&b, "%s\n\n", escape(back.Summary))
		for i, step := range back.Steps {
			fmt.Fprintf(&b, "%d. %s\n", i+1, escape(step))
		}
		fmt.Fprintf(&b, "\n%s\n", escape(strings.Join(rollbackFacts(back), "; ")))
	} else {
		b.WriteString("Not recorded.\n")
	}
	b.WriteString("\n### Declared\n\n")
	if r.Declared.Evidence != nil {
		for _, line := range declaredLines(r.Declared.Evidence) {
			fmt.Fprintf(&b, "- %s: %s\n", line[0], escape(line[1]))
		}
	} else {
		b.WriteString("Nothing.\n")
	}
	fmt.Fprintf(&b, "\n### Blocked and by hand (%d)\n\n", len(r.Rows))
	for _, row := range r.Rows {
		markdownRow(&b, row)
	}
	fmt.Fprintf(&b, "\n### Applications (%d)\n\n", len(r.Applications))
	for _, a := range r.Applications {
		fmt.Fprintf(&b, "- %s: %s\n", escape(a.Name), escape(applicationState(a)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownRow(b *strings.Builder, row handoff.Row) {
	mark := " "
	if row.Closed != nil {
		mark = "x"
	}
	fmt.Fprintf(b, "- [%s] %s (%s): %s", mark, escape(strings.TrimSpace(row.FollowUp+" "+row.Title)),
		words(string(row.Disposition)), escape(row.Reason))
	switch {
	case row.Closed != nil:
		fmt.Fprintf(b, " Done by %s: %s", escape(row.Closed.By), escape(row.Closed.Note))
	case row.ToDo != "":
		fmt.Fprintf(b, " To do: %s", escape(row.ToDo))
	}
	b.WriteString("\n")
}
