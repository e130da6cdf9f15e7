package main

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
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
		Takes:   noArguments,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.olderThan, "older-than", "", "those begun longer ago than this: 30d, 12h")
			f.IntVar(&o.keep, "keep", -1, "all but the newest N completed ones of each source")
			f.StringVar(&o.source, "source", "", "only those of this source")
			f.BoolVar(&o.dryRun, "dry-run", false, "say what would be deleted, and delete nothing")
		},
		Run: func(ctx context.Context, r *call) error {
			return r.withHistory(ctx, func(s *session) error { return runSnapshotPrune(s, o) })
		},
	}
}

func runSnapshotPrune(s *session, o snapshotPruneOptions) error {
	rule, err := pruneRule(s, o)
	if err != nil {
		return err
	}
	found, err := s.store.Prunable(rule)
	if err != nil {
		return err
	}
	if !o.dryRun {
		if _, err := s.store.Prune(rule, s.event); err != nil {
			return err
		}
	}
	if s.global.json {
		if found == nil {
			found = []state.Pruning{}
		}
		return s.document(map[string]any{"format_version": eventFormat, "dry_run": o.dryRun, "snapshots": found})
	}
	printPruned(s, found, o.dryRun)
	return nil
}

func pruneRule(s *session, o snapshotPruneOptions) (state.PruneRule, error) {
	rule := state.PruneRule{Keep: o.keep, Source: o.source, Configured: sourceNames(s.cfg), Now: s.env.now()}
	if o.olderThan == "" && o.keep < 0 {
		return rule, diag.Errorf("usage", "Command line is wrong", "Say what may go: -older-than=30d, -keep=5, or both; see rehome snapshot prune -help.")
	}
	if o.olderThan != "" {
		age, err := parseAge("older-than", o.olderThan)
		if err != nil {
			return rule, err
		}
		rule.Before = s.env.now().Add(-age)
	}
	return rule, nil
}

func printPruned(s *session, found []state.Pruning, dryRun bool) {
	verb := "deleted"
	if dryRun {
		verb = "would be deleted"
	}
	gone := 0
	for _, p := range found {
		what := fmt.Sprintf("%s  %s, %s, begun %s, %s", p.Snapshot.ID, p.Snapshot.Source, p.Snapshot.Status, view.Ago(p.Snapshot.StartedAt, s.env.now()), view.Plural(p.Snapshot.Total(), "item", "items"))
		if p.Kept != "" {
			fmt.Fprintf(s.env.out, "= %s: stays, as %s\n", what, view.Clean(p.Kept))
			continue
		}
		gone++
		if n := len(p.Assessments); n > 0 {
			what += ", " + view.Plural(n, "assessment", "assessments")
		}
		fmt.Fprintf(s.env.out, "- %s\n", what)
	}
	fmt.Fprintf(s.env.out, "%s %s, %s all the same.\n", view.Plural(gone, "snapshot", "snapshots"), verb, view.Plural(len(found)-gone, "stays", "stay"))
}
