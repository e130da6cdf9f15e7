package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/proving"
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
			report, err := proving.RecordEvidence(ctx, r.Project)
			if err != nil {
				return err
			}
			return r.showDeclared(report, func(w io.Writer) error {
				view.Recording(w, report)
				return nil
			})
		},
	}
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
	declared := proving.Declared(s.cfg)
	if declared.Rollback == nil {
		fmt.Fprintf(w, "Going back: no rollback block says who decides and whom to call.\n\n")
		return
	}
	view.RollbackContact(w, declared.Rollback, s.env.style(s.global.noColor))
}
