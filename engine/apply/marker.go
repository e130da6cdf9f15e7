package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/lifecycle"
)

// ErrRevoked says that the hash of a plan was taken back.
var ErrRevoked = errors.New("the plan was revoked")

// CheckPlan tells whether a plan, by its hash and when it was made, may still be applied as far as the marker says:
// nobody revoked it, and no plan that was made after it was applied. It fails with ErrRevoked or ErrSuperseded.
func CheckPlan(marker contract.Marker, hash string, made time.Time) error {
	if slices.Contains(marker.Revoked, hash) {
		return ErrRevoked
	}
	if marker.AppliedPlan == "" || marker.AppliedPlan == hash || marker.AppliedMade == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, marker.AppliedMade)
	if err != nil || at.After(made) {
		return fmt.Errorf("%w: %s, made at %s, was applied", ErrSuperseded, marker.AppliedPlan, marker.AppliedMade)
	}
	return nil
}

// keptRevocations is how many hashes a marker remembers. A plan is over after a day unless the configuration gives it
// longer.
const keptRevocations = 100

// Revoke notes in the marker that nobody may apply a plan any more. It tells whether that was said before. It fails
// with *contract.ForeignError, and with *HeldError while somebody writes to the target: the run that goes on would lose
// its lease.
func Revoke(ctx context.Context, markers Markers, owner contract.Owner, hash string, now func() time.Time,
) (already bool, err error) {
	marker, revision, err := ownMarker(ctx, markers, owner, now)
	if err != nil || slices.Contains(marker.Revoked, hash) {
		return err == nil, err
	}
	revoked := append(slices.Clone(marker.Revoked), hash)
	marker.Migration, marker.Tenant = owner.Migration, owner.Tenant
	marker.Revoked = revoked[max(0, len(revoked)-keptRevocations):]
	if _, err := markers.WriteMarker(ctx, marker, revision); err != nil {
		return false, fmt.Errorf("noting the revocation in the target: %w", err)
	}
	return false, nil
}

// ownMarker reads a marker that may be written by its owner now.
func ownMarker(ctx context.Context, markers Markers, owner contract.Owner, now func() time.Time) (contract.Marker,
	contract.MarkerRevision, error) {
	marker, revision, err := markers.ReadMarker(ctx)
	if err != nil {
		return marker, revision, fmt.Errorf("reading the marker: %w", err)
	}
	if err := contract.CheckOwner(marker, owner); err != nil {
		return marker, revision, err
	}
	return marker, revision, heldBy(marker, nil, now())
}

// heldBy is the *HeldError of somebody who may write to the target now, nil when nobody does.
func heldBy(marker contract.Marker, dead func(Holder) bool, now time.Time) error {
	until, err := time.Parse(time.RFC3339, marker.Lease.Expires)
	if marker.Lease.ID == "" || err == nil && !now.Before(until) {
		return nil
	}
	holder := HolderOf(marker.Lease)
	if dead != nil && dead(holder) {
		return nil
	}
	held := &HeldError{Holder: holder, Expires: marker.Lease.Expires}
	if !holder.Since.IsZero() {
		held.Age = now.Sub(holder.Since)
	}
	return held
}

// Adopt gives a target to a migration that follows an archived one of its tenant: what that one made is the follower's
// from here on. It fails with *lifecycle.Refusal, *ForeignError or *HeldError.
func Adopt(ctx context.Context, markers Markers, from, to lifecycle.Migration, now func() time.Time) error {
	if err := lifecycle.MayFollow(from, to); err != nil {
		return err
	}
	marker, revision, err := markers.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if marker.Migration == to.Name && marker.Tenant == to.Tenant {
		return nil // an earlier try came as far as this
	}
	was := contract.Owner{Migration: from.Name, Tenant: from.Tenant}
	if err := errors.Join(contract.CheckOwner(marker, was), heldBy(marker, nil, now())); err != nil {
		return err
	}
	if marker.Migration == "" {
		return lifecycle.Refuse(lifecycle.RuleNothingToAdopt,
			"the target has no marker: it is nobody's, and the first apply takes it")
	}
	marker.Migration, marker.Tenant = to.Name, to.Tenant
	marker.AppliedPlan, marker.AppliedMade = "", "" // plans of the archived migration are over anyway
	marker.Fence++
	if _, err := markers.WriteMarker(ctx, marker, revision); err != nil {
		return fmt.Errorf("writing the marker: %w", err)
	}
	return nil
}

// Refused tells whether an error of TakeLease says that somebody else has the target, or that the plan is over: nothing
// was written then.
func Refused(err error) bool {
	var held *HeldError
	var foreign *contract.ForeignError
	return errors.As(err, &held) || errors.As(err, &foreign) || errors.Is(err, ErrSuperseded) || errors.Is(err, ErrRevoked)
}
