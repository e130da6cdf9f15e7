package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/keeping"
	"github.com/rehome-iam/rehome/engine/phrase"
)

func forceUnlockCommand() Command {
	alive := false
	return Command{
		Path: "force-unlock", Args: "ID",
		Group: groupProgram,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []string{"lock-none", "lock-id-wrong", "lock-holder-alive"},
		Short: "Take a lock away from a process that is gone",
		Long: `What may not run twice (a collection of a source, an apply, a rehearsal, a rotation of the key) has a record in the state, and an apply a
lease on the target too. A refusal names the holder and the id. When that process is known to be gone and this host cannot see it, this
command takes the record or the lease away; without it, a record ends a minute after the last sign of life, a lease two minutes after
it was renewed. Whoever still works under it stops at its next step or sign of life.`,
		Example: "  rehome force-unlock r-2026-11-22-91fb8ddc",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&alive, "alive", false, "also from a process that is alive on this host")
		},
		Run: func(ctx context.Context, r *call) error {
			unlocked, err := keeping.ForceUnlock(ctx, r.Project, r.arg(0), alive)
			if err != nil {
				return err
			}
			fields := map[string]any{"id": r.arg(0), "work": unlocked.Work, "holder": unlocked.Holder}
			if unlocked.Work == "" {
				return r.tell("lock_taken_away", fields, "The target is free. It was held by %s.", phrase.Clean(unlocked.Holder))
			}
			return r.tell("lock_taken_away", fields, "The %s may run again. It was held by %s.",
				phrase.Clean(unlocked.Work), phrase.Clean(unlocked.Holder))
		},
	}
}
