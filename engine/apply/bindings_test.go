package apply_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestBindingsOf_TellsWhatIsOursAndWhatIsGone(t *testing.T) {
	resource := identity.ResourceID{Type: "group", Key: "/a"}
	item := func(id, decision string) merge.ItemName {
		return merge.ItemName{Source: "okta.corp", Kind: identity.KindGroup, ID: id, Decision: decision}
	}
	address := func(id string) identity.Address {
		return identity.Address{Source: "okta.corp", Kind: identity.KindGroup, ID: id}
	}
	for name, c := range map[string]struct {
		step plan.Step
		want []history.Binding
		ours []bool
	}{
		"made": {plan.Step{Action: plan.ActionCreate, Items: []merge.ItemName{item("1", ""), item("2", "map_to_existing")}},
			[]history.Binding{{Item: address("1"), Resource: resource, ServerID: "s"},
				{Item: address("2"), Resource: resource, ServerID: "s", Decision: "map_to_existing"}}, []bool{true, false}},
		"mapped": {plan.Step{Action: plan.ActionMap, Items: []merge.ItemName{item("1", "")}},
			[]history.Binding{{Item: address("1"), Resource: resource, ServerID: "s", Decision: "map_to_existing"}},
			[]bool{false}},
		"reconciled": {plan.Step{Action: plan.ActionUpdate, Decision: "reconcile", Items: []merge.ItemName{item("1", "")}},
			[]history.Binding{{Item: address("1"), Resource: resource, ServerID: "s", Decision: "map_to_existing"}},
			[]bool{true}},
		"taken back": {plan.Step{Action: plan.ActionDelete, Unbinds: true,
			Items: []merge.ItemName{item("1", ""), item("2", "map_to_existing")}},
			[]history.Binding{{Item: address("1"), Resource: resource, Gone: true},
				{Item: address("2"), Resource: resource, Gone: true}}, []bool{true, true}},
		"deleted, bound by nothing": {plan.Step{Action: plan.ActionDelete, Items: []merge.ItemName{item("1", "")}}, nil, nil},
	} {
		c.step.Resource = resource
		bindings, ours := apply.BindingsOf(c.step, "s")
		if diff := cmp.Diff(c.want, bindings); diff != "" || !slices.Equal(c.ours, ours) {
			t.Errorf("%s: ours %v, %s", name, ours, diff)
		}
	}
}
