package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state"
)

func forceUnlockCommand() Command {
	alive := false
	return Command{
		Path: "force-unlock", Args: "ID",
		Group: groupProgram,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []config.Code{
			{Code: "lock-none", Cause: "force-unlock found no lock.", Cure: "Nothing."},
			{Code: "lock-id-wrong", Cause: "force-unlock was given another id than that of the lock.", Cure: "Give the id that the message names, when its process is known to be gone."},
			{Code: "lock-holder-alive", Cause: "The process that holds the lease is alive on this host.", Cure: "End it, or give -alive when it is another process of that number."},
		},
		Short: "Take a lock away from a process that is gone",
		Long: `An apply holds the state on its machine and a lease on the target. A refusal names the holder and the id of its lock. When that process
is known to be gone and cannot give the lease back, this command does. Whoever still works under it stops within seconds, at its next
step. The lock of a state file ends with its process and needs no force.`,
		Example: "  rehome force-unlock r-2026-11-22-91fb8ddc",
		Takes:   cobra.ExactArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&alive, "alive", false, "also from a process that is alive on this host")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runForceUnlock(ctx, s, r.args[0], alive)
		},
	}
}

func runForceUnlock(ctx context.Context, s *session, id string, evenAlive bool) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if _, err := s.openState(); err != nil {
		return stateStillHeld(err)
	}
	providers, err := s.providers()
	if err != nil {
		return err
	}
	target, _, err := providers.target(ctx, cfg.Target, cfg)
	if err != nil {
		return err
	}
	defer target.Close()
	marker, revision, err := target.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	holder := apply.HolderOf(marker.Lease)
	if err := mayUnlock(s, holder, id, evenAlive); err != nil {
		return err
	}
	marker.Lease = identity.Lease{}
	marker.Fence++ // whoever still works under the old number stops
	if _, err := target.WriteMarker(ctx, marker, revision); err != nil {
		return fmt.Errorf("taking the lease away: %w", err)
	}
	if err := s.store.Note(s.event("migration.target_lock.forced", id, map[string]string{"holder": holder.String()})); err != nil {
		return err
	}
	fmt.Fprintf(s.env.out, "The target is free. It was held by %s.\n", view.Clean(holder.String()))
	return nil
}

// mayUnlock refuses without the right id, and for a process that is there, unless that was said.
func mayUnlock(s *session, holder apply.Holder, id string, evenAlive bool) error {
	switch {
	case holder.ID == "":
		return diag.Errorf("lock-none", "Nothing is locked", "Nobody has a lease on the target, and the state is free.")
	case holder.ID != id:
		return diag.Errorf("lock-id-wrong", "Lock has another id", "The target is held by %s.\nGive the id of that lock, the first word, when you know that its process is gone.", view.Clean(holder.String()))
	case holder.Host != s.env.host || !alive(holder.PID):
		return nil
	case !evenAlive:
		return diag.Errorf("lock-holder-alive", "Holder is alive", "Process %d (%s) is alive on this host and may be writing. End it first: kill %d.\nIf it is another process that got the same number, say so with -alive.", holder.PID, view.Clean(holder.Command), holder.PID)
	}
	fmt.Fprintf(s.env.err, "Warning: process %d is alive on this host; it stops at its next step\n", holder.PID)
	return nil
}

// stateStillHeld explains that the lock of a file cannot be taken away.
func stateStillHeld(err error) error {
	var locked *state.LockedError
	if !errors.As(err, &locked) {
		return err
	}
	return &statusError{status: exitLocked, err: diag.Errorf("state-locked", "State is locked by a live process", "State %s is held by %s. The system gives that lock back when the process ends, so nothing needs force: end the process.", locked.Path, locked.Holder)}
}
