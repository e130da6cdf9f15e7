package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/phrase"
)

type evidencePage struct {
	Page                                                             page
	Heading, Target, Hash, PlanStatus, Run, Approval, Later, Verdict string
	Counts, RowCount, DeclaredBy                                     string
	Complete                                                         bool
	Criteria                                                         []pageCriterion
	Rollback                                                         *pageRollback
	Declared                                                         [][2]string
	Unrecorded                                                       []declaration.Change
	Rows                                                             []pageRow
	Applications                                                     [][2]string
	Impacts                                                          []pageImpact
	Questions                                                        [][2]string
}

type pageCriterion struct {
	Met             bool
	Name, Why, ToDo string
	Open            []string
}

type pageRollback struct {
	Summary, Facts string
	Steps          []string
}

type pageRow struct{ ID, Title, Disposition, Reason, ToDo, Closed string }

// EvidenceHTML writes a report as one page. Every row is on it, whatever was closed.
func EvidenceHTML(w io.Writer, r *handoff.Report) error {
	base, err := newPage("rehome evidence: "+phrase.Clean(r.Migration.Name), "Written by rehome.")
	if err != nil {
		return err
	}
	return writePage(w, "evidence", evidencePageOf(base, r))
}

func evidencePageOf(base page, r *handoff.Report) evidencePage {
	out := evidencePage{
		Page: base, Heading: fmt.Sprintf("Evidence of %s: %s", phrase.Clean(r.Migration.Name), r.Handoff),
		Target: phrase.Clean(firstOf(r.Plan.Target.Summary, r.Plan.Target.Identity)),
		Hash:   r.Plan.Hash, PlanStatus: words(string(r.Plan.Status)), Run: "No run.", Complete: handoff.Finished(r.Criteria),
		Verdict: "Every criterion is met.",
		Impacts: pageImpacts(r.Impacts),
		Counts:  "The plan: " + numbers(r.Plan.Summary) + ".",
	}
	if r.Run != nil {
		out.Run = fmt.Sprintf("Run %s, %s, started %s: %s applied, %s failed, %s not started, %s unknown.",
			phrase.Clean(r.Run.ID),
			words(string(r.Run.Status)), phrase.Clean(r.Run.StartedAt),
			phrase.Count(r.Run.Applied), phrase.Count(r.Run.Failed), phrase.Count(r.Run.NotStarted), phrase.Count(r.Run.Unknown))
	}
	if a := r.Approval; a.AppliedBy != "" {
		out.Approval = fmt.Sprintf("Planned by %s; hash applied by %s, %s.",
			phrase.Clean(firstOf(a.PreviewedBy, "somebody else's state")), phrase.Clean(a.AppliedBy), phrase.Clean(a.AppliedAt))
	}
	if r.LaterPlan != "" {
		out.Later = "A later plan " + phrase.ShortHash(r.LaterPlan) + " was previewed and not applied."
	}
	out.judge(r.Criteria)
	out.declare(r)
	out.list(r)
	return out
}

func (out *evidencePage) judge(criteria []handoff.Criterion) {
	open := 0
	for _, c := range criteria {
		if !c.Met {
			open++
		}
		out.Criteria = append(out.Criteria, pageCriterion{Met: c.Met, Name: words(c.ID), Why: phrase.Clean(c.Why),
			ToDo: phrase.Clean(c.ToDo), Open: cleanAll(c.Open)})
	}
	if open > 0 {
		out.Verdict = fmt.Sprintf("The handoff is open: %d of %s not met.", open,
			phrase.Plural(len(criteria), "criterion", "criteria"))
	}
}

func (out *evidencePage) declare(r *handoff.Report) {
	if back := r.Declared.Rollback; back != nil {
		out.Rollback = &pageRollback{Summary: phrase.Clean(back.Summary), Facts: strings.Join(rollbackFacts(back), "; "),
			Steps: cleanAll(back.Steps)}
	}
	if r.Declared.Evidence != nil {
		for _, line := range declaredLines(r.Declared.Evidence) {
			out.Declared = append(out.Declared, [2]string{line[0], phrase.Clean(line[1])})
		}
		out.DeclaredBy = fmt.Sprintf("Recorded by %s, %s.", phrase.Clean(r.Declared.RecordedBy),
			phrase.Clean(r.Declared.RecordedAt))
	}
	for _, change := range r.Unrecorded {
		out.Unrecorded = append(out.Unrecorded, declaration.Change{Field: change.Field, After: phrase.Clean(change.After)})
	}
}

func (out *evidencePage) list(r *handoff.Report) {
	open := 0
	for _, row := range r.Rows {
		one := pageRow{ID: phrase.Clean(strings.TrimSpace(row.FollowUp + " " + row.ID)), Title: phrase.Clean(row.Title),
			Disposition: words(string(row.Disposition)), Reason: phrase.Clean(row.Reason), ToDo: phrase.Clean(row.ToDo)}
		if row.Closed == nil {
			open++
		} else {
			one.Closed = fmt.Sprintf("Done, %s, %s: %s", phrase.Clean(row.Closed.By), phrase.Clean(row.Closed.At),
				phrase.Clean(row.Closed.Note))
		}
		out.Rows = append(out.Rows, one)
	}
	out.RowCount = fmt.Sprintf("%d, %d open", len(r.Rows), open)
	for _, q := range r.Questions {
		out.Questions = append(out.Questions, [2]string{phrase.Clean(q.Source + ", " + q.Name), phrase.Clean(q.Question)})
	}
	for _, a := range r.Applications {
		out.Applications = append(out.Applications, [2]string{phrase.Clean(a.Name), applicationState(a)})
	}
}
