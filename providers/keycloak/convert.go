package keycloak

import (
	"context"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/translation"
)

// What a realm makes of an item is the same for a running Keycloak and a realm file: it stands in
// providers/internal/realm/translation.

// ConfigureOffline takes nothing: what a realm makes of an item does not depend on where the realm is. Every call that
// would connect fails afterwards.
func (t *Target) ConfigureOffline(context.Context, map[string]any) diag.List { return nil }

// Translate says what a realm makes of one item.
func (t *Target) Translate(item identity.Item) contract.Translation {
	return translation.Translate(item)
}

// Check looks at the whole desired set next to the live one.
func (t *Target) Check(desired, live []identity.Resource) []contract.CheckFinding {
	return append(realm.Check(desired, live), t.ownClient(desired)...)
}

// ownClient blocks what would change the client that rehome signs in with: a run must never shut itself out.
func (t *Target) ownClient(desired []identity.Resource) []contract.CheckFinding {
	var found []contract.CheckFinding
	for _, r := range desired {
		if r.Type == realm.TypeClient && t.client != nil && r.Key == t.client.ID {
			found = append(found, contract.CheckFinding{Resource: r.ID(), Finding: fidelity.Finding{
				Type: fidelity.Blocked, Field: "client_id", Summary: "this is the client that rehome itself signs in with",
				Action: "Give the application another client id with rename in a merge block, or rehome another client."}})
		}
	}
	return found
}
