package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/recounting"
)

func runCommand() Command {
	return Command{
		Path:  "run",
		Group: groupRecords,
		Short: "Read back what applies did, and what is left to do by hand",
		Long: `A run is one execution of a plan. Each step of the plan reads back with what came of it: created,
changed, mapped, blocked, skipped, manual, failed. What people must do is a checklist that stays until each entry is
closed.`,
		Example: "  rehome run list\n  rehome run show\n  rehome run follow-up done f-3 -note=\"rebuilt by the team\"",
	}
}

func runListCommand() Command {
	return Command{
		Path:    "run list",
		Class:   classRead,
		Short:   "List the runs, newest first",
		Example: "  rehome run list\n  rehome run list -json",
		Run: func(ctx context.Context, r *call) error {
			runs, err := recounting.Runs(ctx, r.Project)
			if err != nil {
				return err
			}
			return r.show(map[string]any{"format_version": eventFormat, "runs": runs}, func(w io.Writer) error {
				return view.Runs(w, runs)
			})
		},
	}
}

func runShowCommand() Command {
	verbose := false
	return Command{
		Path: "run show", Args: "[RUN]",
		Class: classRead,
		Codes: []string{"run-unknown"},
		Short: "Show each step of a run, the newest unless named",
		Long: "Show lists each step of the run's plan with what came of it, why, the resource, and the line of HCL " +
			"that decided it. Steps that were already as wanted are counted; -v lists them.",
		Example: "  rehome run show\n  rehome run show r-2026-11-22-1f0c9a7b -json",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVarP(&verbose, "verbose", "v", false, "every step, unchanged ones too")
		},
		Run: func(ctx context.Context, r *call) error {
			report, err := recounting.ShowRun(ctx, r.Project, r.arg(0))
			if err != nil {
				return err
			}
			document := struct {
				Format string `json:"format_version"`
				*recounting.RunReport
			}{eventFormat, report}
			return r.show(document, func(w io.Writer) error {
				view.Run(w, report, view.RunOptions{Verbose: verbose, Automation: r.env.automation(), Now: r.Now()})
				return nil
			})
		},
	}
}
