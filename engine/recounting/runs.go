package recounting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Runs are those of the configured migration, newest first.
func Runs(ctx context.Context, p *project.Project) ([]history.Run, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := migration.Runs()
	if runs == nil {
		runs = []history.Run{}
	}
	return runs, err
}

// RunReport is one run, read back.
type RunReport struct {
	Run       history.Run         `json:"run"` // without steps
	Plan      *history.PlanRecord `json:"plan"`
	Steps     []Row               `json:"steps"`
	FollowUps []state.FollowUp    `json:"follow_ups"`
}

// ShowRun reads a run back, the newest one unless an id is given.
func ShowRun(ctx context.Context, p *project.Project, id string) (*RunReport, error) {
	runs, err := Runs(ctx, p)
	if err != nil {
		return nil, err
	}
	if id == "" {
		if len(runs) == 0 {
			return nil, diag.Errorf("run-unknown", "Run is not known", "There is no run yet; rehome apply makes one.")
		}
		id = runs[0].ID
	}
	listed := history.ByID(runs, id)
	if listed == nil {
		return nil, diag.Errorf("run-unknown", "Run is not known",
			"There is no run %q; rehome run list shows those there are.", phrase.Clean(id))
	}
	migration := p.Migration()
	report := &RunReport{Steps: []Row{}}
	if report.Run, err = migration.Run(id); err != nil {
		return nil, err
	}
	report.Run.RolledBackBy = listed.RolledBackBy
	if report.FollowUps, err = migration.FollowUps(); err != nil {
		return nil, err
	}
	if err := report.readBack(migration); err != nil {
		return nil, err
	}
	report.Run.Steps = nil
	record, err := migration.PlanRecord(report.Run.PlanHash)
	if err == nil {
		report.Plan = &record
	} else if !errors.Is(err, state.ErrNotFound) {
		return nil, err
	}
	return report, nil
}

// readBack joins what was planned with what came of it, in the order of the plan.
func (r *RunReport) readBack(migration *state.Migration) error {
	listed := map[string]state.FollowUp{}
	for _, f := range r.FollowUps {
		listed[f.StepID] = f
	}
	outcomes := map[string][]history.Step{}
	for _, step := range r.Run.Steps {
		outcomes[step.StepID] = append(outcomes[step.StepID], step)
	}
	return migration.RunPlan(r.Run.ID, func(step lifecycle.PlannedStep) error {
		row := readBack(step, outcomes[step.StepID])
		if step.FollowUp {
			row.FollowUp, row.Open = listed[step.StepID].ID, listed[step.StepID].Status == lifecycle.FollowUpOpen
		}
		r.Steps = append(r.Steps, row)
		return nil
	})
}

// Newest is the id of the newest run; empty where nothing ran.
func Newest(ctx context.Context, p *project.Project) (string, error) {
	runs, err := Runs(ctx, p)
	if err != nil || len(runs) == 0 {
		return "", err
	}
	return runs[0].ID, nil
}

// FollowUps are what people must do: what is open or, with all, what was closed too.
func FollowUps(ctx context.Context, p *project.Project, all bool) ([]state.FollowUp, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	found, err := migration.FollowUps()
	if err != nil {
		return nil, fmt.Errorf("reading the follow-ups: %w", err)
	}
	listed := []state.FollowUp{}
	for _, f := range found {
		if all || f.Status == lifecycle.FollowUpOpen {
			listed = append(listed, f)
		}
	}
	return listed, nil
}

// Closed is a follow-up that was closed, and how many are left.
type Closed struct {
	FollowUp state.FollowUp
	Open     int
}

// CloseFollowUp closes a follow-up with a note of what was done. The migration need not be open for changes: follow-ups
// close after the incumbent is gone, and its source block with it.
func CloseFollowUp(ctx context.Context, p *project.Project, id, note string) (*Closed, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	f, err := migration.CloseFollowUp(id, note, p.Event("", "", nil))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, diag.Errorf("follow-up-unknown", "Follow-up is not known",
			"There is no follow-up %q; rehome run follow-up list shows those that are open.", phrase.Clean(id))
	case errors.Is(err, lifecycle.ErrClosed):
		return nil, diag.Errorf("follow-up-closed", "Follow-up is closed", "Follow-up %s was closed on %s by %s: %s.",
			f.ID, phrase.Moment(f.ClosedAt), phrase.Clean(f.ClosedBy), phrase.Clean(f.Note))
	case err != nil:
		return nil, err
	}
	open, err := FollowUps(ctx, p, false)
	if err != nil {
		return nil, err
	}
	p.Fact("follow_up_done", map[string]any{"id": f.ID, "step_id": f.StepID, "note": f.Note, "open": len(open)})
	return &Closed{FollowUp: f, Open: len(open)}, nil
}

// Row is one step of a run, read back.
type Row struct {
	StepID    string        `json:"step_id"`
	Title     string        `json:"title"`
	State     history.State `json:"state"`
	Reason    string        `json:"reason,omitempty"`
	ToDo      string        `json:"to_do,omitempty"`
	Resource  string        `json:"resource,omitempty"`
	ServerID  string        `json:"server_id,omitempty"` // of the target
	StartedAt *time.Time    `json:"started_at"`
	EndedAt   *time.Time    `json:"ended_at"`
	Plan      PlanLine      `json:"plan_line"`
	FollowUp  string        `json:"follow_up,omitempty"` // its id on the checklist
	Open      bool          `json:"follow_up_open,omitempty"`
}

// PlanLine is where in the plan a row came from and, where HCL decided it, the block.
type PlanLine struct {
	Step string `json:"step"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// readBack joins what was planned of a step with what came of it.
func readBack(step lifecycle.PlannedStep, outcomes []history.Step) Row {
	reported := apply.Tell(plan.Disposition(step.Disposition), plan.Action(step.Action), step.At, outcomes)
	row := Row{
		StepID: step.StepID, Title: step.Title, State: reported.State, Reason: step.Reason, ToDo: step.ToDo,
		ServerID: cmp.Or(reported.ServerID, step.ServerID), StartedAt: reported.StartedAt, EndedAt: reported.EndedAt,
		Plan: PlanLine{Step: step.StepID, File: step.File, Line: step.Line},
	}
	if step.Disposition == string(plan.DispositionPlanned) && reported.EndedAt != nil {
		row.Reason = reported.Reason // what came of it says more than why it was planned
	}
	if step.Resource.Type != "" {
		row.Resource = step.Resource.String()
	}
	return row
}

// Plans are the plans of the configured migration that the state keeps, newest first, drafts among them; never nil.
func Plans(ctx context.Context, p *project.Project) ([]history.PlanRecord, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	plans, err := migration.Plans()
	if err != nil {
		return nil, err
	}
	draft, err := migration.Draft()
	switch {
	case err == nil:
		plans = append(plans, draft)
	case !errors.Is(err, state.ErrNotFound):
		return nil, err
	}
	slices.SortStableFunc(plans, func(a, b history.PlanRecord) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return append([]history.PlanRecord{}, plans...), nil
}
