package draft_test

import (
	"testing"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
)

func TestBuild_AnAssignmentIsNamedByWhatItJoins(t *testing.T) {
	listed := func(kind identity.Kind, id, name string, references ...identity.Reference) draft.AssessedItem {
		return draft.AssessedItem{
			Item:   identity.Item{Source: "okta.corp", Kind: kind, ID: id, Name: name, References: references},
			Result: assess.Result{Class: assess.ClassVisibility, Rationale: "listed"},
		}
	}
	p, found := draft.Build(draft.Input{Items: []draft.AssessedItem{
		listed(identity.KindGroup, "g1", "Finance"),
		listed(identity.KindApplication, "a1", "Expenses"),
		listed(identity.KindAppAssignment, "a1:g1", "g1",
			identity.Reference{Role: "application", Kind: identity.KindApplication, ID: "a1"},
			identity.Reference{Role: "principal", Kind: identity.KindGroup, ID: "g1"}),
		listed(identity.KindAppAssignment, "a1:g2", "g2",
			identity.Reference{Role: "application", Kind: identity.KindApplication, ID: "a1"},
			identity.Reference{Role: "principal", Kind: identity.KindGroup, ID: "g2"}),
	}})
	if found.HasErrors() {
		t.Fatal(found)
	}
	names := map[string]string{}
	for _, step := range p.Steps {
		for _, item := range step.Items {
			names[item.ID] = item.Name
		}
	}
	if names["a1:g1"] != "Finance -> Expenses" || names["a1:g2"] != "g2 -> Expenses" {
		t.Errorf("%v", names)
	}
}
