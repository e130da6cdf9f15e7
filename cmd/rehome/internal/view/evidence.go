package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// EvidenceOptions say how evidence is shown.
type EvidenceOptions struct {
	Style      Style
	Automation bool
	Now        time.Time
}

// Evidence writes a report for a person: what is not met first, what to do next last.
func Evidence(w io.Writer, r *handoff.Report, o EvidenceOptions) error {
	var b strings.Builder
	evidenceHead(&b, r, o)
	criteria(&b, r, o)
	rollbackPlanned(&b, r.Declared.Rollback)
	declared(&b, r)
	rows(&b, r, o)
	applications(&b, r)
	questions(&b, r, o)
	if len(r.Unrecorded) > 0 {
		fmt.Fprintf(&b, "%s The configuration says more than is recorded on the plan:\n", o.Style.symbol("~"))
		declaredChanges(&b, r.Unrecorded)
		if !o.Automation && r.Run != nil {
			fmt.Fprintf(&b, "Next: rehome evidence record\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// questions are for people: nobody has read whether there is any.
func questions(b *strings.Builder, r *handoff.Report, o EvidenceOptions) {
	if len(r.Questions) == 0 {
		return
	}
	fmt.Fprintf(b, "Not read  %s, answered by nobody but people\n",
		phrase.Plural(len(r.Questions), "question", "questions"))
	for _, q := range r.Questions {
		fmt.Fprintf(b, "  %s %s  %s: %s\n", o.Style.symbol("?"), phrase.Clean(q.Source), phrase.Clean(q.Name),
			phrase.Clean(q.Question))
	}
	fmt.Fprintln(b)
}

func evidenceHead(b *strings.Builder, r *handoff.Report, o EvidenceOptions) {
	fmt.Fprintf(b, "Plan      %s   %s\n", r.Plan.Hash, words(string(r.Plan.Status)))
	fmt.Fprintf(b, "          %s into %s\n", phrase.Clean(r.Migration.Name),
		phrase.Clean(firstOf(r.Plan.Target.Summary, r.Plan.Target.Identity)))
	fmt.Fprintf(b, "          %s\n", numbers(r.Plan.Summary))
	if r.LaterPlan != "" {
		fmt.Fprintf(b, "          a later plan %s was previewed and not applied\n", phrase.ShortHash(r.LaterPlan))
	}
	if r.Run == nil {
		fmt.Fprintf(b, "Run       none\n")
	} else {
		fmt.Fprintf(b, "Run       %s   %s, %s   %s applied", r.Run.ID, words(string(r.Run.Status)),
			phrase.MomentAgo(r.Run.StartedAt, o.Now),
			phrase.Count(r.Run.Applied))
		for _, part := range []struct {
			n    int
			name string
		}{{r.Run.Failed, "failed"}, {r.Run.NotStarted, "not started"}, {r.Run.Unknown, "unknown"}} {
			if part.n > 0 {
				fmt.Fprintf(b, ", %s %s", phrase.Count(part.n), part.name)
			}
		}
		fmt.Fprintln(b)
	}
	if a := r.Approval; a.PreviewedBy != "" || a.AppliedBy != "" {
		fmt.Fprintf(b, "Approval  planned by %s", phrase.Clean(firstOf(a.PreviewedBy, "somebody else's state")))
		if a.AppliedBy != "" {
			fmt.Fprintf(b, "; hash applied by %s, %s", phrase.Clean(a.AppliedBy), phrase.MomentAgo(a.AppliedAt, o.Now))
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintln(b)
}

func criteria(b *strings.Builder, r *handoff.Report, o EvidenceOptions) {
	open := 0
	for _, c := range r.Criteria {
		if !c.Met {
			open++
		}
	}
	verdict := "complete"
	if open > 0 {
		verdict = fmt.Sprintf("open: %d of %s not met", open, phrase.Plural(len(r.Criteria), "criterion", "criteria"))
	}
	fmt.Fprintf(b, "Handoff   %s\n", o.Style.bold(verdict))
	for _, met := range []bool{false, true} {
		for _, c := range r.Criteria {
			if c.Met == met {
				criterion(b, c, o)
			}
		}
	}
	fmt.Fprintln(b)
}

func criterion(b *strings.Builder, c handoff.Criterion, o EvidenceOptions) {
	sign := "="
	if !c.Met {
		sign = "!"
	}
	fmt.Fprintf(b, "  %s %-28s %s\n", o.Style.symbol(sign), words(c.ID), phrase.Clean(c.Why))
	if !c.Met && c.ID != handoff.CriterionFollowUps { // those are listed below, one by one
		for i, text := range c.Open {
			if i == firstNames {
				fmt.Fprintf(b, "      … and %s more\n", phrase.Count(len(c.Open)-i))
				break
			}
			fmt.Fprintf(b, "      %s\n", phrase.Clean(text))
		}
	}
	if c.ToDo != "" {
		fmt.Fprintf(b, "      to do: %s\n", phrase.Clean(c.ToDo))
	}
}

func rollbackPlanned(b *strings.Builder, r *declaration.Rollback) {
	if r == nil {
		fmt.Fprintf(b, "Rollback  not recorded\n\n")
		return
	}
	fmt.Fprintf(b, "Rollback  %s\n", phrase.Clean(r.Summary))
	for i, step := range r.Steps {
		fmt.Fprintf(b, "          %d. %s\n", i+1, phrase.Clean(step))
	}
	fmt.Fprintf(b, "          %s\n\n", strings.Join(rollbackFacts(r), "; "))
}

func rollbackFacts(r *declaration.Rollback) []string {
	facts := []string{"owner " + phrase.Clean(r.Owner)}
	for _, fact := range []struct{ label, text string }{{"decided by ", r.DecisionOwner}, {"call ", r.Contact},
		{"possible until ", r.Until}} {
		if fact.text != "" {
			facts = append(facts, fact.label+phrase.Clean(fact.text))
		}
	}
	return facts
}

func declared(b *strings.Builder, r *handoff.Report) {
	if r.Declared.Evidence == nil {
		fmt.Fprintf(b, "Declared  nothing\n\n")
		return
	}
	label := "Declared"
	for _, line := range declaredLines(r.Declared.Evidence) {
		fmt.Fprintf(b, "%-9s %-28s %s\n", label, line[0], phrase.Clean(line[1]))
		label = ""
	}
	fmt.Fprintf(b, "          recorded by %s, %s\n\n", phrase.Clean(r.Declared.RecordedBy), r.Declared.RecordedAt)
}

// declaredLines are the arguments of the evidence block with what they say.
func declaredLines(e *declaration.Evidence) [][2]string {
	said := func(flag bool, text string) string {
		answer := "no"
		if flag {
			answer = "yes"
		}
		if text != "" {
			answer += ": " + text
		}
		return answer
	}
	lines := [][2]string{{"communications complete", said(e.CommunicationsComplete, e.CommunicationsSummary)}}
	if e.ValidationSummary != "" {
		lines = append(lines, [2]string{"validation", e.ValidationSummary})
	}
	lines = append(lines, [2]string{"follow-ups reviewed", said(e.FollowUpReviewed, e.FollowUpSummary)},
		[2]string{"incumbent's logs exported", said(e.IncumbentLogsExported, e.IncumbentLogsReference)})
	if e.Reference != "" {
		lines = append(lines, [2]string{"reference", e.Reference})
	}
	return lines
}

func rows(b *strings.Builder, r *handoff.Report, o EvidenceOptions) {
	if len(r.Rows) == 0 {
		return
	}
	open := 0
	for _, row := range r.Rows {
		if row.Closed == nil {
			open++
		}
	}
	fmt.Fprintf(b, "Left      %s blocked or by hand, %s open\n", phrase.Plural(len(r.Rows), "row", "rows"),
		phrase.Count(open))
	for _, row := range r.Rows {
		sign := "?"
		if row.Disposition == plan.DispositionBlocked {
			sign = "!"
		}
		fmt.Fprintf(b, "  %s %s  %s\n", o.Style.symbol(sign), phrase.Clean(row.Title),
			o.Style.dim(phrase.Clean(strings.TrimSpace(row.FollowUp+" "+row.ID))))
		if row.Reason != "" {
			fmt.Fprintf(b, "      %s\n", phrase.Clean(row.Reason))
		}
		switch {
		case row.Closed != nil:
			fmt.Fprintf(b, "      done, %s, %s: %s\n", phrase.Clean(row.Closed.By), row.Closed.At, phrase.Clean(row.Closed.Note))
		case row.ToDo != "":
			fmt.Fprintf(b, "      to do: %s\n", phrase.Clean(row.ToDo))
		}
	}
	fmt.Fprintln(b)
}

func applications(b *strings.Builder, r *handoff.Report) {
	if len(r.Applications) == 0 {
		return
	}
	label := "Moved"
	for _, a := range r.Applications {
		fmt.Fprintf(b, "%-9s %-32s %s\n", label, phrase.Clean(a.Name), applicationState(a))
		label = ""
	}
	fmt.Fprintln(b)
}

func applicationState(a handoff.Application) string {
	text := words(firstOf(string(a.State), "nothing recorded"))
	if a.Owner != "" {
		text += ", owner " + phrase.Clean(a.Owner)
	}
	if a.Date != "" {
		text += ", by " + phrase.Clean(a.Date)
	}
	return text
}

// declaredChanges writes what differs between what is recorded and what is declared.
func declaredChanges(w io.Writer, changes []declaration.Change) {
	for _, c := range changes {
		switch {
		case c.Before == "":
			fmt.Fprintf(w, "  + %-34s %s\n", c.Field, phrase.Clean(c.After))
		case c.After == "":
			fmt.Fprintf(w, "  - %-34s %s\n", c.Field, phrase.Clean(c.Before))
		default:
			fmt.Fprintf(w, "  ~ %-34s %s -> %s\n", c.Field, shorten(phrase.Clean(c.Before)), shorten(phrase.Clean(c.After)))
		}
	}
}

// rollbackContact writes, for a run that failed, who decides about going back and whom to call.
func rollbackContact(w io.Writer, r *declaration.Rollback, style Style) {
	call := "no contact is in the rollback block"
	if r.Contact != "" {
		call = "call " + phrase.Clean(r.Contact)
	}
	fmt.Fprintf(w, "%s\n", style.bold("Going back: "+call))
	fmt.Fprintf(w, "    %s\n", phrase.Clean(r.Summary))
	fmt.Fprintf(w, "    %s\n\n", strings.Join(rollbackFacts(r), "; "))
}

// words is a name of ours, or one from a file, as a person reads it.
func words(name string) string { return phrase.Clean(strings.ReplaceAll(name, "_", " ")) }

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
