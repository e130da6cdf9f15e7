package main

import (
	"context"

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
		Codes: []string{
			"rollback-nothing", "rollback-of-rollback", "rollback-done", "rollback-later-run",
			"rollback-plan-missing", "undo-unknown", "undo-unfit", "undo-twice",
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
			if err := r.planFiles(report.Plan, o.markdown, ""); err != nil {
				return err
			}
			return r.showPlan(report.Plan, o.verbose, report.Saved, &report.Read)
		},
	}
}
