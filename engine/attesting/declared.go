package attesting

import (
	"context"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// RecordingReport is what recording evidence changed on a plan.
type RecordingReport struct {
	FormatVersion string               `json:"format_version"`
	PlanHash      string               `json:"plan_hash"`
	Changes       []declaration.Change `json:"changes"`
}

// RecordEvidence stores what the rollback and evidence blocks say now on the plan applied last.
func RecordEvidence(ctx context.Context, p *project.Project) (*RecordingReport, error) {
	migration, err := p.StateForFindings(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := migration.Runs()
	if err != nil {
		return nil, err
	}
	hash, err := appliedPlan(runs, migration.Name())
	if err != nil {
		return nil, err
	}
	changes, err := migration.Declare(hash, p.Config().Declared(), p.Event("", "", nil))
	return &RecordingReport{FormatVersion: handoff.FormatVersion, PlanHash: hash, Changes: changes}, err
}

// appliedPlan is the plan of the newest run, which must have ended with all its steps done. The runs are newest first.
func appliedPlan(runs []state.Run, migration string) (string, error) {
	if len(runs) == 0 {
		return "", diag.Errorf("evidence-needs-applied", "Plan is not applied",
			"No plan of migration %q was applied with this state. Evidence is recorded on an applied plan: run rehome apply "+
				"first.", migration)
	}
	run := runs[0]
	if !run.Status.Completed() {
		return "", diag.Errorf("evidence-needs-applied", "Plan is not applied",
			"Run %s of plan %s ended as %q. Evidence is recorded on an applied plan: finish the apply first.", run.ID,
			phrase.ShortHash(run.PlanHash), run.Status)
	}
	return run.PlanHash, nil
}
