package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Markers is where the marker lives.
type Markers interface {
	ReadMarker(ctx context.Context) (identity.Marker, identity.MarkerRevision, error)
	WriteMarker(ctx context.Context, marker identity.Marker, basedOn identity.MarkerRevision) (identity.MarkerRevision, error)
}

// LeaseTime is how long a lease lasts without being renewed.
const LeaseTime = 2 * time.Minute

// Errors that callers branch on.
var ErrSuperseded = errors.New("a later plan of this migration was previewed")

// HeldError says that somebody else writes to the target.
type HeldError struct {
	Holder  string
	Expires string
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("the target is being written by %s (its lease ends %s)", e.Holder, e.Expires)
}

// Lease is the right to write to a target. Update and Release are safe for many goroutines.
type Lease struct {
	markers  Markers
	now      func() time.Time
	mutex    sync.Mutex
	marker   identity.Marker
	revision identity.MarkerRevision
	stop     chan struct{}
	stopped  sync.WaitGroup
	lost     error
}

// Claim says who wants to write, and with which plan. CreatedAt is when the plan was previewed.
type Claim struct {
	Migration string
	Holder    string
	PlanHash  string
	CreatedAt time.Time
}

// superseded tells whether the marker names another plan that was not previewed before ours; times are whole seconds. A plan made
// with view rights only leaves no mark, so an older mark does not stop it.
func (c Claim) superseded(marker identity.Marker) bool {
	if marker.PreviewedPlan == "" || marker.PreviewedPlan == c.PlanHash {
		return false
	}
	at, err := time.Parse(time.RFC3339, marker.PreviewedAt)
	return err != nil || !at.Before(c.CreatedAt)
}

// CheckClaim reads the marker and fails as TakeLease would, without writing: *HeldError or ErrSuperseded.
func CheckClaim(ctx context.Context, markers Markers, claim Claim, now func() time.Time) (identity.Marker, identity.MarkerRevision, error) {
	marker, revision, err := markers.ReadMarker(ctx)
	if err != nil {
		return marker, revision, fmt.Errorf("reading the marker: %w", err)
	}
	if marker.Migration != "" && marker.Migration != claim.Migration {
		return marker, revision, fmt.Errorf("the target belongs to migration %q, not %q", marker.Migration, claim.Migration)
	}
	if until, err := time.Parse(time.RFC3339, marker.LeaseExpires); marker.LeaseHolder != "" && (err != nil || now().Before(until)) {
		return marker, revision, &HeldError{Holder: marker.LeaseHolder, Expires: marker.LeaseExpires}
	}
	if claim.superseded(marker) {
		return marker, revision, fmt.Errorf("%w (%s, at %s)", ErrSuperseded, marker.PreviewedPlan, marker.PreviewedAt)
	}
	return marker, revision, nil
}

// TakeLease takes the lease when nobody else has it, and renews it until Release. It fails with *HeldError, or with ErrSuperseded when
// a later plan was previewed.
func TakeLease(ctx context.Context, markers Markers, claim Claim, now func() time.Time) (*Lease, error) {
	marker, revision, err := CheckClaim(ctx, markers, claim, now)
	if err != nil {
		return nil, err
	}
	marker.Migration, marker.LeaseHolder = claim.Migration, claim.Holder
	marker.LeaseExpires = now().Add(LeaseTime).UTC().Format(time.RFC3339)
	marker.Fence++
	revision, err = markers.WriteMarker(ctx, marker, revision)
	if err != nil {
		return nil, fmt.Errorf("taking the lease: %w", err)
	}
	l := &Lease{markers: markers, now: now, marker: marker, revision: revision, stop: make(chan struct{})}
	l.stopped.Add(1)
	go l.renew(context.WithoutCancel(ctx))
	return l, nil
}

func (l *Lease) renew(ctx context.Context) {
	defer l.stopped.Done()
	ticker := time.NewTicker(LeaseTime / 3)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			if err := l.Update(ctx, func(*identity.Marker) {}); err != nil {
				return
			}
		}
	}
}

// Update changes the marker under the lease. It fails when the lease was lost.
func (l *Lease) Update(ctx context.Context, change func(*identity.Marker)) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.lost != nil {
		return l.lost
	}
	next := l.marker
	next.Bindings = maps.Clone(l.marker.Bindings)
	change(&next)
	if next.LeaseHolder != "" {
		next.LeaseExpires = l.now().Add(LeaseTime).UTC().Format(time.RFC3339)
	}
	revision, err := l.markers.WriteMarker(ctx, next, l.revision)
	if err != nil {
		l.lost = fmt.Errorf("writing the marker: %w", err)
		return l.lost
	}
	l.marker, l.revision = next, revision
	return nil
}

// Marker is the marker as last written.
func (l *Lease) Marker() identity.Marker {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.marker
}

// Release gives the lease back, with a last change of the marker.
func (l *Lease) Release(ctx context.Context, change func(*identity.Marker)) error {
	close(l.stop)
	l.stopped.Wait()
	return l.Update(ctx, func(m *identity.Marker) {
		change(m)
		m.LeaseHolder, m.LeaseExpires = "", ""
	})
}
