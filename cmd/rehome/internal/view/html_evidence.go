package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/handoff"
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
	base, err := newPage("rehome evidence: "+Clean(r.Migration.Name), "Written by rehome.")
	if err != nil {
		return err
	}
	return writePage(w, "evidence", evidencePageOf(base, r))
}

func evidencePageOf(base page, r *handoff.Report) evidencePage {
	s := r.Plan.Summary
	out := evidencePage{
		Page: base, Heading: fmt.Sprintf("Evidence of %s: %s", Clean(r.Migration.Name), r.Handoff),
		Target: Clean(firstOf(r.Plan.Target.Summary, r.Plan.Target.Identity)),
		Hash:   r.Plan.Hash, PlanStatus: words(string(r.Plan.Status)), Run: "No run.", Complete: handoff.Finished(r.Criteria),
		Verdict: "Every criterion is met.",
		Impacts: pageImpacts(r.Impacts),
		Counts: fmt.Sprintf("The plan: %s create, %s change, %s delete, %s map; %s equal; %s by hand, %s blocked, %s skipped.", Count(s.Create),
			Count(s.Update), Count(s.Delete), Count(s.Map), Count(s.Unchanged), Count(s.ManualFollowUp), Count(s.Blocked),
			Count(s.Skipped)),
	}
	if r.Run != nil {
		out.Run = fmt.Sprintf("Run %s, %s, started %s: %s applied, %s failed, %s not started, %s unknown.", Clean(r.Run.ID),
			words(string(r.Run.Status)), Clean(r.Run.StartedAt),
			Count(r.Run.Applied), Count(r.Run.Failed), Count(r.Run.NotStarted), Count(r.Run.Unknown))
	}
	if a := r.Approval; a.AppliedBy != "" {
		out.Approval = fmt.Sprintf("Planned by %s; hash applied by %s, %s.",
			Clean(firstOf(a.PreviewedBy, "somebody else's state")), Clean(a.AppliedBy), Clean(a.AppliedAt))
	}
	if r.LaterPlan != "" {
		out.Later = "A later plan " + ShortHash(r.LaterPlan) + " was previewed and not applied."
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
		out.Criteria = append(out.Criteria, pageCriterion{Met: c.Met, Name: words(c.ID), Why: Clean(c.Why),
			ToDo: Clean(c.ToDo), Open: cleanAll(c.Open)})
	}
	if open > 0 {
		out.Verdict = fmt.Sprintf("The handoff is open: %d of %s not met.", open,
			Plural(len(criteria), "criterion", "criteria"))
	}
}

func (out *evidencePage) declare(r *handoff.Report) {
	if back := r.Declared.Rollback; back != nil {
		out.Rollback = &pageRollback{Summary: Clean(back.Summary), Facts: strings.Join(rollbackFacts(back), "; "),
			Steps: cleanAll(back.Steps)}
	}
	if r.Declared.Evidence != nil {
		for _, line := range declaredLines(r.Declared.Evidence) {
			out.Declared = append(out.Declared, [2]string{line[0], Clean(line[1])})
		}
		out.DeclaredBy = fmt.Sprintf("Recorded by %s, %s.", Clean(r.Declared.RecordedBy), Clean(r.Declared.RecordedAt))
	}
	for _, change := range r.Unrecorded {
		out.Unrecorded = append(out.Unrecorded, declaration.Change{Field: change.Field, After: Clean(change.After)})
	}
}

func (out *evidencePage) list(r *handoff.Report) {
	open := 0
	for _, row := range r.Rows {
		one := pageRow{ID: Clean(strings.TrimSpace(row.FollowUp + " " + row.ID)), Title: Clean(row.Title),
			Disposition: words(string(row.Disposition)), Reason: Clean(row.Reason), ToDo: Clean(row.ToDo)}
		if row.Closed == nil {
			open++
		} else {
			one.Closed = fmt.Sprintf("Done, %s, %s: %s", Clean(row.Closed.By), Clean(row.Closed.At), Clean(row.Closed.Note))
		}
		out.Rows = append(out.Rows, one)
	}
	out.RowCount = fmt.Sprintf("%d, %d open", len(r.Rows), open)
	for _, q := range r.Questions {
		out.Questions = append(out.Questions, [2]string{Clean(q.Source + ", " + q.Name), Clean(q.Question)})
	}
	for _, a := range r.Applications {
		out.Applications = append(out.Applications, [2]string{Clean(a.Name), applicationState(a)})
	}
}
