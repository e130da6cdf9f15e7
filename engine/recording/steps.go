package recording

import (
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// recordSteps records a run, every step of its plan, and what of it people must do.
func recordSteps(p *project.Project, run history.Run, of *plan.Plan) error {
	reported := of.Facts()
	reported["run"] = run.ID
	begun := p.Event(audit.PlanApplying, of.PlanHash, reported)
	if err := p.Migration().PutRun(run, begun); err != nil {
		return err
	}
	names := map[plan.Disposition]audit.Name{
		plan.DispositionBlocked: audit.StepBlocked,
		plan.DispositionManual:  audit.StepManual,
		plan.DispositionSkipped: audit.StepSkipped,
	}
	steps := make([]lifecycle.PlannedStep, 0, len(of.Steps))
	events := make([]state.Event, 0, len(of.Steps))
	for i := range of.Steps {
		step := planned(&of.Steps[i], p.Now().UTC())
		steps = append(steps, step)
		facts := of.Steps[i].Facts()
		facts["run"] = run.ID
		event := p.Event("", step.StepID, facts)
		event.Name = names[of.Steps[i].Disposition]
		events = append(events, event)
	}
	return p.Migration().PutRunPlan(run, steps, events)
}

func planned(step *plan.Step, at time.Time) lifecycle.PlannedStep {
	record := lifecycle.PlannedStep{
		StepID: step.ID, Title: titleOf(step), Action: string(step.Action), Disposition: string(step.Disposition),
		Resource: step.Resource, ServerID: step.ServerID, Class: string(step.Class), Reason: step.Reason, ToDo: step.ToDo,
		At: at, FollowUp: step.Disposition == plan.DispositionManual,
	}
	if step.DecidedBy != nil {
		record.File, record.Line = step.DecidedBy.File, step.DecidedBy.Line
	}
	return record
}

// titleOf names a step for a person: its resource, or its item where it has none. A crowd is counted, people are not
// named.
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
