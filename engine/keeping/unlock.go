package keeping

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Unlocked is a lock that was taken away.
type Unlocked struct {
	Work   string // what may run again; empty for the lease on the target
	Holder string // who had it
}

// ForceUnlock takes the record of work, or the lease on the target, away from a process that is gone. The id is that of
// the lock, so that nobody takes away another one than he means; evenAlive takes it from a live process too.
func ForceUnlock(ctx context.Context, p *project.Project, id string, evenAlive bool) (*Unlocked, error) {
	if _, err := p.State(ctx); err != nil {
		return nil, err
	}
	running, err := p.Activities()
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(running, func(a state.Activity) bool { return a.ID == id }); at >= 0 {
		return unlockActivity(p, running[at], evenAlive)
	}
	target, _, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	marker, revision, err := target.ReadMarker(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the marker: %w", err)
	}
	if err := contract.CheckOwner(marker, p.Owner()); err != nil {
		return nil, err
	}
	holder := apply.HolderOf(marker.Lease)
	if holder.ID != id {
		return nil, unknownLock(holder, running)
	}
	if err := mayUnlock(p, state.Process{Host: holder.Host, PID: holder.PID}, holder.Command, evenAlive); err != nil {
		return nil, err
	}
	marker.Lease = contract.Lease{}
	marker.Fence++ // whoever still works under the old number stops
	if _, err := target.WriteMarker(ctx, marker, revision); err != nil {
		return nil, fmt.Errorf("taking the lease away: %w", err)
	}
	forced := p.Event(audit.TargetLockForced, id, map[string]string{"holder": holder.String()})
	return &Unlocked{Holder: holder.String()}, p.Migration().Note(forced)
}

// unlockActivity removes the record of work from the state.
func unlockActivity(p *project.Project, a state.Activity, evenAlive bool) (*Unlocked, error) {
	if err := mayUnlock(p, a.Process, a.Command, evenAlive); err != nil {
		return nil, err
	}
	forced := p.Event(audit.StateLockForced, a.ID, map[string]string{"holder": a.String()})
	return &Unlocked{Work: a.What(), Holder: a.String()}, p.Store().Unlock(a.ID, forced)
}

// unknownLock says what is locked where the given id is none of it.
func unknownLock(holder apply.Holder, running []state.Activity) error {
	var held []string
	for _, a := range running {
		held = append(held, phrase.Clean(a.String()))
	}
	if holder.ID != "" {
		held = append(held, "the target by "+phrase.Clean(holder.String()))
	}
	if len(held) == 0 {
		return diag.Errorf("lock-none", "Nothing is locked",
			"Nobody has a lease on the target, and the state has no record of work that runs.")
	}
	return diag.Errorf("lock-id-wrong", "Lock has another id", "This is held:\n%s\n"+
		"Give the id of that lock, the first word, when you know that its process is gone.", strings.Join(held, "\n"))
}

// mayUnlock refuses for a process that is there, unless that was said.
func mayUnlock(p *project.Project, holder state.Process, command string, evenAlive bool) error {
	switch {
	case holder.Host != p.Host || holder.Dead(p.Host) || holder.PID <= 0:
		return nil
	case !evenAlive:
		return diag.Errorf("lock-holder-alive", "Holder is alive",
			"Process %d (%s) is alive on this host and may be at work. End it first: kill %d.\n"+
				"If it is another process that got the same number, say so with -alive.", holder.PID, phrase.Clean(command),
			holder.PID)
	}
	p.Warn(diag.Warningf("lock-holder-alive", "Holder is alive",
		"Process %d is alive on this host; it stops at its next step or sign of life.", holder.PID))
	return nil
}
