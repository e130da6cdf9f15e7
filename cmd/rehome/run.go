package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

func runCommand() Command {
	return Command{
		Path:  "run",
		Group: groupRecords,
		Short: "Read back what applies did, and what is left to do by hand",
		Long: `A run is one execution of a plan. Each step of the plan reads back with what came of it: created, changed, mapped, blocked, skipped,
manual, failed. What people must do is a checklist that stays until each entry is closed.`,
		Example: "  rehome run list\n  rehome run show\n  rehome run follow-up done f-3 -note=\"rebuilt by the team\"",
		Takes:   cobra.NoArgs,
	}
}

func runListCommand() Command {
	return Command{
		Path:    "run list",
		Class:   classRead,
		Short:   "List the runs, newest first",
		Example: "  rehome run list\n  rehome run list -json",
		Takes:   cobra.NoArgs,
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runRunList(s)
		},
	}
}

func runShowCommand() Command {
	verbose := false
	return Command{
		Path: "run show", Args: "[RUN]",
		Class: classRead,
		Codes: []config.Code{
			{Code: "run-unknown", Cause: "The state holds no run of this id.", Cure: "Use an id that the message names, or the state of the machine that applied."},
		},
		Short:   "Show each step of a run, the newest unless named",
		Long:    "Show lists each step of the run's plan with what came of it, why, the resource, and the line of HCL that decided it. Steps that were already as wanted are counted; -v lists them.",
		Example: "  rehome run show\n  rehome run show r-2026-11-22-1f0c9a7b -json",
		Takes:   cobra.MaximumNArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.BoolVarP(&verbose, "verbose", "v", false, "every step, unchanged ones too")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			id := ""
			if len(r.args) == 1 {
				id = r.args[0]
			}
			return runRunShow(s, id, verbose)
		},
	}
}

// migrationRuns are the runs of the configured migration, newest first.
func migrationRuns(s *session) ([]state.Run, error) {
	store, err := s.openState()
	if err != nil {
		return nil, err
	}
	runs, err := store.Runs()
	if runs == nil {
		runs = []state.Run{}
	}
	return runs, err
}

func runRunList(s *session) error {
	runs, err := migrationRuns(s)
	if err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "runs": runs})
	}
	if len(runs) == 0 {
		fmt.Fprintln(s.env.out, "There is no run yet.")
		return nil
	}
	columns := []view.Column{{Title: "ID"}, {Title: "STATUS"}, {Title: "BEGUN"}, {Title: "TOOK", Right: true}, {Title: "PLAN"}, {Title: "ROLLBACK"}}
	rows := make([][]string, 0, len(runs))
	for _, run := range runs {
		took := "did not end"
		if !run.CompletedAt.IsZero() {
			took = view.Took(run.CompletedAt.Sub(run.StartedAt))
		}
		rows = append(rows, []string{run.ID, string(run.Status), view.Moment(run.StartedAt), took, view.ShortHash(run.PlanHash), wayBack(run)})
	}
	return view.Table(s.env.out, columns, rows)
}

// stepRow is one step of a run, read back.
type stepRow struct {
	StepID    string        `json:"step_id"`
	Title     string        `json:"title"`
	State     history.State `json:"state"`
	Reason    string        `json:"reason,omitempty"`
	ToDo      string        `json:"to_do,omitempty"`
	Resource  string        `json:"resource,omitempty"`
	ServerID  string        `json:"server_id,omitempty"` // of the target
	StartedAt *time.Time    `json:"started_at"`
	EndedAt   *time.Time    `json:"ended_at"`
	Plan      planLine      `json:"plan_line"`
	FollowUp  string        `json:"follow_up,omitempty"` // its id on the checklist
	Open      bool          `json:"follow_up_open,omitempty"`
}

