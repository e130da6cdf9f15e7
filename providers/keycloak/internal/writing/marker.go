package writing

import (
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// MarkerClient is the client that holds the marker: nobody can sign in to it.
func MarkerClient(attributes object.Object) object.Object {
	return object.Object{
		"clientId": realm.MarkerClient, "name": "rehome marker", "enabled": false, "protocol": gating.ProtocolOIDC,
		"description":  "Holds the state of a migration by rehome. Do not delete it while the migration runs.",
		"publicClient": false, "standardFlowEnabled": false, "implicitFlowEnabled": false, "directAccessGrantsEnabled": false,
		"serviceAccountsEnabled": false, "redirectUris": []any{}, "attributes": attributes,
	}
}
