package draft

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// twoApplications are wiki for eng and crm for eng and sales, with a group that nobody uses.
func twoApplications() Input {
	in := input()
	in.Items = []AssessedItem{group("g1", "eng"), group("g2", "sales"), group("g3", "idle"), application("a1", "wiki"),
		application("a2", "crm"),
		assignment("x1", "g1", "a1"), assignment("x2", "g1", "a2"), assignment("x3", "g2", "a2")}
	return in
}

func planned(p *plan.Plan) []string {
	var ids []string
	for _, s := range p.Steps {
		if s.Disposition == plan.DispositionPlanned {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func wave(names ...string) Selection {
	return Selection{Wave: "pilot", Wants: func(item identity.Item) (bool, error) {
		for _, name := range names {
			if item.Kind == identity.KindApplication && item.Name == name {
				return true, nil
			}
		}
		return false, nil
	}}
}

func TestSelection_AWaveTakesItsApplicationsWithTheirGrantsAndWhatTheyNeed(t *testing.T) {
	in := twoApplications()
	in.Selection = wave("wiki")
	p := build(t, in)
	if diff := cmp.Diff([]string{"client:wiki", "group:/eng", "role:wiki/access", "grant:/eng -> wiki"},
		planned(p)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"grant:/eng -> wiki", "group:/eng"}, p.Part.PulledIn); diff != "" {
		t.Error(diff)
	}
	if p.Part.Left != 6 || p.Summary.Skipped != 6 {
		t.Errorf("%d left, %d skipped", p.Part.Left, p.Summary.Skipped)
	}
	if s := step(t, p, "client:crm"); s.Disposition != plan.DispositionSkipped ||
		!strings.Contains(s.Reason, `wave "pilot"`) ||
		s.After != nil {
		t.Errorf("%+v", s)
	}
	if len(p.Warnings) == 0 || p.Warnings[len(p.Warnings)-1].Code != "plan-partial" {
		t.Errorf("no warning: %v", p.Warnings)
	}
}

func TestSelection_WhatIsLeftForLaterAsksForNothingNow(t *testing.T) {
	in := twoApplications()
	in.Items = append(in.Items, group("g4", "live"))
	in.Live = []identity.Resource{{Type: "group", Key: "/live", ServerID: "1",
		Attributes: identity.Attributes{"path": "/live", "name": "other"}}}
	in.Items[4].Translation.Findings = []fidelity.Finding{{Type: fidelity.Approximation,
		Direction: fidelity.DirectionSame, Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityHigh,
		ImpactCode: "secret", Summary: "new secret"}}
	in.Items[4].Result.Findings = in.Items[4].Translation.Findings
	whole := build(t, in)
	if whole.PlanHash != "" || len(whole.Impacts) != 1 {
		t.Fatalf("the whole plan should wait for a decision and an acknowledgement: %+v", whole.Handoff)
	}
	in.Selection = wave("wiki")
	if p := build(t, in); p.PlanHash == "" || len(p.Impacts) != 0 {
		t.Errorf("the wave waits for %+v", p.Handoff.Blockers)
	}
}

func TestSelection_AnExclusionTakesAlongAllThatNeedsIt(t *testing.T) {
	for name, excluded := range map[string]string{"a part of the application": "role:crm/access",
		"the application": "okta.corp/application/a2", "its client": "client:crm"} {
		in := twoApplications()
		in.Selection = Selection{Excludes: []string{excluded}}
		p := build(t, in)
		if diff := cmp.Diff([]string{"client:wiki", "group:/eng", "group:/idle", "group:/sales", "role:wiki/access",
			"grant:/eng -> wiki"}, planned(p)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	in := twoApplications()
	in.Selection = Selection{Targets: []string{"client:wiki"}, Excludes: []string{"group:/eng"}}
	if got := planned(build(t, in)); len(got) != 2 {
		t.Errorf("a grant stayed without its group: %v", got)
	}
}

func TestSelection_NamesThatAreNotThereStopThePlan(t *testing.T) {
	in := twoApplications()
	in.Selection = Selection{Targets: []string{"client:nobody"}}
	p := build(t, in)
	if p.PlanHash != "" || p.Handoff.Blockers[0].Items[0] != "selection-unknown" {
		t.Errorf("%+v", p.Handoff)
	}
}

func TestSelection_IsInTheHash(t *testing.T) {
	hashes := map[string]bool{}
	for _, s := range []Selection{{}, wave("wiki"), wave("wiki", "crm"), {Targets: []string{"client:wiki"}},
		{Excludes: []string{"group:/idle"}}, {Excludes: []string{"group:/sales"}}} {
		in := twoApplications()
		in.Selection = s
		hashes[build(t, in).PlanHash] = true
	}
	if len(hashes) != 6 {
		t.Errorf("%d hashes of 6 selections", len(hashes))
	}
}

func TestVolume_StopsAnUnusualShareUntilItIsMeant(t *testing.T) {
	var live []identity.Resource
	p := &plan.Plan{}
	for i := range 20 {
		id := identity.ResourceID{Type: "group", Key: string(rune('a' + i))}
		live = append(live, identity.Resource{Type: id.Type, Key: id.Key})
		if i < 6 {
			p.Steps = append(p.Steps, plan.Step{ID: id.String(), Resource: id, Action: plan.ActionUpdate,
				Disposition: plan.DispositionPlanned})
		}
	}
	limits := DefaultVolume()
	if got := Volume(p, live, limits); len(got) != 1 || got[0].Items[0] != "group: 6 of 20 changed" {
		t.Errorf("%+v", got)
	}
	limits.AllowChanges = 6
	if got := Volume(p, live, limits); got != nil {
		t.Errorf("what is meant is stopped: %+v", got)
	}
	p.Steps = p.Steps[:5]
	if got := Volume(p, live, DefaultVolume()); got != nil {
		t.Errorf("five changes are stopped: %+v", got)
	}
	for i := range p.Steps[:2] {
		p.Steps[i].Action = plan.ActionDelete
	}
	if got := Volume(p, live, DefaultVolume()); len(got) != 1 || got[0].Items[0] != "group: 2 of 20 deleted" {
		t.Errorf("%+v", got)
	}
	p.Rollback = &plan.Rollback{Run: "r-1"}
	if got := Volume(p, live, DefaultVolume()); got != nil {
		t.Errorf("taking a run back is stopped: %+v", got)
	}
}

func TestSelection_AnAcknowledgementOfTheWholeHoldsForEveryWave(t *testing.T) {
	in := twoApplications()
	for _, i := range []int{3, 4} {
		in.Items[i].Translation.Findings = []fidelity.Finding{{Type: fidelity.Approximation,
			Direction: fidelity.DirectionSame, Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityHigh,
			ImpactCode: "secret", Summary: "new secret"}}
		in.Items[i].Result.Findings = in.Items[i].Translation.Findings
	}
	whole := build(t, in)
	in.Gates.Acknowledgements = []plan.Acknowledgement{{ID: whole.Impacts[0].ID, Reason: "announced"}}
	in.Selection = wave("wiki")
	p := build(t, in)
	if p.PlanHash == "" || len(p.Impacts) != 1 || p.Impacts[0].Count != 1 || !p.Impacts[0].Acknowledged {
		t.Errorf("%+v", p.Impacts)
	}
}
