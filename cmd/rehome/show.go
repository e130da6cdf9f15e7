package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/recounting"
)

type showOptions struct {
	markdown, html string
	verbose        bool
}

func showCommand() Command {
	var o showOptions
	return Command{
		Path: "show", Args: "[PLAN]",
		Group: groupRecords,
		Class: classFree, // a file needs no state
		Codes: []string{
			"plan-unknown", "plan-file-key", "plan-file-stranger", "planner-invalid", "plan-file-damaged",
		},
		Short: "Show a plan",
		Long: `Show renders a plan: a plan FILE, without plugins, network or state; a plan of the state by its hash or the beginning of it; or the newest
plan of the state. With -json it prints the plan as one document.`,
		Example: "  rehome show plan.rehome\n  rehome show -html=plan.html plan.rehome\n  rehome show -json sha256:9f2c61d0",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.html, "html", "", "write a page for reviewers here")
			f.StringVar(&o.markdown, "markdown", "", "write a pull-request comment here")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every step, equal ones too")
		},
		Run: o.run,
	}
}

func (o *showOptions) run(ctx context.Context, r *call) error {
	p, file, err := planning.Show(ctx, r.Project, r.arg(0))
	if err != nil {
		return err
	}
	if err := r.planFiles(p, o.markdown, o.html); err != nil {
		return err
	}
	if r.global.json {
		masked, err := r.WithoutPeople(p)
		if err != nil {
			return err
		}
		return layout.Document(r.env.out, masked)
	}
	return view.Plan(r.env.out, p, view.PlanOptions{
		Style: r.style(), Verbose: o.verbose, Automation: r.env.automation(), Now: r.Now(), SavedTo: file,
	})
}

// planShowCommand is show under the name beside plan list; a plan file has no part in it.
func planShowCommand() Command {
	c := showCommand()
	c.Path, c.Group, c.Class = "plan show", "", classRead
	c.Long = "Show renders a plan that the state keeps, the newest unless its hash or the beginning of it is given, as rehome show does."
	c.Example = "  rehome plan show\n  rehome plan show sha256:9f2c61d0 -json"
	return c
}

func planListCommand() Command {
	return Command{
		Path: "plan list", Class: classRead,
		Short:   "List the plans that the state keeps, newest first",
		Example: "  rehome plan list\n  rehome plan list -json",
		Run: func(ctx context.Context, r *call) error {
			plans, err := recounting.Plans(ctx, r.Project)
			if err != nil {
				return err
			}
			return showList(r, "plans", plans, "rehome plan",
				func(w io.Writer) error { return view.Plans(w, plans, r.Now()) })
		},
	}
}
