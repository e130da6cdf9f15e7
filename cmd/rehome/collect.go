package main

import (
	"context"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

func collectCommand() Command {
	return Command{
		Path: "collect", Args: "[source...]",
		Group: groupUsual,
		Class: classManage,
		Codes: []string{"source-unknown"},
		Short: "Read the incumbents into snapshots",
		Long: "Collect reads every source, or the named ones, and keeps what it reads as a snapshot. It never writes " +
			"to a source.",
		Example: "  rehome collect\n  rehome collect okta.corp",
		Run: func(ctx context.Context, r *call) error {
			return runCollect(ctx, r, r.args)
		},
	}
}

func runCollect(ctx context.Context, r *call, names []string) error {
	err := reading.CollectNamed(ctx, r.Project, names, func(snapshot state.Snapshot) {
		if !r.global.json {
			readings.Collected(r.env.out, snapshot)
		}
	})
	if err != nil {
		return err
	}
	r.next("rehome assess")
	return nil
}
