package fidelity_test

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
)

func TestImpact_HighComesFirstThenCodeAndAudience(t *testing.T) {
	sorted := []fidelity.Impact{
		{Code: "b", Severity: fidelity.SeverityHigh}, {Code: "a", Audience: "admins"}, {Code: "a", Audience: "people"},
		{Code: "c"},
	}
	mixed := []fidelity.Impact{sorted[3], sorted[2], sorted[0], sorted[1]}
	slices.SortFunc(mixed, func(a, b fidelity.Impact) int {
		switch {
		case a.Before(b):
			return -1
		case b.Before(a):
			return 1
		}
		return 0
	})
	for i := range sorted {
		if mixed[i].Code != sorted[i].Code || mixed[i].Audience != sorted[i].Audience {
			t.Fatalf("%+v", mixed)
		}
	}
}
