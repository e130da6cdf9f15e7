package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/reading"
)

func snapshotCommand() Command {
	return Command{
		Path:  "snapshot",
		Group: groupRecords,
		Short: "Look into what was collected",
		Long: `A snapshot is one read of one source: its items and the redacted pages that prove them. Where an ID is asked for, the beginning of one is
enough, and so is latest (the newest completed one) or previous (the one before it). What is shown may name people.`,
		Example: "  rehome snapshot list\n  rehome snapshot show latest -kind=application\n  rehome snapshot diff previous latest",
		Takes:   cobra.NoArgs,
	}
}

func snapshotListCommand() Command {
	source := ""
	return Command{
		Path:    "snapshot list",
		Class:   classRead,
		Short:   "List the snapshots, newest first",
		Example: "  rehome snapshot list\n  rehome snapshot list -source=okta.corp -json",
		Takes:   noArguments,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&source, "source", "", "only those of this source")
		},
		Run: func(ctx context.Context, r *call) error {
			return r.withHistory(ctx, func() error { return runSnapshotList(ctx, r, source) })
		},
	}
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(c, fmt.Errorf("%s takes no argument, got %q", c.Name(), args[0]))
	}
	return nil
}

func runSnapshotList(ctx context.Context, r *call, source string) error {
	snapshots, err := reading.Snapshots(ctx, r.Project, source)
	if err != nil {
		return err
	}
	if r.global.json {
		return r.document(map[string]any{"format_version": eventFormat, "snapshots": snapshots})
	}
	if len(snapshots) == 0 {
		fmt.Fprintln(r.env.out, "No snapshots.")
		r.next("rehome collect")
		return nil
	}
	return view.Snapshots(r.env.out, snapshots, r.Now())
}
