package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// recordOf finds the run with the id, or the newest that changed something.
func recordOf(store *state.Migration, id string) (*history.Record, error) {
	runs, err := store.Runs()
	if err != nil {
		return nil, err
	}
	if id == "" {
		return newestRecord(store, runs)
	}
	run := history.ByID(runs, id)
	if run == nil {
		return nil, diag.Errorf("run-unknown", "Run is not known", "There is no run %s in this state.%s", id, knownRuns(runs))
	}
	if of := run.RollbackOf; of != "" {
		return nil, diag.Errorf("rollback-of-rollback", "Run is a rollback", "Run %s took run %s back. To have that again, plan and apply: the plan shows what it makes anew.", id, of)
	}
	if by := run.RolledBackBy; by != "" {
		return nil, diag.Errorf("rollback-done", "Run was taken back", "Run %s was taken back by run %s. There is nothing left of it.", id, by)
	}
	record, err := readRecord(store, runs, *run)
	if err != nil {
		return nil, err
	}
	if len(record.Did) == 0 {
		return nil, nothingToRollBack(fmt.Sprintf("Run %s changed nothing.", id))
	}
	return record, nil
}

func newestRecord(store *state.Migration, runs []state.Run) (*history.Record, error) {
	for _, run := range history.Reversible(runs) {
		record, err := readRecord(store, runs, run)
		if err != nil {
			return nil, err
		}
		if len(record.Did) > 0 {
			return record, nil
		}
	}
	return nil, nothingToRollBack("No run of this state changed anything that is still there. If another machine applied, its state holds the run.")
}

func nothingToRollBack(detail string) error {
	return diag.Errorf("rollback-nothing", "Nothing to take back", "%s", detail)
}

func knownRuns(runs []state.Run) string {
	var ids []string
	for _, run := range runs[:min(len(runs), 5)] {
		ids = append(ids, run.ID)
	}
	if len(ids) == 0 {
		return " There is none at all."
	}
	return " The newest are " + strings.Join(ids, ", ") + "."
}

func readRecord(store *state.Migration, runs []state.Run, run state.Run) (*history.Record, error) {
	kept, err := store.Plan(run.PlanHash)
	if errors.Is(err, state.ErrNotFound) {
		return nil, diag.Errorf("rollback-plan-missing", "Plan of the run is missing", "This state does not hold the plan %s that run %s carried out, so what was before is not known here.\nRoll back with the state of the machine that planned, or take it back by hand.", view.ShortHash(run.PlanHash), run.ID)
	}
	if err != nil {
		return nil, err
	}
	return history.RecordOf(runs, run, kept, store.Run)
}

// laterRuns refuses to pull the ground from under a run that came later.
func laterRuns(store *state.Migration, record *history.Record) error {
	runs, err := store.Runs()
	if err != nil {
		return err
	}
	for _, later := range history.Later(runs, record.Run) {
		other, err := readRecord(store, runs, later)
		if err != nil {
			return err
		}
		if needed, is := history.DependenceOn(record.Did, other.Did); is {
			return diag.Errorf("rollback-later-run", "A later run builds on it", "Run %s, later than %s, %s.\nTake that one back first: rehome rollback -run=%s.", later.ID, record.Run.ID, told(needed), later.ID)
		}
	}
	return nil
}

func told(d history.Dependence) string {
	if d.Needs == "" {
		return "changed " + view.Clean(d.Step) + ", too"
	}
	return "made " + view.Clean(d.Step) + ", which needs " + view.Clean(d.Needs)
}

// unboundRest are the steps that had nothing to do but lose their bindings: what was only mapped, or is gone already.
func unboundRest(p *plan.Plan) []apply.Result {
	var rest []apply.Result
	for _, step := range p.Steps {
		if step.Disposition == plan.DispositionUnchanged && step.Unbinds {
			rest = append(rest, apply.Result{Step: step, Outcome: history.Already, ServerID: step.ServerID})
		}
	}
	return rest
}
