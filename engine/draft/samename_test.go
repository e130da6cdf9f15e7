package draft

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// sameNames are two groups of one source and one name, each with an application of its own.
func sameNames(mode merge.Mode, rules ...merge.Rule) Input {
	in := input()
	in.Migration.Mode = mode
	in.Items = []AssessedItem{group("g1", "Admins"), group("g2", "Admins"), application("a1", "wiki"),
		application("a2", "payroll"),
		assignment("x1", "g1", "a1"), assignment("x2", "g2", "a2")}
	in.Rules = rules
	return in
}

func ofSecondGroup(r merge.Rule) merge.Rule {
	r.Kind, r.Name, r.Range = identity.KindGroup, "admins",
		diag.Range{File: "main.rehome.hcl", Start: diag.Position{Line: 7}}
	r.Where = func(i identity.Item) (bool, error) { return i.ID == "g2", nil }
	return r
}

// Joined by their name, the people of each group would get the application of the other.
func TestSameNames_TwoContainersOfPeopleAreNeverJoinedByTheirName(t *testing.T) {
	for mode, want := range map[merge.Mode]struct {
		disposition plan.Disposition
		awaits      bool
	}{merge.ModeFirstRun: {plan.DispositionBlocked, false}, merge.ModeMerge: {plan.DispositionBlocked, true}} {
		t.Run(string(mode), func(t *testing.T) {
			p := build(t, sameNames(mode))
			s := step(t, p, "group:/Admins")
			if s.Disposition != want.disposition || s.AwaitsDecision != want.awaits ||
				!strings.Contains(s.Reason, `"Admins" of okta.corp`) {
				t.Errorf("%s, awaits %v: %s", s.Disposition, s.AwaitsDecision, s.Reason)
			}
			if len(s.Items) != 2 || s.Items[0].ID != "g1" || s.Items[1].ID != "g2" {
				t.Errorf("the step names %+v", s.Items)
			}
			for _, s := range p.Steps {
				if s.Resource.Type == "grant" && s.Disposition == plan.DispositionPlanned {
					t.Errorf("%s is given to a group of two", s.ID)
				}
			}
		})
	}
}

func TestSameNames_AMergeDecisionSettlesIt(t *testing.T) {
	joined := build(t, sameNames(merge.ModeMerge,
		ofSecondGroup(merge.Rule{Decision: merge.DecisionMap, Target: "group:/Admins"})))
	if s := step(t, joined, "group:/Admins"); s.Disposition != plan.DispositionPlanned || len(s.Items) != 2 {
		t.Errorf("%s %+v: %s", s.Disposition, s.Items, s.Reason)
	}
	parted := build(t, sameNames(merge.ModeMerge,
		ofSecondGroup(merge.Rule{Decision: merge.DecisionCreate, Rename: "/Payroll admins"})))
	for _, id := range []string{"group:/Admins", "group:/Payroll admins", "grant:/Admins -> wiki",
		"grant:/Payroll admins -> payroll"} {
		if s := step(t, parted, id); s.Disposition != plan.DispositionPlanned {
			t.Errorf("%s is %s: %s", id, s.Disposition, s.Reason)
		}
	}
	manual := build(t, sameNames(merge.ModeMerge, ofSecondGroup(merge.Rule{Decision: merge.DecisionCreate})))
	if s := step(t, manual, "group:okta.corp/group/g2"); s.Disposition != plan.DispositionManual ||
		!strings.Contains(s.ToDo, "rename") {
		t.Errorf("%s: %s", s.Disposition, s.ToDo)
	}
}

func TestSameNames_ApplicationsAndProvidersTooAndRulesOfOneProviderNot(t *testing.T) {
	in := sameNames(merge.ModeFirstRun)
	in.Items = []AssessedItem{application("a1", "wiki"), application("a2", "wiki")}
	if s := step(t, build(t, in), "client:wiki"); s.Disposition != plan.DispositionBlocked ||
		!strings.Contains(s.Reason, `"wiki"`) {
		t.Errorf("%s: %s", s.Disposition, s.Reason)
	}
	in.Items = []AssessedItem{domain("a.example", "red"), domain("b.example", "red")}
	if s := step(t, build(t, in), "org:acme"); s.Disposition != plan.DispositionPlanned || len(s.Items) != 2 {
		t.Errorf("%s: %s", s.Disposition, s.Reason)
	}
}
