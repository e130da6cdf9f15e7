package writing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// fenceKey is the attribute of the marker client in which people see the fence.
const fenceKey = "rehome.fence"

// ReadMarker reads the marker: an attribute of a disabled client. Where there is none, marker and revision are empty.
func ReadMarker(ctx context.Context, c *current.Realm) (contract.Marker, contract.MarkerRevision, error) {
	live, err := c.Application(ctx, realm.MarkerClient)
	if err != nil || live == nil {
		return contract.Marker{}, "", admin.Outward("reading the marker", err)
	}
	stored := markerText(live)
	if stored == "" {
		return contract.Marker{}, revisionOf(stored), nil
	}
	var marker contract.Marker
	if err := json.Unmarshal([]byte(stored), &marker); err != nil {
		return contract.Marker{}, "", &contract.ProviderError{Code: contract.ErrorInvalid, Message: fmt.Sprintf(
			"the marker (attribute %s of client %s) cannot be read; put it right or delete the client", realm.MarkerKey,
			realm.MarkerClient)}
	}
	return marker, revisionOf(stored), nil
}

// WriteMarker writes the marker when it still is the one it is based on. The server knows no conditional write: the
// marker is read again right before and right after, so that of two writers at most one believes that it has won.
func WriteMarker(ctx context.Context, c *current.Realm, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	encoded, err := json.Marshal(marker)
	if err != nil {
		return "", fmt.Errorf("encoding the marker: %w", err)
	}
	live, err := c.Application(ctx, realm.MarkerClient)
	if err != nil {
		return "", err
	}
	attributes := object.Object{realm.MarkerKey: string(encoded), fenceKey: strconv.FormatInt(marker.Fence, 10)}
	switch {
	case live == nil && basedOn != "":
		return "", steps.Conflict(nil, "the marker was deleted")
	case live != nil && basedOn != revisionOf(markerText(live)):
		return "", steps.Conflict(nil, "somebody else has written the marker")
	case live == nil:
		_, err = c.Post(ctx, c.Admin("clients"), markerClient(attributes))
	default:
		err = c.Put(ctx, c.Admin("clients", admin.Text(live, "id")),
			object.Object{"clientId": realm.MarkerClient, "attributes": attributes})
	}
	taken := admin.IsTaken(err) // by a try of ours whose answer was lost, or by somebody else: only what is there tells
	if err != nil && !admin.IsLost(err) && !taken {
		return "", err
	}
	written, readErr := c.Application(ctx, realm.MarkerClient)
	if readErr != nil {
		return "", readErr
	}
	if written == nil || markerText(written) != string(encoded) {
		if err != nil && !taken {
			return "", err
		}
		return "", steps.Conflict(nil, "somebody else has written the marker")
	}
	return revisionOf(string(encoded)), nil
}

// markerClient is a client that nobody can sign in to.
func markerClient(attributes object.Object) object.Object {
	return object.Object{
		"clientId": realm.MarkerClient, "name": "rehome marker", "enabled": false, "protocol": gating.ProtocolOIDC,
		"description":  "Holds the state of a migration by rehome. Do not delete it while the migration runs.",
		"publicClient": false, "standardFlowEnabled": false, "implicitFlowEnabled": false, "directAccessGrantsEnabled": false,
		"serviceAccountsEnabled": false, "redirectUris": []any{}, "attributes": attributes,
	}
}

func markerText(live object.Object) string {
	return admin.Text(admin.Part(live, "attributes"), realm.MarkerKey)
}

func revisionOf(stored string) contract.MarkerRevision {
	digest := sha256.Sum256([]byte(stored))
	return contract.MarkerRevision(hex.EncodeToString(digest[:]))
}
