package keycloak

import (
	"context"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
)

// ReadMarker reads the marker. Where there is none, marker and revision are empty.
func (t *Target) ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error) {
	if err := t.configured(); err != nil {
		return contract.Marker{}, "", err
	}
	return writing.ReadMarker(ctx, t.client)
}

// WriteMarker writes the marker when it still is the one it is based on.
func (t *Target) WriteMarker(ctx context.Context, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	if err := t.configured(); err != nil {
		return "", err
	}
	defer t.locks.hold("client:" + realm.MarkerClient)()
	revision, err := writing.WriteMarker(ctx, t.client, marker, basedOn)
	return revision, admin.Outward("writing the marker", err)
}
