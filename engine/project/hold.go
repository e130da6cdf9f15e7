package project

import (
	"context"
	"errors"
	"time"

	"github.com/rehome-iam/rehome/state"
)

// statePatience is how long a transaction waits at least for that of another process: two of them meet now and then,
// for as long as a transaction lasts. The longest is the flush of a collection, some seconds on a slow disk.
const statePatience = 15 * time.Second

// Hold records that this process does work that may not run twice at a time, and calls do with a context that ends when
// the work was taken over. Subject is what the work is about beyond its migration: a source, a snapshot. Writes is the
// id of the snapshot, assessment or run that the work fills. Both may be empty. It fails with *state.ActiveError when
// the work runs already and does not end within LockTimeout. The state must be open.
func (p *Project) Hold(
	ctx context.Context, work state.Work, subject, writes string, do func(context.Context, state.Activity) error,
) error {
	a := state.Activity{
		ID: p.NewID("w"), Work: work, Subject: subject, Writes: writes, Actor: p.Actor(), Command: p.Command,
		Process: state.ThisProcess(p.Host),
	}
	if work != state.WorkRotate && work != state.WorkInit {
		a.Tenant, a.Migration = p.configuration.Migration.Tenant, p.configuration.Migration.Name
	}
	options := state.BeginOptions{Now: p.Now, Wait: p.LockTimeout}
	if p.LockTimeout > 0 {
		options.Waiting = func(active *state.ActiveError) { p.Note("Waiting at most %s: %v", p.LockTimeout, active) }
	}
	held, h, err := p.store.Begin(ctx, a, options)
	if err != nil {
		return err
	}
	err = do(held, h.Activity)
	if cause := context.Cause(held); err != nil && errors.Is(cause, state.ErrTakenOver) {
		err = errors.Join(cause, err)
	}
	if ended := h.End(); err == nil {
		return ended
	}
	return err
}

// Activities are the work that runs for this tenant, and what runs for the whole state. Some of it may be over: see
// state.Activity.Over.
func (p *Project) Activities() ([]state.Activity, error) {
	running, err := p.store.Activities()
	var own []state.Activity
	for _, a := range running {
		if a.Tenant == "" || a.Tenant == p.configuration.Migration.Tenant {
			own = append(own, a)
		}
	}
	return own, err
}
