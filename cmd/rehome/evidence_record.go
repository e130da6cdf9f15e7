package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

func evidenceRecordCommand() Command {
	return Command{
		Path:  "evidence record",
		Class: classManage,
		Codes: []config.Code{
			{Code: "evidence-needs-applied", Cause: "Evidence is recorded on an applied plan, and there is none.", Cure: "Run rehome apply, or finish it."},
		},
		Short: "Store changed rollback and evidence blocks on the applied plan",
		Long: `Record stores what the rollback and evidence blocks say now on the plan applied last, and writes into the audit chain which arguments
changed. The blocks are not part of the plan hash, so nothing has to be approved again.`,
		Example: "  rehome evidence record",
		Takes:   cobra.NoArgs,
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runEvidenceRecord(s)
		},
	}
}

func runEvidenceRecord(s *session) error {
	store, err := s.openState()
	if err != nil {
		return err
	}
	if err := store.MayChange(); err != nil {
		return err
	}
	hash, err := appliedPlan(store)
	if err != nil {
		return err
	}
	changes, err := recordEvidence(s, hash)
	if err != nil {
		return err
	}
	if s.global.json {
		return showDocument(s.env.out, map[string]any{"format_version": handoff.FormatVersion, "plan_hash": hash, "changes": changes})
	}
	if len(changes) == 0 {
		fmt.Fprintf(s.env.out, "Nothing changed since the evidence of plan %s was recorded; nothing was written.\n", view.ShortHash(hash))
		return nil
	}
	fmt.Fprintf(s.env.out, "Recorded on plan %s:\n", view.ShortHash(hash))
	view.Changes(s.env.out, changes)
	return nil
}

// appliedPlan is the plan of the newest run, which must have ended with all its steps done.
func appliedPlan(store *state.Migration) (string, error) {
	runs, err := store.Runs()
	if err != nil {
		return "", err
	}
	if len(runs) > 0 {
		run := runs[0]
		if !strings.HasPrefix(run.Status, "completed") {
			return "", diag.Errorf("evidence-needs-applied", "Plan is not applied", "Run %s of plan %s ended as %q. Evidence is recorded on an applied plan: finish the apply first.", run.ID, view.ShortHash(run.PlanHash), run.Status)
		}
		return run.PlanHash, nil
	}
	return "", diag.Errorf("evidence-needs-applied", "Plan is not applied", "No plan of migration %q was applied with this state. Evidence is recorded on an applied plan: run rehome apply first.", store.Name())
}

// recordEvidence stores what the configuration declares, when it differs from what is stored, and returns what changed.
func recordEvidence(s *session, hash string) ([]handoff.Change, error) {
	recorded, err := recordedEvidence(s.store, hash)
	if err != nil {
		return nil, err
	}
	declared := declaredBy(s.cfg)
	changes := handoff.Changes(recorded, declared)
	if len(changes) == 0 {
		return changes, nil
	}
	declared.RecordedAt, declared.RecordedBy = s.env.now().UTC().Format(time.RFC3339), s.Actor()
	facts := map[string]string{}
	for _, change := range changes {
		facts[change.Field] = change.After
	}
	return changes, s.store.PutEvidence(hash, declared, s.event("migration.cutover_evidence.updated", hash, facts))
}

// keepApplied keeps a plan that came as a file, so that this state can show and prove what it applied.
func keepApplied(s *session, p *plan.Plan) error {
	if _, err := s.store.Plan(p.PlanHash); !errors.Is(err, state.ErrNotFound) {
		return err
	}
	return s.store.KeepPlan(p)
}

// printContact says, after the failures of a run, whom to call about going back.
func printContact(w io.Writer, s *session) {
	declared := declaredBy(s.cfg)
	if declared.Rollback == nil {
		fmt.Fprintf(w, "Going back: no rollback block says who decides and whom to call.\n\n")
		return
	}
	view.RollbackContact(w, declared.Rollback, s.env.style(s.global.noColor))
}
