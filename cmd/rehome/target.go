package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/surveying"
)

func targetCommand() Command {
	return Command{
		Path:  "target",
		Group: groupProgram,
		Short: "Read the target for those who may not, or take one over",
		Long: `Snapshot reads what the target holds into an encrypted file, on a runner that has its credential. A pull request then plans from the
file, without a credential of the target: rehome plan -target-snapshot=FILE. Adopt takes over the target of an archived migration.`,
		Example: "  rehome target snapshot -out=target.age",
	}
}

func targetSnapshotCommand() Command {
	var in surveying.Input
	return Command{
		Path:  "target snapshot",
		Class: classRead,
		Codes: []string{"target-snapshot-unusable"},
		Short: "Write what the target holds into an encrypted file",
		Long: `Snapshot reads the target as a plan does and writes identity, marker, resources and the time into a new file, encrypted with age for the
recipients; without -recipient for the key of this state. It holds no secret, but names of applications and groups. It is as old as a
snapshot of a source may be (max_snapshot_age), then plans from it are drafts. Apply reads the live target whatever it was planned from.`,
		Example: "  rehome target snapshot -out=target.age -recipient=age1…\n  rehome plan -target-snapshot=target.age",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&in.Out, "out", "", "the file to write (required)")
			f.StringArrayVar(&in.Recipients, "recipient", nil, "encrypt for this age public key; may be repeated")
		},
		Needs: map[string]string{"out": "name the file to write, such as target.age"},
		Run: func(ctx context.Context, r *call) error {
			snapshot, err := surveying.Take(ctx, r.Project, in)
			if err != nil {
				return err
			}
			fields := map[string]any{"target": snapshot.Target, "identity": snapshot.Identity.Identity,
				"taken_at":  snapshot.TakenAt,
				"resources": len(snapshot.Resources), "requests": snapshot.Requests}
			return r.tell("target_snapshot", fields, "%s  %s: %s (%s), encrypted into %s", snapshot.Target,
				phrase.Clean(snapshot.Identity.Summary), phrase.Plural(len(snapshot.Resources), "resource", "resources"),
				phrase.Plural(snapshot.Requests, "request", "requests"), in.Out)
		},
	}
}
