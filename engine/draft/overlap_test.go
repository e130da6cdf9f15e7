package draft

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// second makes the same item in another source.
func second(item AssessedItem) AssessedItem {
	item.Item.Source = "okta.second"
	item.Result.Address = item.Item.Address()
	return item
}

// twoSources have a group, an application and an assignment of the same names each.
func twoSources(rules ...merge.Rule) Input {
	in := input()
	in.Items = []AssessedItem{group("g1", "eng"), application("a1", "wiki"), assignment("x1", "g1", "a1"),
		second(group("g9", "eng")), second(application("a9", "wiki")), second(assignment("x9", "g9", "a9"))}
	in.Rules = rules
	return in
}

func ofSecond(kind identity.Kind, r merge.Rule) merge.Rule {
	r.Kind, r.Name, r.Range = kind, "second", diag.Range{File: "main.rehome.hcl", Start: diag.Position{Line: 7}}
	r.Where = func(i identity.Item) (bool, error) { return i.Source == "okta.second", nil }
	return r
}

func statuses(p *plan.Plan) map[string]string {
	found := map[string]string{}
	for _, o := range p.Overlaps {
		found[o.Item.Address().String()] = string(o.Status)
	}
	return found
}

func TestTwoSources_WhatCollidesIsPendingAndNamesTheOtherItem(t *testing.T) {
	p := build(t, twoSources())
	want := map[string]string{"okta.second/group/g9": "pending", "okta.second/application/a9": "pending"}
	if diff := cmp.Diff(want, statuses(p)); diff != "" {
		t.Fatal(diff)
	}
	for _, o := range p.Overlaps {
		if len(o.Matches) != 1 || !strings.HasPrefix(o.Matches[0].Item, "okta.corp/") || o.Matches[0].Score != 100 ||
			!o.NeedsRename {
			t.Errorf("%+v", o)
		}
	}
	if p.Status != history.PlanDraft || p.Handoff.Blockers[0].Code != plan.BlockerPendingDecisions ||
		p.Summary.Create != 0 {
		t.Errorf("%s %+v", p.Status, p.Handoff)
	}
}

func TestTwoSources_MappedToTheOtherItemNothingExistsTwice(t *testing.T) {
	in := twoSources(ofSecond(identity.KindGroup, merge.Rule{Decision: merge.DecisionMap, Target: "group:/eng"}),
		ofSecond(identity.KindApplication, merge.Rule{Decision: merge.DecisionMap, Target: "client:wiki"}))
	in.Items[3].Translation.Resources[0].Attributes["description"] = "said by the second source only"
	p := build(t, in)
	if p.Status != history.PlanPreviewed || p.Summary.Create != 4 || p.Summary.Books.Done != 3 ||
		p.Summary.Books.Folded != 3 {
		t.Fatalf("%s %+v %+v", p.Status, p.Summary, p.Handoff)
	}
	s := step(t, p, "group:/eng")
	if s.Tag != "okta.corp/group/g1" || s.After["description"] != nil || len(s.Items) != 2 ||
		s.Items[1].Decision != "map_to_existing" || s.Items[1].DecidedBy.Line != 7 {
		t.Errorf("%+v", s)
	}
	without := build(t, twoSources(ofSecond(identity.KindGroup, merge.Rule{Decision: merge.DecisionSkip}),
		ofSecond(identity.KindApplication, merge.Rule{Decision: merge.DecisionSkip})))
	if without.PlanHash == p.PlanHash {
		t.Error("the hash does not cover the decision")
	}
}

