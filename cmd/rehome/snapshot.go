package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/reading"
)

func snapshotCommand() Command {
	return Command{
		Path:  "snapshot",
		Group: groupRecords,
		Short: "Look into what was collected",
		Long: `A snapshot is one read of one source: its items and the redacted pages that prove them. Where an ID is asked for, the beginning of one is
enough, and so is latest (the newest completed one) or previous (the one before it). What is shown may name people.`,
		Example: "  rehome snapshot list\n  rehome snapshot show latest -kind=application\n" +
			"  rehome snapshot diff previous latest",
	}
}

func snapshotListCommand() Command {
	source := ""
	return Command{
		Path:    "snapshot list",
		Class:   classRead,
		Short:   "List the snapshots, newest first",
		Example: "  rehome snapshot list\n  rehome snapshot list -source=okta.corp -json",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&source, "source", "", "only those of this source")
		},
		Settled: true,
		Run: func(ctx context.Context, r *call) error {
			return runSnapshotList(ctx, r, source)
		},
	}
}

func runSnapshotList(ctx context.Context, r *call, source string) error {
	snapshots, err := reading.Snapshots(ctx, r.Project, source)
	if err != nil {
		return err
	}
	return showList(r, "snapshots", snapshots, "rehome collect", func(w io.Writer) error {
		return readings.Snapshots(w, snapshots, r.Now())
	})
}
