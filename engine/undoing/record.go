package undoing

import (
	"context"
	"errors"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rollback"
	"github.com/rehome-iam/rehome/state"
)

// recordOf finds the run with the id, or the newest that changed something.
func recordOf(migration *state.Migration, id string) (*rollback.Record, error) {
	runs, err := migration.Runs()
	if err != nil {
		return nil, err
	}
	candidates, err := rollback.Candidates(runs, id)
	if err != nil {
		return nil, err
	}
	for _, run := range candidates {
		record, err := readRecord(migration, runs, run)
		if err != nil {
			return nil, err
		}
		if len(record.Did) > 0 {
			return record, nil
		}
	}
	return nil, rollback.Nothing(id)
}

func readRecord(migration *state.Migration, runs []history.Run, run history.Run) (*rollback.Record, error) {
	kept, err := migration.Plan(run.PlanHash)
	if errors.Is(err, state.ErrNotFound) {
		return nil, diag.Errorf("rollback-plan-missing", "Plan of the run is missing", "This state does not hold the plan "+
			"%s that run %s carried out, so what was before is not known here.\nRoll back with the state of the machine that "+
			"planned, or take it back by hand.", phrase.ShortHash(run.PlanHash), run.ID)
	}
	if err != nil {
		return nil, err
	}
	return rollback.RecordOf(runs, run, kept, migration.Run)
}

// mayTakeBack refuses while a later run builds on the one of the record.
func mayTakeBack(migration *state.Migration, record *rollback.Record) error {
	runs, err := migration.Runs()
	if err != nil {
		return err
	}
	for _, run := range history.Later(runs, record.Run) {
		later, err := readRecord(migration, runs, run)
		if err != nil {
			return err
		}
		if err := rollback.BuiltUpon(record, later); err != nil {
			return err
		}
	}
	return nil
}

// CostOf says what taking back the newest run costs; with look, the target is asked too. It is nil when there is
// nothing to take back, or not with this state.
func CostOf(ctx context.Context, p *project.Project, look bool) (*rollback.OfRun, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	record, err := recordOf(migration, "")
	if refused := (diag.Diagnostic{}); errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cost := &rollback.OfRun{Run: record.Run.ID, Cost: rollback.CostOf(record.Left())}
	if !look {
		return cost, nil
	}
	work, err := Prepare(ctx, p, record.Run.ID)
	if err != nil {
		return nil, err
	}
	defer work.Close()
	sum := work.Plan.Summary
	cost.Checked = &rollback.Checked{Deletes: sum.Delete, Restores: sum.Update, Closes: work.Plan.Rollback.Closes,
		Stay: sum.Skipped, Changed: sum.Blocked}
	return cost, nil
}