func TestTwoSources_ARenameOrASkipSettlesIt(t *testing.T) {
	for name, test := range map[string]struct {
		rules []merge.Rule
		id    string
		open  int
	}{
		"renamed": {[]merge.Rule{ofSecond(identity.KindGroup,
			merge.Rule{Decision: merge.DecisionCreate, Rename: "/eng2"})}, "group:/eng2", 1},
		"skipped": {[]merge.Rule{ofSecond(identity.KindGroup, merge.Rule{Decision: merge.DecisionSkip})},
			"group:/eng", 1},
		"new without a rename": {[]merge.Rule{ofSecond(identity.KindGroup, merge.Rule{Decision: merge.DecisionCreate})},
			"group:okta.second/group/g9", 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := build(t, twoSources(test.rules...))
			open := 0
			for _, status := range statuses(p) {
				if status == "pending" {
					open++
				}
			}
			if s := step(t, p, "group:/eng"); s.Action != plan.ActionCreate || len(s.Items) != 1 || open != test.open {
				t.Errorf("%d open, %+v", open, s)
			}
			step(t, p, test.id)
		})
	}
	manual := step(t, build(t, twoSources(ofSecond(identity.KindGroup, merge.Rule{Decision: merge.DecisionCreate}))),
		"group:okta.second/group/g9")
	if manual.Disposition != plan.DispositionManual || !strings.Contains(manual.ToDo, "rename") {
		t.Errorf("%+v", manual)
	}
}

func TestTwoSources_AFirstRunBlocksTheCollisionAndNamesTheOtherMode(t *testing.T) {
	in := twoSources()
	in.Migration.Mode = merge.ModeFirstRun
	s := step(t, build(t, in), "group:/eng")
	if s.Disposition != plan.DispositionBlocked || s.AwaitsDecision || !strings.Contains(s.ToDo, "merge_into_existing") {
		t.Errorf("%+v", s)
	}
}

func TestTwoSources_LikelyTheSameIsPendingAndAGateOfItsOwnIsNotJoined(t *testing.T) {
	in := twoSources()
	in.Items = []AssessedItem{group("g1", "eng"), second(group("g9", "ENG"))}
	in.Items[1].Translation.Resources[0].Attributes["path"] = "/staff/eng"
	p := build(t, in)
	if len(p.Overlaps) != 1 || p.Overlaps[0].Matches[0].Score != 85 || p.Overlaps[0].NeedsRename {
		t.Errorf("%+v", p.Overlaps)
	}
	gated := second(application("a9", "wiki"))
	gated.Translation.Resources = append(gated.Translation.Resources,
		identity.Resource{Type: "role", Attributes: identity.Attributes{"client": identity.Refer(identity.KindApplication,
			"a9", "client"), "role": "gate"}})
	in = twoSources(ofSecond(identity.KindApplication, merge.Rule{Decision: merge.DecisionMap, Target: "client:wiki"}))
	in.Items = []AssessedItem{application("a1", "wiki"), gated}
	if s := step(t, build(t, in), "role:wiki/gate"); s.Disposition != plan.DispositionBlocked ||
		!strings.Contains(s.Reason, "not limited alike") {
		t.Errorf("%+v", s)
	}
}

