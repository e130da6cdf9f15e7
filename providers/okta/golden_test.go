package okta_test

import (
	"path/filepath"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/translation"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

// TestItems_OfThePracticeTenant is where the goldens of translations begin: what a target makes of these items is in
// other files.
func TestItems_OfThePracticeTenant(t *testing.T) {
	source, origin := tenantSource(t, "../../examples/okta-to-keycloak/tenant", labokta.Options{RatePerMinute: -1})
	collected := sdktest.NewCollected()
	if err := source.Collect(t.Context(), collected.Sink()); err != nil {
		t.Fatal(err)
	}
	collected.GoldenItems(t, "../internal/realm/translation/testdata/items/okta.jsonl", origin)
}

// TestItems_OfEveryCaseAreTranslatedWithoutASilence reads the tenants of cases that stand beside the repository, where
// they are there, and
// asks of each item what holds for all: it is told what becomes of it, and what is made fits the server.
func TestItems_OfEveryCaseAreTranslatedWithoutASilence(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "cases", "okta", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) == 0 {
		t.Skip("the cases are not beside the repository")
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			source, _ := tenantSource(t, folder, labokta.Options{RatePerMinute: -1})
			collected := sdktest.NewCollected()
			if err := source.Collect(t.Context(), collected.Sink()); err != nil {
				t.Fatal(err)
			}
			for _, item := range collected.Sorted() {
				item.Source = "okta.case"
				made := translation.Translate(item)
				if len(made.Resources) == 0 && len(made.Findings) == 0 {
					t.Errorf("%s is dropped without a word", item.Address())
				}
				if again := realm.WithinLimits(made); len(again.Findings) != len(made.Findings) {
					t.Errorf("%s does not fit the server: %+v", item.Address(), again.Findings)
				}
				for _, f := range made.Findings {
					if f.Summary == "" || (f.Type == fidelity.Rebuild || f.Type == fidelity.Invalid) && f.Action == "" {
						t.Errorf("%s: %s says too little: %+v", item.Address(), f.Field, f)
					}
				}
			}
		})
	}
}
