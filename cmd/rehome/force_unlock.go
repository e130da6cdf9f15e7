package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
		Long: `What may not run twice (a collection of a source, an apply, a rehearsal, a rotation of the key) has a record in
the state, and an apply a lease on the target too. A refusal names the holder and the id. When that process is known to
be gone and this host cannot see it, this command takes the record or the lease away; without it, a record ends a minute
after the last sign of life, a lease two minutes after it was renewed. Whoever still works under it stops at its next step or sign of life.`,
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
		return err
	}
	running, err := s.Activities()
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(running, func(a state.Activity) bool { return a.ID == id }); at >= 0 {
		return unlockActivity(s, running[at], evenAlive)
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
	if err := apply.CheckOwner(marker, s.owner()); err != nil {
		return err
	}
	holder := apply.HolderOf(marker.Lease)
	if holder.ID != id {
		return unknownLock(holder, running)
	}
	if err := mayUnlock(s, state.Process{Host: holder.Host, PID: holder.PID}, holder.Command, evenAlive); err != nil {
		return err
	}
	marker.Lease = identity.Lease{}
	marker.Fence++ // whoever still works under the old number stops
	if _, err := target.WriteMarker(ctx, marker, revision); err != nil {
		return fmt.Errorf("taking the lease away: %w", err)
	}
	facts := map[string]string{"holder": holder.String()}
	if err := s.store.Note(s.event("migration.target_lock.forced", id, facts)); err != nil {
		return err
	}
	fmt.Fprintf(s.env.out, "The target is free. It was held by %s.\n", view.Clean(holder.String()))
	return nil
}

// unlockActivity removes the record of work from the state.
func unlockActivity(s *session, a state.Activity, evenAlive bool) error {
	if err := mayUnlock(s, a.Process, a.Command, evenAlive); err != nil {
		return err
	}
	facts := map[string]string{"holder": a.String()}
	if err := s.whole.Unlock(a.ID, s.event("migration.state_lock.forced", a.ID, facts)); err != nil {
		return err
	}
	fmt.Fprintf(s.env.out, "The %s may run again. It was held by %s.\n", view.Clean(a.What()), view.Clean(a.String()))
	return nil
}

// unknownLock says what is locked where the given id is none of it.
func unknownLock(holder apply.Holder, running []state.Activity) error {
	var held []string
	for _, a := range running {
		held = append(held, view.Clean(a.String()))
	}
	if holder.ID != "" {
		held = append(held, "the target by "+view.Clean(holder.String()))
	}
	if len(held) == 0 {
		return diag.Errorf("lock-none", "Nothing is locked",
			"Nobody has a lease on the target, and the state has no record of work that runs.")
	}
	return diag.Errorf("lock-id-wrong", "Lock has another id",
		"This is held:\n%s\nGive the id of that lock, the first word, when you know that its process is gone.",
		strings.Join(held, "\n"))
}

// mayUnlock refuses for a process that is there, unless that was said.
func mayUnlock(s *session, p state.Process, command string, evenAlive bool) error {
	switch {
	case p.Host != s.env.host || p.Dead(s.env.host) || p.PID <= 0:
		return nil
	case !evenAlive:
		return diag.Errorf("lock-holder-alive", "Holder is alive",
			"Process %d (%s) is alive on this host and may be at work. End it first: kill %d.\n"+
				"If it is another process that got the same number, say so with -alive.", p.PID, view.Clean(command), p.PID)
	}
	fmt.Fprintf(s.env.err, "Warning: process %d is alive on this host; it stops at its next step or sign of life\n", p.PID)
	return nil
}