func TestTwoSources_AfterTheRunBothAreFoundAgain(t *testing.T) {
	rules := []merge.Rule{ofSecond(identity.KindGroup, merge.Rule{Decision: merge.DecisionMap, Target: "group:/eng"})}
	in := twoSources(rules...)
	in.Items = []AssessedItem{in.Items[0], in.Items[3]}
	in.Items[1].Translation.Resources[0].Attributes["description"] = "differs"
	in.Live = []identity.Resource{{Type: "group", Key: "/eng", ServerID: "7", Tag: "okta.corp/group/g1",
		Attributes: identity.Attributes{"path": "/eng", "name": "eng"}}}
	in.Bindings = map[string]merge.Binding{
		"okta.corp/group/g1#group": {Resource: identity.ResourceID{Type: "group", Key: "/eng"}, ServerID: "7"},
		"okta.second/group/g9#group": {Resource: identity.ResourceID{Type: "group", Key: "/eng"}, ServerID: "7",
			Decision: merge.DecisionMap},
	}
	for name, kept := range map[string][]merge.Rule{"with the block": rules, "without it": nil} {
		in.Rules = kept
		p := build(t, in)
		if s := step(t, p, "group:/eng"); s.Disposition != plan.DispositionUnchanged ||
			p.Summary.Blocked+p.Summary.Update+p.Summary.Map != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestReconcile_ShowsEveryFieldOfBothSides(t *testing.T) {
	in := input()
	in.Items[0].Translation.Resources[0].Attributes["description"] = "new"
	in.Live = []identity.Resource{{Type: "group", Key: "/eng", ServerID: "7",
		Attributes: identity.Attributes{"path": "/eng", "name": "old name", "description": "old"}}}
	in.Rules = []merge.Rule{{Kind: identity.KindGroup, Decision: merge.DecisionReconcile,
		Overwrite: []string{"description"}}}
	want := []merge.Side{
		{Name: "description", Target: "old", Source: "new", Fate: merge.FateOverwritten},
		{Name: "name", Target: "old name", Source: "eng", Fate: merge.FateKept},
		{Name: "path", Target: "/eng", Source: "/eng", Fate: merge.FateEqual},
	}
	p := build(t, in)
	if diff := cmp.Diff(want, step(t, p, "group:/eng").Sides); diff != "" {
		t.Error(diff)
	}
	if o := p.Overlaps[0]; o.Status != merge.OverlapDecided || o.Resource.String() != "group:/eng" {
		t.Errorf("%+v", o)
	}
}

func TestMerge_ABlockThatCannotBeFollowedIsAnErrorAtItsPlaceWithTheCandidates(t *testing.T) {
	for name, test := range map[string]struct {
		rule merge.Rule
		want []string
	}{
		"a vanished target": {merge.Rule{Decision: merge.DecisionMap, Target: "group:/gone"},
			[]string{"group:/gone", "no longer, in the target", "group:/eng (score 100"}},
		"another group": {merge.Rule{Decision: merge.DecisionMap, Target: "group:/other"},
			[]string{"group:/other", "match the item", "group:/eng (score 100"}},
		"no resource": {merge.Rule{Decision: merge.DecisionReconcile, Target: "eng"}, []string{"not type:key"}},
		"a strange field": {merge.Rule{Decision: merge.DecisionReconcile, Overwrite: []string{"colour"}},
			[]string{`"colour"`, "description"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := input()
			in.Live = []identity.Resource{{Type: "group", Key: "/eng",
				Attributes: identity.Attributes{"path": "/eng", "name": "eng"}}, {Type: "group", Key: "/other",
				Attributes: identity.Attributes{"path": "/other", "name": "other"}}}
			test.rule.Kind, test.rule.Name, test.rule.Range = identity.KindGroup, "e",
				diag.Range{File: "main.rehome.hcl", Start: diag.Position{Line: 3}}
			in.Rules = []merge.Rule{test.rule}
			p, found := Build(in)
			if p.Status != history.PlanDraft || !found.HasErrors() || found[0].Subject == nil ||
				found[0].Subject.Start.Line != 3 {
				t.Fatalf("%s %+v", p.Status, found)
			}
			for _, text := range test.want {
				if !strings.Contains(found[0].Detail, text) {
					t.Errorf("%q is not in %s", text, found[0].Detail)
				}
			}
			if p.Overlaps[0].Status != merge.OverlapInvalid {
				t.Errorf("%+v", p.Overlaps)
			}
		})
	}
}

func TestMerge_AnEqualGrantNeedsNoDecision(t *testing.T) {
	in := input()
	in.Live = []identity.Resource{{Type: "grant", Key: "/eng -> wiki",
		Attributes: identity.Attributes{"group": "/eng", "client": "wiki"}}}
	if s := step(t, build(t, in), "grant:/eng -> wiki"); s.Disposition != plan.DispositionUnchanged {
		t.Errorf("%+v", s)
	}
}