// planLine is where in the plan a row came from and, where HCL decided it, the block.
type planLine struct {
	Step string `json:"step"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

func runRunShow(s *session, id string, verbose bool) error {
	runs, err := migrationRuns(s)
	if err != nil {
		return err
	}
	if id == "" {
		if len(runs) == 0 {
			return diag.Errorf("run-unknown", "Run is not known", "There is no run yet; rehome apply makes one.")
		}
		id = runs[0].ID
	}
	known, takenBackBy := false, ""
	for _, run := range runs {
		if run.ID == id {
			known, takenBackBy = true, run.RolledBackBy
		}
	}
	if !known {
		return diag.Errorf("run-unknown", "Run is not known", "There is no run %q; rehome run list shows those there are.", view.Clean(id))
	}
	run, err := s.store.Run(id)
	if err != nil {
		return err
	}
	run.RolledBackBy = takenBackBy
	followUps, err := s.store.FollowUps()
	if err != nil {
		return err
	}
	rows, err := readBack(s.store, run, followUps)
	if err != nil {
		return err
	}
	run.Steps = nil
	var bound *state.PlanRecord
	if record, err := s.store.PlanRecord(run.PlanHash); err == nil {
		bound = &record
	} else if !errors.Is(err, state.ErrNotFound) {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "run": run, "plan": bound, "steps": rows, "follow_ups": followUps})
	}
	printRun(s, run, bound, rows, verbose)
	return nil
}

// readBack joins what was planned with what came of it, in the order of the plan.
func readBack(store *state.Migration, run state.Run, followUps []state.FollowUp) ([]stepRow, error) {
	listed := map[string]state.FollowUp{}
	for _, f := range followUps {
		listed[f.StepID] = f
	}
	outcomes := map[string][]state.RunStep{}
	for _, step := range run.Steps {
		outcomes[step.StepID] = append(outcomes[step.StepID], step)
	}
	rows := []stepRow{}
	err := store.RunPlan(run.ID, func(step state.PlannedStep) error {
		row := rowOf(step, outcomes[step.StepID])
		if step.FollowUp {
			row.FollowUp, row.Open = listed[step.StepID].ID, listed[step.StepID].Status == state.FollowUpOpen
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func rowOf(step state.PlannedStep, outcomes []state.RunStep) stepRow {
	told := history.Tell(plan.Disposition(step.Disposition), plan.Action(step.Action), step.At, outcomes)
	row := stepRow{
		StepID: step.StepID, Title: step.Title, State: told.State, Reason: step.Reason, ToDo: step.ToDo, ServerID: cmp.Or(told.ServerID, step.ServerID),
		StartedAt: told.StartedAt, EndedAt: told.EndedAt, Plan: planLine{Step: step.StepID, File: step.File, Line: step.Line},
	}
	if step.Disposition == string(plan.DispositionPlanned) && told.EndedAt != nil {
		row.Reason = told.Reason // what came of it says more than why it was planned
	}
	if step.Resource.Type != "" {
		row.Resource = step.Resource.String()
	}
	return row
}

func printRun(s *session, run state.Run, bound *state.PlanRecord, rows []stepRow, verbose bool) {
	w := s.env.out
	fmt.Fprintf(w, "Run       %s   %s\n", run.ID, run.Status)
	fmt.Fprintf(w, "Begun     %s, %s", view.Moment(run.StartedAt), view.Ago(run.StartedAt, s.env.now()))
	if !run.CompletedAt.IsZero() {
		fmt.Fprintf(w, ", took %s", view.Took(run.CompletedAt.Sub(run.StartedAt)))
	}
	fmt.Fprintln(w, view.CutOff(run, s.env.automation()))
	if text := wayBack(run); text != "" {
		fmt.Fprintf(w, "Rollback  %s\n", text)
	}
	fmt.Fprintf(w, "Plan      %s", view.ShortHash(run.PlanHash))
	if bound != nil {
		fmt.Fprintf(w, "   %s   classifier %s", bound.Status, bound.Classifier)
		for _, input := range bound.Inputs {
			fmt.Fprintf(w, "\n          %s   snapshot %s   assessment %s", view.Clean(input.Source), input.Snapshot, input.Assessment)
		}
	}
	fmt.Fprintf(w, "\n\n")
	printRows(w, rows, verbose)
}

// wayBack says which run this one took back, or which took it back; empty for most.
func wayBack(run state.Run) string {
	switch {
	case run.RollbackOf != "":
		return "takes back " + run.RollbackOf
	case run.RolledBackBy != "":
		return "taken back by " + run.RolledBackBy
	}
	return ""
}

// printRows lists what needs a person first.
func printRows(w io.Writer, rows []stepRow, verbose bool) {
	sections := []struct {
		state history.State
		sign  string
	}{
		{history.StateFailed, "!"}, {history.StateUnknown, "!"}, {history.StateNotStarted, "!"}, {history.StateBlocked, "!"},
		{history.StateManual, "?"}, {history.StateSkipped, "-"}, {history.StateDeleted, "-"}, {history.StateChanged, "~"},
		{history.StateCreated, "+"}, {history.StateMapped, ">"}, {history.StateUnchanged, "="},
	}
	for _, section := range sections {
		count := 0
		for _, row := range rows {
			if row.State == section.state {
				count++
			}
		}
		if count == 0 {
			continue
		}
		fmt.Fprintf(w, "%-12s %d\n", section.state, count)
		if section.state == history.StateUnchanged && !verbose {
			continue
		}
		for _, row := range rows {
			if row.State == section.state {
				printRow(w, section.sign, row)
			}
		}
	}
}

func printRow(w io.Writer, sign string, row stepRow) {
	place := ""
	if row.Plan.File != "" {
		place = fmt.Sprintf("   %s:%d", view.Clean(row.Plan.File), row.Plan.Line)
	}
	server := ""
	if row.ServerID != "" {
		server = "   id " + view.Clean(row.ServerID)
	}
	todo := ""
	if row.FollowUp != "" {
		todo = "   " + row.FollowUp + map[bool]string{true: " open", false: " done"}[row.Open]
	}
	fmt.Fprintf(w, "  %s %s%s%s%s\n", sign, view.Clean(row.Title), server, todo, place)
	if row.Reason != "" {
		fmt.Fprintf(w, "      %s\n", view.Clean(row.Reason))
	}
}
