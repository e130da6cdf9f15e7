package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/parity"
	"github.com/rehome-iam/rehome/engine/proving"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

// shortestWatch keeps a watch from turning into load on the target.
const shortestWatch = 10 * time.Second

type verifyOptions struct {
	run     string
	drift   bool
	source  bool
	events  bool
	watch   time.Duration
	verbose bool
	workers int
}

func verifyCommand() Command {
	var o verifyOptions
	return Command{
		Path:  "verify",
		Group: groupUsual,
		Class: classManage,
		Codes: []string{"changes-not-recorded", "verify-no-baseline", "verify-nothing", "verify-application-unknown"},
		Short: "Prove that the target is and works as applied",
		Long: `Verify reads back everything that the runs made, and tries it the way people and applications use it: sign-ins are begun and not finished,
nothing is written. It acts as a person only where a verify block allows it and names one. The results are kept as evidence on the runs.
With -events it holds the target's own record of writes against what the run says it did. The exit status is 1 when a probe fails; with -drift it is 2 when somebody changed what was made, with -source when the incumbent changed.`,
		Example: "  rehome verify\n  rehome verify -drift\n  rehome verify -events\n  rehome verify -watch=5m",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.run, "run", "", "look at what this run made, not at what all made")
			f.BoolVar(&o.drift, "drift", false, "only show what somebody changed since")
			f.BoolVar(&o.source, "source", false, "read the incumbents again and show what changed there since the plan")
			f.BoolVar(&o.events, "events", false, "prove the latest run, or that of -run, by the target's own record of writes")
			f.DurationVar(&o.watch, "watch", 0, "verify again and again, with this pause, until Ctrl-C")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every result, passed and skipped ones too")
			f.IntVar(&o.workers, "parallelism", 4, "probes at a time, 1 to 8")
		},
		Run: func(ctx context.Context, r *call) error {
			if err := o.check(); err != nil {
				return err
			}
			switch {
			case o.source:
				return verifySources(ctx, r, o)
			case o.events:
				return verifyEvents(ctx, r, o)
			case o.drift:
				return verifyDrift(ctx, r, o)
			}
			return verifyTarget(ctx, r, o)
		},
	}
}

func (o verifyOptions) check() error {
	switch {
	case o.watch != 0 && o.watch < shortestWatch:
		return fmt.Errorf("-watch must be at least %s, so that it is no load on the target", shortestWatch)
	case o.drift && o.source || o.events && (o.drift || o.source || o.watch != 0):
		return misuse("-drift looks at the target, -source at the incumbents and -events at what a run wrote: give one of " +
			"them; -events is not watched")
	}
	return fewWorkers(o.workers)
}

func (o verifyOptions) input() proving.Input {
	return proving.Input{Run: o.run, Workers: o.workers, Pause: o.watch, Against: parity.Grants}
}

func (o verifyOptions) view(r *call, took time.Duration) view.VerificationOptions {
	return view.VerificationOptions{Style: r.style(), Verbose: o.verbose, Automation: r.env.automation(), Took: took}
}

func verifyTarget(ctx context.Context, r *call, o verifyOptions) error {
	last, err := proving.Verify(ctx, r.Project, o.input(), func(found *proving.Report) error {
		return r.event("verification", map[string]any{"report": found.Report}, func(w io.Writer) error {
			return view.Verification(w, found.Report, o.view(r, found.Took))
		})
	})
	if err != nil {
		return err
	}
	return finding(last.Failed(), exitError)
}

func verifyDrift(ctx context.Context, r *call, o verifyOptions) error {
	last, err := proving.Drift(ctx, r.Project, o.input(), func(found *proving.Report) error {
		fields := map[string]any{"resources": found.Resources, "changes": found.Changes}
		return r.event("drift", fields, func(w io.Writer) error {
			return view.Drift(w, found.Report, o.view(r, found.Took))
		})
	})
	if err != nil {
		return err
	}
	return finding(len(last.Changes) > 0, exitChanges)
}

func verifyEvents(ctx context.Context, r *call, o verifyOptions) error {
	found, err := proving.Events(ctx, r.Project, o.run)
	if err != nil {
		return err
	}
	err = r.event("changes", map[string]any{
		"run": found.Run, "verification": found.Found.Verification, "digest": found.Found.Digest,
		"note": found.Found.Record.Note, "proven": found.Proven(), "verdict": found.Found.Verdict,
	}, func(w io.Writer) error {
		return view.Recorded(w, found.Run, found.Found.Record, found.Found.Verdict, o.view(r, 0))
	})
	if err != nil {
		return err
	}
	return finding(!found.Proven(), exitError)
}

func verifySources(ctx context.Context, r *call, o verifyOptions) error {
	last, err := proving.Sources(ctx, r.Project, o.input(), proving.Watcher{
		Collected: func(snapshot state.Snapshot) {
			if !r.global.json {
				readings.Collected(r.env.out, snapshot)
			}
		},
		Compared: func(d reading.SnapshotDiff) error {
			_, err := showSnapshotDiff(r, d, o.verbose)
			return err
		},
		Done: func(found *proving.Freeze) error {
			if !r.global.json {
				view.Freeze(r.env.out, found.Run, found.Changes, r.env.automation())
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	return finding(last.Changes > 0, exitChanges)
}
