package draft_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func person(i int) draft.AssessedItem {
	return draft.AssessedItem{
		Item: identity.Item{Source: "okta.corp", Kind: identity.KindUser, ID: fmt.Sprintf("u%05d", i),
			Name: fmt.Sprint("Person ", i)},
		Result: assess.Result{Class: assess.ClassVisibility, Rationale: "people move later"},
	}
}

func planOf(t *testing.T, order []int, skips ...merge.Skip) *plan.Plan {
	t.Helper()
	p, found := draft.Build(draft.Input{Migration: plan.Migration{Name: "acme", Mode: merge.ModeMerge}})
	if found.HasErrors() {
		t.Fatal(found)
	}
	crowds := draft.NewCrowds(skips)
	for _, i := range order {
		if err := crowds.Add(person(i)); err != nil {
			t.Fatal(err)
		}
	}
	crowds.Join(p)
	plan.Close(p, plan.Gates{})
	if err := p.Summary.Books.Reconcile(); err != nil {
		t.Error(err)
	}
	return p
}

func TestCrowds_OnePersonMoreOrAnotherOrderAndTheHashKnows(t *testing.T) {
	forward, backward := make([]int, 500), make([]int, 500)
	for i := range forward {
		forward[i], backward[len(backward)-1-i] = i, i
	}
	a, b, c := planOf(t, forward), planOf(t, backward), planOf(t, append(forward, 500))
	if a.PlanHash != b.PlanHash {
		t.Error("the order in which people come changes the hash")
	}
	if diff := cmp.Diff(a.Steps, b.Steps); diff != "" {
		t.Error(diff)
	}
	if a.PlanHash == c.PlanHash {
		t.Error("one person more does not change the hash")
	}
	if len(a.Steps) != 1 || a.Steps[0].Crowd.Count != 500 || len(a.Steps[0].Items) != 10 ||
		a.Summary.Books.Visible != 500 {
		t.Errorf("%+v", a.Summary)
	}
}

func TestCrowds_ASkipBlockIsACrowdOfItsOwn(t *testing.T) {
	skip := merge.Skip{Kind: identity.KindUser, Name: "first",
		Where: func(i identity.Item) (bool, error) { return i.ID == "u00001", nil }, Reason: "left",
		Range: diag.Range{File: "a", Start: diag.Position{Line: 1}}}
	p := planOf(t, []int{0, 1, 2}, skip)
	if len(p.Steps) != 2 || p.Summary.Books.Skipped != 1 || p.Summary.Books.Visible != 2 {
		t.Errorf("%+v", p.Summary)
	}
}

func TestCrowds_RefuseAnItemThatBecomesAResource(t *testing.T) {
	item := person(1)
	item.Translation.Resources = []identity.Resource{{Type: "user", Key: "x"}}
	if err := draft.NewCrowds(nil).Add(item); err == nil {
		t.Error("a person who is created was folded into a crowd")
	}
}
