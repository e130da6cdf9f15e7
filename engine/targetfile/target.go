package targetfile

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Target is what is read of a target: from its plugin, or from a Snapshot.
type Target interface {
	Identify(ctx context.Context) (contract.TargetIdentity, error)
	ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error)
	Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error)
}

// Take reads all there is to know. The marker is read last: a lease that begins in between shows in it.
func Take(ctx context.Context, target Target) (Snapshot, error) {
	var s Snapshot
	var err error
	if s.Head.Identity, err = target.Identify(ctx); err != nil {
		return s, fmt.Errorf("asking the target who it is: %w", err)
	}
	summary, err := target.Read(ctx, func(r identity.Resource) error {
		s.Resources = append(s.Resources, r)
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("reading the target: %w", err)
	}
	s.Requests = summary.Requests
	if s.Marker, _, err = target.ReadMarker(ctx); err != nil {
		return s, fmt.Errorf("reading the marker: %w", err)
	}
	return s, nil
}

// Identify implements Target.
func (s Snapshot) Identify(context.Context) (contract.TargetIdentity, error) {
	return s.Head.Identity, nil
}

// ReadMarker implements Target. There is no revision: nothing is ever written on the strength of a file.
func (s Snapshot) ReadMarker(context.Context) (contract.Marker, contract.MarkerRevision, error) {
	return s.Marker, "", nil
}

// Read implements Target.
func (s Snapshot) Read(_ context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	for _, r := range s.Resources {
		if err := each(r); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Resources: len(s.Resources)}, nil
}
