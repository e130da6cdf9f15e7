package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
)

// Markers is where the marker lives.
type Markers interface {
	ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error)
	WriteMarker(ctx context.Context, marker contract.Marker,
		basedOn contract.MarkerRevision) (contract.MarkerRevision, error)
}

// LeaseTime is how long a lease lasts without being renewed.
const LeaseTime = 2 * time.Minute

// ErrSuperseded says that a later plan was saved or applied.
var ErrSuperseded = errors.New("a later plan of this migration took its place")

// ErrLeaseLost says that another process writes to the target now, or may.
var ErrLeaseLost = errors.New("the lease on the target was lost")

// HeldError says that somebody else writes to the target.
type HeldError struct {
	Holder  Holder
	Expires string // RFC 3339
	Age     time.Duration
}

// Error names the holder, since when, and until when at most.
func (e *HeldError) Error() string {
	age := ""
	if e.Age > 0 {
		age = ", for " + e.Age.Round(time.Second).String()
	}
	return fmt.Sprintf("the target is being written by %s%s (its lease ends %s)", e.Holder, age, e.Expires)
}

// How often a lease is confirmed with the target at most, and how long taking it waits for another writer to show.
const (
	confirmEvery = 5 * time.Second
	settleTime   = 150 * time.Millisecond
	askAgain     = time.Second // of a lease that somebody else has
)

// Lease is the right to write to a target. Its methods are safe for many goroutines.
type Lease struct {
	markers   Markers
	now       func() time.Time
	mutex     sync.Mutex
	marker    contract.Marker
	revision  contract.MarkerRevision
	unsure    *contract.Marker // what was written last, when no answer came
	confirmed time.Time
	stop      chan struct{}
	stopped   sync.WaitGroup
	lost      error
}

// Claim says who wants to write, for whom, and with which plan. CreatedAt is when the plan was made.
type Claim struct {
	Owner     contract.Owner
	Holder    Holder
	PlanHash  string
	CreatedAt time.Time
	// Dead tells whether a holder is a process of ours that has ended, so that its lease is taken over at once. Nil
	// knows none.
	Dead func(Holder) bool
}

// CheckClaim reads the marker and fails as TakeLease would, without writing: *ForeignError of package
// contract, *HeldError, ErrSuperseded
// or ErrRevoked.
func CheckClaim(ctx context.Context, markers Markers, claim Claim, now func() time.Time) (contract.Marker,
	contract.MarkerRevision, error) {
	marker, revision, err := markers.ReadMarker(ctx)
	if err != nil {
		return marker, revision, fmt.Errorf("reading the marker: %w", err)
	}
	if err := contract.CheckOwner(marker, claim.Owner); err != nil {
		return marker, revision, err
	}
	if err := heldBy(marker, claim.Dead, now()); err != nil {
		return marker, revision, err
	}
	return marker, revision, CheckPlan(marker, claim.PlanHash, claim.CreatedAt)
}

// AwaitClaim checks as CheckClaim does and, while somebody else has the lease, again until limit is over. Held hears of
// the holder once, before the first wait.
func AwaitClaim(ctx context.Context, markers Markers, claim Claim, now func() time.Time, limit time.Duration,
	held func(*HeldError)) error {
	end := now().Add(limit)
	for first := true; ; first = false {
		_, _, err := CheckClaim(ctx, markers, claim, now)
		var other *HeldError
		left := end.Sub(now())
		if !errors.As(err, &other) || left <= 0 {
			return err
		}
		if first {
			held(other)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(min(left, askAgain)):
		}
	}
}

// TakeLease takes the lease when nobody else has it, and renews it until Release. It fails as CheckClaim does.
func TakeLease(ctx context.Context, markers Markers, claim Claim, now func() time.Time) (*Lease, error) {
	marker, revision, err := CheckClaim(ctx, markers, claim, now)
	if err != nil {
		return nil, err
	}
	marker.Migration, marker.Tenant = claim.Owner.Migration, claim.Owner.Tenant
	marker.Lease = claim.Holder.lease(now().Add(LeaseTime))
	marker.Fence++
	revision, err = markers.WriteMarker(ctx, marker, revision)
	if err != nil {
		return nil, fmt.Errorf("taking the lease: %w", err)
	}
	l := &Lease{markers: markers, now: now, marker: marker, revision: revision, stop: make(chan struct{})}
	// A target without conditional writes lets a second writer pass who read before we wrote. After a moment only one
	// is left.
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("taking the lease: %w", errors.Join(ctx.Err(), l.giveBack(context.WithoutCancel(ctx), nil)))
	case <-time.After(settleTime):
	}
	if err := l.Confirm(ctx); err != nil {
		return nil, err
	}
	l.stopped.Add(1)
	go l.renew(context.WithoutCancel(ctx))
	return l, nil
}

