package keycloak

import (
	"context"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/translation"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/losing"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
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
	found := realm.Check(desired, live)
	if t.client != nil {
		found = append(found, writing.CheckOwnClient(desired, t.client.ID)...)
		found = append(found, losing.WhoLoses(t.client, desired, live)...)
	}
	return found
}
