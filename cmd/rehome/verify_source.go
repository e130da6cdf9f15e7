package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

// verifySources reads the incumbents again and shows what changed since the snapshots of the plan that was applied: with a freeze agreed,
// nothing should have.
func verifySources(ctx context.Context, s *session, o verifyOptions) error {
	baseline, run, err := appliedSnapshots(s, o.run)
	if err != nil {
		return err
	}
	changes, counts := 0, map[string]int{}
	for _, block := range reading.Sources(s.cfg) {
		before, known := baseline[block.Address()]
		if !known {
			continue // it joined the configuration later
		}
		after, err := collectSource(ctx, s, block)
		if err != nil {
			return err
		}
		d, err := reading.DiffSnapshots(ctx, s.Project, before, after)
		if err != nil {
			return err
		}
		tally, err := showSnapshotDiff(s, d, o.verbose)
		if err != nil {
			return err
		}
		changes += tally.Total()
		counts[block.Address()] = tally.Total()
	}
	if err := recordFreeze(s, run, changes, counts); err != nil {
		return err
	}
	if !s.global.json {
		fmt.Fprintf(s.env.out, "Freeze    %s in the incumbents since the plan of run %s\n", view.Plural(changes, "change", "changes"), run)
		if changes > 0 && !s.env.automation() {
			fmt.Fprintln(s.env.out, "Next: rehome plan shows what of it the target lacks.")
		}
	}
	if changes > 0 {
		return &statusError{status: exitChanges, quiet: true, err: errFinding}
	}
	return nil
}

// appliedSnapshots are the snapshots that the plan of the latest run, or of the named one, was made from.
func appliedSnapshots(s *session, only string) (map[string]state.Snapshot, string, error) {
	runs, err := s.store.Runs()
	if err != nil {
		return nil, "", err
	}
	for _, run := range runs {
		if only != "" && run.ID != only {
			continue
		}
		p, err := s.store.Plan(run.PlanHash)
		if err != nil {
			return nil, "", err
		}
		baseline := map[string]state.Snapshot{}
		for _, planned := range p.Snapshots {
			snapshot, err := s.store.Snapshot(planned.ID)
			if err != nil {
				return nil, "", diag.Errorf("verify-no-baseline", "Snapshot is not in this state", "Run %s was planned from snapshot %s of %s, which this state does not hold. Verify with the state that planned.", run.ID, planned.ID, planned.Source)
			}
			baseline[planned.Source] = snapshot
		}
		if len(baseline) > 0 {
			return baseline, run.ID, nil
		}
	}
	return nil, "", diag.Errorf("verify-nothing", "There is nothing to verify", "No run of this state was planned from a snapshot. Run rehome apply first; rehome snapshot diff compares any two snapshots.")
}

func recordFreeze(s *session, run string, changes int, counts map[string]int) error {
	findings, err := json.Marshal(counts)
	if err != nil {
		return fmt.Errorf("encoding the verification: %w", err)
	}
	v := state.Verification{ID: s.NewID("v"), At: s.env.now().UTC(), Kind: "source", Runs: []string{run}, Changes: changes, Findings: findings}
	return s.store.PutVerification(v, s.event("migration.verification.completed", v.ID, map[string]string{"kind": v.Kind, "changes": fmt.Sprint(changes)}))
}
