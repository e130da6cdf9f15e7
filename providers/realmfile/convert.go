package realmfile

import (
	"context"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/translation"
)

// ConfigureOffline takes nothing: what a realm makes of an item does not depend on where the file is.
func (t *Target) ConfigureOffline(context.Context, map[string]any) diag.List { return nil }

// Translate says what a realm makes of one item.
func (t *Target) Translate(item identity.Item) contract.Translation {
	return translation.Translate(item)
}

// Check is the second pass over the whole set.
func (t *Target) Check(desired, live []identity.Resource) []contract.CheckFinding {
	return realm.Check(desired, live)
}
