package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Work is what may not run twice at a time.
type Work string

// The work that is guarded: a collection by its source, an assessment by its snapshot, an apply and a rehearsal by
// their migration. A rotation of the key wants the whole state for itself, as every other work writes with the key.
const (
	WorkCollect  Work = "collect"
	WorkAssess   Work = "assess"
	WorkApply    Work = "apply"
	WorkRehearse Work = "rehearse"
	WorkRotate   Work = "rotate-key"
	WorkInit     Work = "init"
)

// A process says BeatEvery that it is alive. What was not said for StaleAfter is over, wherever its process was.
const (
	beatEvery  = 10 * time.Second
	StaleAfter = time.Minute
)

// ErrTakenOver is the cause of the end of the context of work that somebody else does now: its process was thought
// dead, or its record was removed.
var ErrTakenOver = errors.New("the work was taken over or unlocked by another process")

// Activity is the record of work that runs.
type Activity struct {
	ID        string `json:"id"` // what force-unlock must be told
	Work      Work   `json:"work"`
	Tenant    string `json:"tenant,omitempty"`
	Migration string `json:"migration,omitempty"`
	Subject   string `json:"subject,omitempty"` // a source, a snapshot
	Writes    string `json:"writes,omitempty"`  // id of the snapshot, assessment or run that the work fills
	Actor     string `json:"actor"`
	Command   string `json:"command"`
	Process
	Since time.Time `json:"since"`
	Seen  time.Time `json:"seen"` // last seen alive
}

// What is the work in words.
func (a Activity) What() string {
	switch a.Work {
	case WorkCollect:
		return "collection of " + a.Subject
	case WorkAssess:
		return "assessment of snapshot " + a.Subject
	case WorkApply:
		return "apply of migration " + a.Migration
	case WorkRehearse:
		return "rehearsal of migration " + a.Migration
	case WorkRotate:
		return "rotation of the state's key"
	case WorkInit:
		return "init of this state"
	}
	return string(a.Work)
}

// String says what runs, where, and since when.
func (a Activity) String() string {
	return fmt.Sprintf("%s: %s by %s on %s, process %d, %s, since %s, last seen alive %s",
		a.ID, a.What(), a.Actor, a.Host, a.PID, a.Command, a.Since.UTC().Format(time.RFC3339),
		a.Seen.UTC().Format(time.RFC3339))
}

// Over tells whether the work has ended without saying so: its process is dead as far as this host can tell, or was not
// seen alive.
func (a Activity) Over(host string, now time.Time) bool {
	return a.Dead(host) || now.Sub(a.Seen) > StaleAfter
}

// bars tells whether two works may not run side by side.
func (a Activity) bars(b Activity) bool {
	if a.Work == WorkRotate || b.Work == WorkRotate {
		return true
	}
	return a.Work == b.Work && a.Tenant == b.Tenant && a.Migration == b.Migration && a.Subject == b.Subject
}

// ActiveError says that work runs already that may not run beside what was asked for.
type ActiveError struct {
	Activity Activity
	Age      time.Duration
}

// Error names what is under way, by whom and since when.
func (e *ActiveError) Error() string {
	return fmt.Sprintf("it is under way already, for %s: %s", e.Age.Round(time.Second), e.Activity)
}

// BeginOptions of a work.
type BeginOptions struct {
	Now     func() time.Time
	Wait    time.Duration      // how long to wait for work that bars this one
	Waiting func(*ActiveError) // hears of it once, before the first wait; may be nil
	Beat    time.Duration      // BeatEvery unless set
}

// Held is work that runs under a record.
type Held struct {
	Activity Activity

	store  *Store
	now    func() time.Time
	lose   context.CancelCauseFunc
	stop   chan struct{}
	beaten sync.WaitGroup
}

const (
	activityPrefix = "activity/"
	askActivity    = 200 * time.Millisecond
)

