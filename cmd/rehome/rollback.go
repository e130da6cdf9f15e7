package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/undoing"
)

type rollbackOptions struct {
	run, out, markdown string
	verbose            bool
}

func rollbackCommand() Command {
	var o rollbackOptions
	return Command{
		Path:  "rollback",
		Group: groupRecords,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []config.Code{
			{Code: "rollback-nothing", Cause: "There is no run that could be taken back.",
				Cure: "Nothing, unless another machine's state holds it."},
			{Code: "rollback-of-rollback", Cause: "The run is a rollback itself.",
				Cure: "Plan and apply to have it again."},
			{Code: "rollback-done", Cause: "The run was taken back already.", Cure: "Nothing."},
			{Code: "rollback-later-run", Cause: "A later run changed, or needs, what this one made.",
				Cure: "Take the later run back first."},
			{Code: "rollback-plan-missing", Cause: "The state does not hold the plan of the run, so what was " +
				"before is not known.",
				Cure: "Use the state of the machine that planned."},
			{Code: "undo-unknown", Cause: "An undo block names a resource that the run did not make or change.",
				Cure: "Name one as the plan of the rollback shows it, or remove the block."},
			{Code: "undo-unfit", Cause: "The decision of an undo block means nothing for its resource.",
				Cure: "Use one that the message names."},
			{Code: "undo-twice", Cause: "Two undo blocks name one resource.", Cure: "Remove one."},
		},
		Short: "Show the way back of a run, as a plan",
		Long: `Rollback computes the inverse of a run, the newest one unless -run names another: delete what it made,
put back what it changed, in the opposite order, every application closed first. Like any plan it changes nothing
before apply carries it out with its hash.

What others changed since is shown with both values and left alone. What people have used since (sign-ins, members,
linked accounts), or of which that cannot be told, stays: an application is closed, anything else is kept. An undo
block decides otherwise, resource by resource:

  undo "client:payroll" {
    decision = "delete"        # or disable, keep, restore
    reason   = "nobody needs what was in it"
  }`,
		Example: "  rehome rollback -out=back.rehome\n  rehome apply back.rehome -plan-hash=sha256:9f2c61d0…",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.run, "run", "", "take this run back, not the newest")
			f.StringVar(&o.out, "out", "", "write the plan file here")
			f.StringVar(&o.markdown, "markdown", "", "write a pull-request comment here")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every step, those with nothing to do too")
		},
		Run: func(ctx context.Context, r *call) error {
			report, err := undoing.Plan(ctx, r.Project, o.run, o.out)
			if err != nil {
				return err
			}
			if err := writePlanReports(r.Project, report.Plan, o.markdown, ""); err != nil {
				return err
			}
			return r.showPlan(report.Plan, o.verbose, report.Saved, &report.Read)
		},
	}
}
