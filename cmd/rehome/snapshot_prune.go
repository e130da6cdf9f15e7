package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

type snapshotPruneOptions struct {
	olderThan, source string
	keep              int
	dryRun            bool
}

func snapshotPruneCommand() Command {
	var o snapshotPruneOptions
	return Command{
		Path:  "snapshot prune",
		Class: classManage,
		Short: "Delete old snapshots with their items, pages and assessments",
		Long: `Prune deletes snapshots that are older than a time, or beyond the newest N of their source, or both where both are given; failed ones count
as nothing to keep. It never deletes what a plan that can still be applied, a run or the newest assessment refers to, nor the newest completed
snapshot of a configured source, and says so. The file of the state does not get smaller; what is free in it is used again.`,
		Example: "  rehome snapshot prune -keep=5 -dry-run\n  rehome snapshot prune -older-than=30d",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.olderThan, "older-than", "", "those begun longer ago than this: 30d, 12h")
			f.IntVar(&o.keep, "keep", -1, "all but the newest N completed ones of each source")
			f.StringVar(&o.source, "source", "", "only those of this source")
			f.BoolVar(&o.dryRun, "dry-run", false, "say what would be deleted, and delete nothing")
		},
		Settled: true,
		Run:     o.run,
	}
}

func (o *snapshotPruneOptions) run(ctx context.Context, r *call) error {
	rule, err := pruneRule(r, *o)
	if err != nil {
		return err
	}
	found, err := reading.Prune(ctx, r.Project, rule, o.dryRun)
	if err != nil {
		return err
	}
	if r.global.json {
		return r.document(map[string]any{"format_version": eventFormat, "dry_run": o.dryRun, "snapshots": found})
	}
	readings.Pruned(r.env.out, found, o.dryRun, r.Now())
	return nil
}

func pruneRule(r *call, o snapshotPruneOptions) (state.PruneRule, error) {
	rule := state.PruneRule{Keep: o.keep, Source: o.source}
	if o.olderThan == "" && o.keep < 0 {
		return rule, misuse("say what may go: -older-than=30d, -keep=5, or both; see rehome snapshot prune -help")
	}
	if o.olderThan != "" {
		age, err := parseAge("older-than", o.olderThan)
		if err != nil {
			return rule, err
		}
		rule.Before = r.Now().Add(-age)
	}
	return rule, nil
}
