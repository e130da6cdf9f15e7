package planning

import (
	"context"
	"errors"
	"time"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Record keeps the plan's summary for status and, when it has a hash, the whole of it. Saved plans, those that are
// written into a file, take the place of older ones. It writes nothing to the target.
func Record(ctx context.Context, p *project.Project, w *Prepared, saved bool) error {
	migration, err := p.State(ctx)
	if err != nil {
		return err
	}
	made := w.Plan
	summary, err := summaryOf(migration, made, p.Now().UTC())
	if err != nil {
		return err
	}
	if made.Rollback == nil {
		summary.Unmanaged = w.Unmanaged
	}
	if err := migration.PutSummary(summary, state.Event{}); err != nil {
		return err
	}
	draft := made.Record().Draft()
	created := p.Event("", "", made.Facts())
	if err := migration.PutPlan(draft, draft.Noted(created)); err != nil {
		return err
	}
	if made.Rollback == nil {
		if err := recordReview(ctx, p, made); err != nil {
			return err
		}
	}
	if made.PlanHash == "" {
		return nil
	}
	if err := migration.KeepPlan(made); err != nil {
		return err
	}
	previewed := made.Record()
	if saved {
		previewed.SavedAt = p.Now().UTC()
	}
	return migration.PutPlan(previewed, previewed.Noted(p.Event("", "", made.Facts())))
}

// summaryOf counts what status needs of the steps, which a summary leaves out. That of a way back says what the plan
// before it found: going back looks for no impacts and decisions, which does not mean that there are none.
func summaryOf(migration *state.Migration, p *plan.Plan, at time.Time) (state.Summary, error) {
	summary := state.Summary{Migration: p.Migration.Name, At: at, MovesPeople: plan.MovesPeople(p), Plan: *p}
	summary.Plan.Steps = nil
	for _, step := range p.Steps {
		switch {
		case step.Pending():
			summary.PendingDecisions++
		case step.Decision != "" && len(step.Matches) > 0:
			summary.ResolvedDecisions++
		}
	}
	if p.Rollback == nil {
		return summary, nil
	}
	before, err := migration.Summary()
	if errors.Is(err, state.ErrNotFound) {
		return summary, nil
	}
	summary.Plan.Impacts, summary.Unmanaged = before.Plan.Impacts, before.Unmanaged
	summary.PendingDecisions, summary.ResolvedDecisions = before.PendingDecisions, before.ResolvedDecisions
	return summary, err
}

// recordReview keeps what a plan says about impacts and overlaps, so that both are read back without planning again.
func recordReview(ctx context.Context, p *project.Project, of *plan.Plan) error {
	migration, err := p.State(ctx)
	if err != nil {
		return err
	}
	review := state.Review{
		Partial: of.Part != nil, Assessments: map[string]string{}, Impacts: of.Impacts, Overlaps: of.Overlaps,
	}
	for _, snapshot := range of.Snapshots {
		review.Assessments[snapshot.Source] = snapshot.Assessment
	}
	return migration.PutReview(review, p.Event("", "", nil))
}
