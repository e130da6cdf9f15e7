package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestFacts_OfAStepSayWhatIsDoneToWhatForWhomAndHoldNoValue(t *testing.T) {
	item := func(kind identity.Kind, id, person string) merge.ItemName {
		return merge.ItemName{Source: "okta.corp", Kind: kind, ID: id, Name: "Ana Jones", Person: person}
	}
	many := make([]merge.ItemName, 12)
	for i := range many {
		many[i] = item(identity.KindGroup, "00g", "")
	}
	const ten = "okta.corp/group/00g, okta.corp/group/00g, okta.corp/group/00g, okta.corp/group/00g, okta.corp/group/00g, " +
		"okta.corp/group/00g, okta.corp/group/00g, okta.corp/group/00g, okta.corp/group/00g, okta.corp/group/00g, "
	for name, c := range map[string]struct {
		step plan.Step
		want map[string]string
	}{
		"a change": {plan.Step{Action: plan.ActionUpdate, ServerID: "4b1f",
			Resource: identity.ResourceID{Type: "group", Key: "/eng"}, Items: []merge.ItemName{item(identity.KindGroup, "00g1", "")},
			After: identity.Attributes{"secret": "s3cret"}, DecidedBy: &merge.Place{File: "main.rehome.hcl", Line: 4},
			Reason: "reconcile"},
			map[string]string{"action": "update", "target_id": "4b1f", "resource": "group:/eng", "items": "okta.corp/group/00g1",
				"decided_by": "main.rehome.hcl:4", "reason": "reconcile"}},
		"what has no resource": {plan.Step{Action: plan.ActionNone}, map[string]string{"action": "none"}},
		"an item about a person": {plan.Step{Action: plan.ActionNone,
			Items: []merge.ItemName{item(identity.KindAppAssignment, "0oa1:00u1", "00u1")}},
			map[string]string{"action": "none", "items": "okta.corp/app_assignment/0oa1:00u1",
				"people": "okta.corp/user/00u1"}},
		"many items": {plan.Step{Action: plan.ActionMap, Items: many},
			map[string]string{"action": "map", "items": ten + "and 2 more"}},
		"a crowd": {plan.Step{Action: plan.ActionNone, Items: many[:10], Crowd: &plan.Crowd{Count: 5000}},
			map[string]string{"action": "none", "items": ten + "and 4990 more"}},
	} {
		if diff := cmp.Diff(c.want, c.step.Facts()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestFacts_OfAPlanCountItsSteps(t *testing.T) {
	p := plan.Plan{Status: "draft", Migration: plan.Migration{Mode: "merge_into_existing"},
		Target:    plan.Target{Provider: "keycloak", Name: "portal", Identity: "https://id.acme.example/realms/acme"},
		Handoff:   plan.Handoff{Status: "not_ready"},
		Summary:   plan.Summary{Create: 3, Update: 1, ManualFollowUp: 2},
		Part:      &plan.Part{Wave: "pilot"},
		Snapshots: []plan.Snapshot{{Source: "okta.corp", ID: "s-1"}, {Source: "entra.hq", ID: "s-2"}},
	}
	want := map[string]string{"status": "draft", "preview_handoff_status": "not_ready", "target": "keycloak.portal",
		"target_identity": "https://id.acme.example/realms/acme", "mode": "merge_into_existing", "wave": "pilot",
		"snapshots": "okta.corp s-1, entra.hq s-2", "create": "3", "update": "1", "delete": "0", "map": "0",
		"unchanged": "0", "manual_follow_up": "2", "blocked": "0", "skipped": "0"}
	if diff := cmp.Diff(want, p.Facts()); diff != "" {
		t.Error(diff)
	}
}