// Begin records that work runs, and that its process is alive until End. The work goes on under the returned context,
// which ends with ErrTakenOver when the record is not ours any more. Work of a process that is dead or was not seen
// alive is taken over. It fails with *ActiveError.
func (s *Store) Begin(ctx context.Context, a Activity, options BeginOptions) (context.Context, *Held, error) {
	end := time.Now().Add(options.Wait)
	for first := true; ; first = false {
		a.Since = options.Now().UTC()
		a.Seen = a.Since
		err := s.begin(a)
		var active *ActiveError
		if err == nil {
			break
		}
		if !errors.As(err, &active) || time.Now().After(end) {
			return ctx, nil, err
		}
		if first && options.Waiting != nil {
			options.Waiting(active)
		}
		select {
		case <-ctx.Done():
			return ctx, nil, err
		case <-time.After(askActivity):
		}
	}
	ctx, lose := context.WithCancelCause(ctx)
	h := &Held{Activity: a, store: s, now: options.Now, lose: lose, stop: make(chan struct{})}
	h.beaten.Go(func() { h.beat(cmp.Or(options.Beat, beatEvery)) })
	return ctx, h, nil
}

func (s *Store) begin(a Activity) error {
	return s.backend.Update(func(tx Tx) error {
		others, err := s.activities(tx)
		if err != nil {
			return err
		}
		for _, other := range others {
			switch {
			case !a.bars(other):
			case !other.Over(a.Host, a.Since):
				return &ActiveError{Activity: other, Age: a.Since.Sub(other.Since)}
			default:
				if err := tx.Delete(bucketRecords, activityPrefix+other.ID); err != nil {
					return err
				}
			}
		}
		return s.put(tx, bucketRecords, activityPrefix+a.ID, a)
	})
}

// Activities lists the work whose records stand, of every migration. Some of it may be over: see Activity.Over.
func (s *Store) Activities() ([]Activity, error) {
	var all []Activity
	err := s.backend.View(func(tx Tx) (err error) {
		all, err = s.activities(tx)
		return err
	})
	return all, err
}

func (s *Store) activities(tx Tx) ([]Activity, error) {
	var all []Activity
	err := tx.Each(bucketRecords, activityPrefix, func(key string, sealed []byte) error {
		var a Activity
		if err := s.decode(bucketRecords, key, sealed, &a); err != nil {
			return err
		}
		all = append(all, a)
		return nil
	})
	return all, err
}

// Unlock removes the record of work, with its audit event. Whoever still does it stops at its next sign of life. An id
// that no record has is ErrNotFound.
func (s *Store) Unlock(id string, event Event) error {
	return s.backend.Update(func(tx Tx) error {
		if tx.Get(bucketRecords, activityPrefix+id) == nil {
			return fmt.Errorf("activity %s: %w", id, ErrNotFound)
		}
		if err := tx.Delete(bucketRecords, activityPrefix+id); err != nil {
			return err
		}
		return s.audit(tx, event)
	})
}

// beat says that the work is alive until End, or until the record is not ours.
func (h *Held) beat(every time.Duration) {
	seen := h.now()
	for {
		select {
		case <-h.stop:
			return
		case <-time.After(every):
		}
		now := h.now()
		err := h.change(func(tx Tx) error {
			a := h.Activity
			a.Seen = now.UTC()
			return h.store.put(tx, bucketRecords, activityPrefix+a.ID, a)
		})
		switch {
		case err == nil:
			seen = now
		case errors.Is(err, ErrTakenOver), h.now().Sub(seen) > StaleAfter: // unseen for so long, it may have been taken over
			h.lose(ErrTakenOver)
			return
		}
	}
}

// change writes to the record if it still is ours.
func (h *Held) change(do func(Tx) error) error {
	return h.store.backend.Update(func(tx Tx) error {
		if tx.Get(bucketRecords, activityPrefix+h.Activity.ID) == nil {
			return ErrTakenOver
		}
		return do(tx)
	})
}

// End removes the record. It fails with ErrTakenOver when it was not ours any more.
func (h *Held) End() error {
	close(h.stop)
	h.beaten.Wait()
	h.lose(nil)
	err := h.change(func(tx Tx) error { return tx.Delete(bucketRecords, activityPrefix+h.Activity.ID) })
	if err != nil {
		return fmt.Errorf("ending the record of the %s: %w", h.Activity.What(), err)
	}
	return nil
}
