package main

import (
	"context"
	"io"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/attesting"
)

func evidenceRecordCommand() Command {
	return Command{
		Path:  "evidence record",
		Class: classManage,
		Codes: []string{"evidence-needs-applied"},
		Short: "Store changed rollback and evidence blocks on the applied plan",
		Long: `Record stores what the rollback and evidence blocks say now on the plan applied last, and writes into the audit chain which arguments
changed. The blocks are not part of the plan hash, so nothing has to be approved again.`,
		Example: "  rehome evidence record",
		Run: func(ctx context.Context, r *call) error {
			report, err := attesting.RecordEvidence(ctx, r.Project)
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