// renew writes the marker anew long before it ends. A target that does not answer is asked again until then.
func (l *Lease) renew(ctx context.Context) {
	defer l.stopped.Done()
	wait := LeaseTime / 3
	for {
		select {
		case <-l.stop:
			return
		case <-time.After(wait):
		}
		wait = LeaseTime / 3
		if err := l.Update(ctx, func(*contract.Marker) {}); errors.Is(err, ErrLeaseLost) {
			return
		} else if err != nil {
			wait = LeaseTime / 12
		}
	}
}

// Confirm asks the target whether the lease is still ours, at most every few seconds: a holder that was thought dead
// and went on stops here, because whoever took over has written the marker with a higher fence. It fails with
// ErrLeaseLost.
func (l *Lease) Confirm(ctx context.Context) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.confirm(ctx)
}

func (l *Lease) confirm(ctx context.Context) error {
	if l.lost != nil || l.now().Sub(l.confirmed) < confirmEvery {
		return l.lost
	}
	marker, revision, err := l.markers.ReadMarker(ctx)
	switch {
	case err != nil:
		return l.expired()
	case revision != l.revision && l.unsure != nil && reflect.DeepEqual(marker, *l.unsure):
		l.marker, l.revision = marker, revision // the write whose answer was lost had arrived
	case revision != l.revision:
		l.lost = fmt.Errorf("%w: the marker is now at fence %d and names %q", ErrLeaseLost, marker.Fence, marker.Lease.ID)
		return l.lost
	}
	l.unsure, l.confirmed = nil, l.now()
	return nil
}

// expired says whether the lease has ended without being renewed. Until then a target that does not answer is no reason
// to stop.
func (l *Lease) expired() error {
	if until, err := time.Parse(time.RFC3339, l.marker.Lease.Expires); err == nil && l.now().Before(until) {
		return nil
	}
	l.lost = fmt.Errorf("%w: it could not be renewed in time", ErrLeaseLost)
	return l.lost
}

// Update changes the marker under the lease. It fails when the lease was lost.
func (l *Lease) Update(ctx context.Context, change func(*contract.Marker)) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.unsure != nil {
		l.confirmed = time.Time{}
		if err := l.confirm(ctx); err != nil {
			return err
		}
	}
	if l.lost != nil {
		return l.lost
	}
	next := l.marker
	next.Bindings = maps.Clone(l.marker.Bindings)
	change(&next)
	if next.Lease.ID != "" {
		next.Lease.Expires = l.now().Add(LeaseTime).UTC().Format(time.RFC3339)
	}
	revision, err := l.markers.WriteMarker(ctx, next, l.revision)
	var failure *contract.ProviderError
	if errors.As(err, &failure) && failure.Code == contract.ErrorConflict {
		l.lost = fmt.Errorf("%w: %w", ErrLeaseLost, err)
		return l.lost
	}
	if err != nil {
		if lost := l.expired(); lost != nil {
			return lost
		}
		l.unsure = &next
		return fmt.Errorf("writing the marker: %w", err)
	}
	l.marker, l.revision, l.confirmed = next, revision, l.now()
	return nil
}

// Release gives the lease back, with a last change of the marker.
func (l *Lease) Release(ctx context.Context, change func(*contract.Marker)) error {
	close(l.stop)
	l.stopped.Wait()
	return l.giveBack(ctx, change)
}

// giveBack ends the lease in the marker, after a change where there is one.
func (l *Lease) giveBack(ctx context.Context, change func(*contract.Marker)) error {
	return l.Update(ctx, func(m *contract.Marker) {
		if change != nil {
			change(m)
		}
		m.Lease = contract.Lease{}
	})
}
