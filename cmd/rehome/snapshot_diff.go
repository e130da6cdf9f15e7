package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/reading"
)

type snapshotDiffOptions struct {
	source            string
	verbose, detailed bool
}

func snapshotDiffCommand() Command {
	return historyDiffCommand("snapshots", runSnapshotDiff, Command{
		Path:  "snapshot diff",
		Class: classRead,
		Codes: []string{"snapshot-other-source", "snapshot-not-completed"},
		Short: "Show what changed in the incumbent between two snapshots",
		Long: `Diff compares two completed snapshots of one source, item by item and field by field: + came, - went, ~ changed. Without arguments it
compares the newest with the one before it. Of users and memberships it shows the first ten of each sort and counts the rest.`,
		Example: "  rehome snapshot diff\n  rehome snapshot diff s-2026-11-21-5b1f0c2d latest -detailed-exitcode",
	})
}

// historyDiffCommand completes a command that compares two things of the history of one source.
func historyDiffCommand(things string,
	diff func(ctx context.Context, r *call, first, second string, o snapshotDiffOptions) error, c Command) Command {
	var o snapshotDiffOptions
	c.Args = "[A B]"
	c.Takes = func(c *cobra.Command, args []string) error {
		if len(args) != 0 && len(args) != 2 {
			return usageError(c, fmt.Errorf("diff takes two %s, the earlier one first, or none", things))
		}
		return nil
	}
	c.Flags = func(f *pflag.FlagSet) {
		f.StringVar(&o.source, "source", "", "the source that latest and previous speak of")
		f.BoolVarP(&o.verbose, "verbose", "v", false, "every user and membership")
		f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
	}
	c.Run = func(ctx context.Context, r *call) error {
		first, second := "previous", "latest"
		if len(r.args) == 2 {
			first, second = r.args[0], r.args[1]
		}
		return diff(ctx, r, first, second, o)
	}
	c.Settled = true
	return c
}

func runSnapshotDiff(ctx context.Context, r *call, first, second string, o snapshotDiffOptions) error {
	d, err := reading.DiffNamed(ctx, r.Project, first, second, o.source)
	if err != nil {
		return err
	}
	tally, err := showSnapshotDiff(r, d, o.verbose)
	if err != nil {
		return err
	}
	return finding(o.detailed && tally.Total() > 0, exitChanges)
}

func showSnapshotDiff(r *call, d reading.SnapshotDiff, verbose bool) (tally inventory.Tally, err error) {
	mask, err := r.jsonMask()
	if err != nil {
		return nil, err
	}
	err = layout.Buffered(r.env.out, func(w io.Writer) error {
		if r.global.json {
			tally, err = readings.SnapshotDiffJSON(w, d, eventFormat, verbose, mask)
		} else {
			tally, err = readings.SnapshotDiff(w, d, verbose)
		}
		return err
	})
	return tally, err
}
