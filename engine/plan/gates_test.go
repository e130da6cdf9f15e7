package plan

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/fidelity"
)

func TestRecheck_RefusesAPlanThatNeedsABlockedStep(t *testing.T) {
	p := &Plan{Handoff: Handoff{Status: HandoffReady}, Steps: []Step{
		{ID: "a", Disposition: DispositionBlocked}, {ID: "b", Disposition: DispositionPlanned, DependsOn: []string{"a"}},
	}}
	found := Recheck(p, Gates{})
	if len(found) != 1 || found[0].Code != BlockerDependencies || found[0].Items[0] != "b needs a" {
		t.Errorf("%+v", found)
	}
	Close(p, Gates{})
	if p.Handoff.Status != HandoffNotReady || p.PlanHash != "" {
		t.Errorf("the plan has a hash: %+v", p.Handoff)
	}
}

func TestCheckClassifier_RefusesAPlanOfAnotherOneAndTheHashKnows(t *testing.T) {
	p := &Plan{Classifier: assess.ClassifierVersion}
	if err := CheckClassifier(p); err != nil {
		t.Errorf("the same classifier: %v", err)
	}
	other := &Plan{Classifier: "another"}
	if err := CheckClassifier(other); err == nil {
		t.Error("a plan of another classifier is let through")
	}
	if Hash(p) == Hash(other) {
		t.Error("the hash does not cover the classifier")
	}
	if differences := Compare(p, other); len(differences) != 1 || differences[0].Fields[0] != "classifier" {
		t.Errorf("differences %v", differences)
	}
}

func TestNotReady_NamesEveryGate(t *testing.T) {
	d := NotReady([]Blocker{{Code: BlockerWaves, Summary: "one\x1b[31m wave"}, {Code: BlockerImpacts, Summary: "two"}})
	for _, part := range []string{"preview_handoff_status is not_ready", "earlier_waves: one",
		"unacknowledged_impacts: two", "plan again"} {
		if !strings.Contains(d.Detail, part) {
			t.Errorf("%q is not in %q", part, d.Detail)
		}
	}
	if d.Code != "plan-not-ready" || strings.Contains(d.Detail, "\x1b") {
		t.Errorf("%s: %q", d.Code, d.Detail)
	}
}

func TestUnusedAcknowledgements_AreThoseOfTheWholeThatNoImpactHas(t *testing.T) {
	p := &Plan{Impacts: []fidelity.Impact{{ID: "ocm-1"}}}
	given := []Acknowledgement{{ID: "ocm-1"}, {ID: "ocm-2"}}
	given[1].Range.File = "a.rehome.hcl"
	found := UnusedAcknowledgements(p, given)
	if len(found) != 1 || !strings.Contains(found[0].Detail, "ocm-2") || found[0].Subject.File != "a.rehome.hcl" ||
		found.HasErrors() {
		t.Errorf("found %v", found)
	}
	p.Part = &Part{}
	if found := UnusedAcknowledgements(p, given); len(found) != 0 {
		t.Errorf("of a part: %v", found)
	}
}
