package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/state"
)

// beginRun records a run, every step of its plan, and what of it people must do, before the first write to the target.
func beginRun(s *session, run state.Run, p *plan.Plan) error {
	if err := s.store.PutRun(run, s.event("migration.cutover_plan.applying", p.PlanHash, map[string]string{"run": run.ID})); err != nil {
		return err
	}
	names := map[plan.Disposition]string{
		plan.DispositionBlocked: "migration.cutover_step.blocked",
		plan.DispositionManual:  "migration.cutover_step.manual_follow_up",
		plan.DispositionSkipped: "migration.cutover_step.skipped",
	}
	steps := make([]state.PlannedStep, 0, len(p.Steps))
	events := make([]state.Event, 0, len(p.Steps))
	for i := range p.Steps {
		step := plannedStep(&p.Steps[i], s.env.now().UTC())
		steps = append(steps, step)
		facts := map[string]string{"run": run.ID}
		for name, value := range map[string]string{"reason": step.Reason, "resource": step.Resource.String(), "decided_by": placeOf(step)} {
			if value != "" && value != ":" {
				facts[name] = value
			}
		}
		event := s.event("", step.StepID, facts)
		event.Name = names[p.Steps[i].Disposition]
		events = append(events, event)
	}
	return s.store.PutRunPlan(run, steps, events)
}

func plannedStep(step *plan.Step, at time.Time) state.PlannedStep {
	record := state.PlannedStep{
		StepID: step.ID, Title: titleOf(step), Action: string(step.Action), Disposition: string(step.Disposition), Resource: step.Resource,
		ServerID: step.ServerID, Class: string(step.Class), Reason: step.Reason, ToDo: step.ToDo, At: at,
		FollowUp: step.Disposition == plan.DispositionManual,
	}
	if step.DecidedBy != nil {
		record.File, record.Line = step.DecidedBy.File, step.DecidedBy.Line
	}
	return record
}

// titleOf names a step for a person: its resource, or its item where it has none. A crowd is counted, people are not named.
func titleOf(step *plan.Step) string {
	switch {
	case step.Crowd != nil && len(step.Items) > 0:
		return fmt.Sprintf("%d × %s of %s", step.Crowd.Count, step.Items[0].Kind, step.Items[0].Source)
	case step.Disposition != plan.DispositionPlanned && len(step.Items) > 0:
		return fmt.Sprintf("%s %q", step.Items[0].Kind, step.Items[0].Name)
	default:
		return step.ID
	}
}

func placeOf(step state.PlannedStep) string {
	if step.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", step.File, step.Line)
}

// endedPlan is what the end of a run makes of its plan.
func endedPlan(p *plan.Plan, runStatus history.Status) *state.PlanRecord {
	record := planning.RecordOf(p)
	record.Status = runStatus.Plan()
	return &record
}

// openFollowUps are those of the configured migration that nobody closed.
func openFollowUps(s *session) ([]state.FollowUp, error) {
	all, err := s.store.FollowUps()
	if err != nil {
		return nil, fmt.Errorf("reading the follow-ups: %w", err)
	}
	open := []state.FollowUp{}
	for _, f := range all {
		if f.Status == state.FollowUpOpen {
			open = append(open, f)
		}
	}
	return open, nil
}

// followUpError explains why a follow-up cannot be closed.
func followUpError(id string, f state.FollowUp, err error) error {
	switch {
	case errors.Is(err, state.ErrNotFound):
		return diag.Errorf("follow-up-unknown", "Follow-up is not known", "There is no follow-up %q; rehome run follow-up list shows those that are open.", view.Clean(id))
	case errors.Is(err, state.ErrClosed):
		return diag.Errorf("follow-up-closed", "Follow-up is closed", "Follow-up %s was closed on %s by %s: %s.", f.ID, view.Moment(f.ClosedAt), view.Clean(f.ClosedBy), view.Clean(f.Note))
	}
	return err
}
