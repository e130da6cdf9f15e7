package okta_test

import (
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

// TestItems_OfThePracticeTenant is where the goldens of translations begin: what a target makes of these items is in other files.
func TestItems_OfThePracticeTenant(t *testing.T) {
	source, origin := tenantSource(t, "../../examples/okta-to-keycloak/tenant", labokta.Options{RatePerMinute: -1})
	collected := sdktest.NewCollected()
	if err := source.Collect(t.Context(), collected.Sink()); err != nil {
		t.Fatal(err)
	}
	collected.GoldenItems(t, "../internal/realm/translation/testdata/items/okta.jsonl", origin)
}
