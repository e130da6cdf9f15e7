package draft

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// behindADoor is an application that is opened, and a live provider of the same alias as one that is wanted: people who
// come in by it pass a gate only when its flow is "gate".
func behindADoor() Input {
	in := input()
	name := func(n string) identity.AttributeSchema {
		return identity.AttributeSchema{Name: n, Type: "string", Identity: true}
	}
	in.Schemas = append(in.Schemas,
		identity.ResourceSchema{Type: "provider", KeyFormat: "{alias}", RenameBy: "alias",
			ItemKinds:  []identity.Kind{identity.KindIdentityProvider},
			Attributes: []identity.AttributeSchema{name("alias"), {Name: "flow"}, {Name: "title"}}},
		identity.ResourceSchema{Type: "opening", KeyFormat: "{client}", Opens: true,
			Attributes: []identity.AttributeSchema{name("client"), {Name: "enabled", Type: "bool"}}})
	wiki := application("a1", "wiki")
	wiki.Translation.Resources = append(wiki.Translation.Resources, identity.Resource{Type: "opening",
		Attributes: identity.Attributes{"client": identity.Refer(identity.KindApplication, "a1", "client"),
			"enabled": true}})
	in.Items = []AssessedItem{wiki, made(identity.KindIdentityProvider, "p1", "corp",
		[]identity.Resource{{Type: "provider",
			Attributes: identity.Attributes{"alias": "corp", "flow": "gate", "title": "Corp"}}})}
	in.Live = []identity.Resource{{Type: "provider", Key: "corp", ServerID: "1",
		Attributes: identity.Attributes{"alias": "corp", "flow": "", "title": "Old"}}}
	return in
}

// doorCheck blocks what is opened while a provider does not end at the gate, as a target does.
func doorCheck(changed, live []identity.Resource) ([]contract.CheckFinding, error) {
	end := map[string]identity.Attributes{}
	for _, r := range append(slices.Clone(live), changed...) {
		end[r.ID().String()] = r.Attributes
	}
	var found []contract.CheckFinding
	for _, r := range changed {
		if r.Type == "opening" && end["provider:corp"]["flow"] != "gate" {
			found = append(found, contract.CheckFinding{Resource: r.ID(), Finding: fidelity.Finding{
				Type: fidelity.Blocked, Field: "provider", Summary: "people of corp come around the gate"}})
		}
	}
	return found, nil
}

func TestJudge_ADoorIsShutByWhatThePlanDoesAndNotByWhatItWishes(t *testing.T) {
	reconcile := func(overwrite ...string) []merge.Rule {
		return []merge.Rule{{Kind: identity.KindIdentityProvider, Name: "p", Decision: merge.DecisionReconcile,
			Target: "provider:corp", Overwrite: overwrite}}
	}
	for name, test := range map[string]struct {
		change func(in *Input)
		opens  bool
	}{
		"the provider waits for a decision": {func(*Input) {}, false},
		"a reconcile that sets the flow":    {func(in *Input) { in.Rules = reconcile("flow") }, true},
		"a reconcile of something else":     {func(in *Input) { in.Rules = reconcile("title") }, false},
		"the provider is skipped": {func(in *Input) {
			in.Skips = []merge.Skip{{Kind: identity.KindIdentityProvider, Name: "p", Reason: "later"}}
		}, false},
		"the provider is excluded": {func(in *Input) {
			in.Rules = reconcile("flow")
			in.Selection = Selection{Excludes: []string{"okta.corp/identity_provider/p1"}}
		}, false},
		"a wave of applications": {func(in *Input) { in.Rules, in.Selection = reconcile("flow"), wave("wiki") }, false},
		"a target of applications": {func(in *Input) {
			in.Rules, in.Selection = reconcile("flow"), Selection{Targets: []string{"okta.corp/application/a1"}}
		}, false},
		"a live provider behind the gate": {func(in *Input) { in.Live[0].Attributes["flow"] = "gate" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := behindADoor()
			test.change(&in)
			found, err := Judge(in, doorCheck)
			if err != nil {
				t.Fatal(err)
			}
			before := build(t, in)
			in.CheckFindings = found
			p := build(t, in)
			opening := step(t, p, "opening:wiki")
			if opens := opening.Disposition == plan.DispositionPlanned; opens != test.opens {
				t.Errorf("it is %s: %s", opening.Disposition, opening.Reason)
			}
			if !test.opens && !strings.Contains(opening.Reason, "around the gate") {
				t.Errorf("the reason is %q", opening.Reason)
			}
			if test.opens && len(found) > 0 {
				t.Errorf("found %+v", found)
			}
			if !test.opens && before.PlanHash != "" && before.PlanHash == p.PlanHash {
				t.Error("the hash is that of the plan that opens it")
			}
		})
	}
}

func TestEndState_IsWhatLivesWithWhatTheStepsWrite(t *testing.T) {
	in := behindADoor()
	in.Rules = []merge.Rule{{Kind: identity.KindIdentityProvider, Name: "p", Decision: merge.DecisionReconcile,
		Target: "provider:corp", Overwrite: []string{"flow"}}}
	ends := map[string]identity.Attributes{}
	for _, r := range EndState(in, build(t, in)) {
		ends[r.ID().String()] = r.Attributes
	}
	want := identity.Attributes{"alias": "corp", "flow": "gate", "title": "Old"}
	if diff := cmp.Diff(want, ends["provider:corp"]); diff != "" {
		t.Error(diff)
	}
	if ends["opening:wiki"]["enabled"] != true || ends["opening:wiki"]["client"] != "wiki" {
		t.Errorf("the opening is %v", ends["opening:wiki"])
	}
	if in.Live[0].Attributes["flow"] != "" {
		t.Error("what lives was changed")
	}
}

func TestBuild_AnOpeningWaitsForTheChangesOfProviders(t *testing.T) {
	in := behindADoor()
	in.Rules = []merge.Rule{{Kind: identity.KindIdentityProvider, Name: "p", Decision: merge.DecisionReconcile,
		Target: "provider:corp", Overwrite: []string{"flow"}}}
	if s := step(t, build(t, in), "opening:wiki"); !slices.Contains(s.DependsOn, "provider:corp") {
		t.Errorf("it waits for %v", s.DependsOn)
	}
}
