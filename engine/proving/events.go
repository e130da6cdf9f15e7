package proving

import (
	"context"
	"time"

	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Recorded is what the target's own record of writes says of a run.
type Recorded struct {
	Run   string
	Found evidence.Changes
}

// Proven tells whether the record holds what the run says that it did, and nothing of it else.
func (r *Recorded) Proven() bool { return r.Found.Verdict.Proven() }

// Events holds what the target recorded by itself against what the latest run, or the named one, says it did, and keeps
// both as evidence.
func Events(ctx context.Context, p *project.Project, only string) (*Recorded, error) {
	migration, err := p.StateForFindings(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := Did(migration, only); err != nil {
		return nil, err
	}
	run, planned, err := runToProve(migration, only)
	if err != nil {
		return nil, err
	}
	target, _, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	facts := changes.RunOf(run)
	from, to := facts.Window()
	record, err := target.Changes(ctx, from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))
	if err != nil {
		return nil, err
	}
	verdict, err := changes.Check(planned, facts, record)
	if err != nil {
		return nil, err
	}
	if verdict.Silent {
		return nil, diag.Errorf("changes-not-recorded", "Run is not recorded",
			"The target's record holds nothing of run %s (%s to %s), not even that it took the lease: it was not kept then, "+
				"or was emptied since. That does not mean that nothing was written. Turn the record on before the next apply.",
			run.ID, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	digest, err := changes.Digest(record)
	if err != nil {
		return nil, err
	}
	found := evidence.Changes{
		Verification: p.NewID("v"), At: p.Now().UTC().Format(time.RFC3339), Digest: digest, Record: record, Verdict: verdict,
	}
	return &Recorded{Run: run.ID, Found: found}, keepChanges(p, run.ID, found)
}

// runToProve is the named run, or the latest, with its plan.
func runToProve(migration *state.Migration, only string) (state.Run, *plan.Plan, error) {
	runs, err := migration.Runs()
	if err == nil {
		runs, err = named(runs, only)
	}
	if err != nil {
		return state.Run{}, nil, err
	}
	return runAndPlan(migration, runs[0].ID)
}

// keepChanges keeps the record as evidence on the run; its digest goes into the audit chain.
func keepChanges(p *project.Project, run string, found evidence.Changes) error {
	return keep(p, state.Verification{
		ID: found.Verification, Kind: state.VerifiedEvents, Runs: []string{run}, Changes: len(found.Verdict.Others),
		Passed: found.Verdict.Recorded, Failed: len(found.Verdict.Missing) + len(found.Verdict.Unexplained),
		Unknown: len(found.Verdict.Uncovered),
	}, found, map[string]string{"run": run, evidence.FactDigest: found.Digest})
}
