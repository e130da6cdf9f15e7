package plan

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
)

func TestClose_AnImpactWaitsForItsAcknowledgement(t *testing.T) {
	in := input()
	in.Items[1].Result.Findings = []fidelity.Finding{{Type: fidelity.Approximation, ImpactCode: "issuer_changes",
		Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityHigh, Summary: "new issuer"}}
	p := build(t, in)
	if p.Status != history.PlanDraft || p.PlanHash != "" || p.Handoff.Blockers[0].Code != BlockerImpacts {
		t.Fatalf("%+v", p.Handoff)
	}
	if err := Write(&bytes.Buffer{}, p, unsealed); err == nil {
		t.Error("a draft was written")
	}
	Close(p, Gates{Acknowledgements: []Acknowledgement{{ID: p.Impacts[0].ID, Reason: "announced",
		Range: diag.Range{File: "a.hcl", Start: diag.Position{Line: 1}}}}})
	first := p.PlanHash
	if p.Status != history.PlanPreviewed || first == "" {
		t.Fatalf("%+v", p.Handoff)
	}
	Close(p, Gates{Acknowledgements: []Acknowledgement{{ID: p.Impacts[0].ID, Reason: "announced",
		Range: diag.Range{File: "b.hcl", Start: diag.Position{Line: 9}}}}, CreatedAt: "2026-11-22T08:00:00Z"})
	if p.PlanHash != first {
		t.Error("the hash covers files or times")
	}
	Close(p, Gates{Acknowledgements: []Acknowledgement{{ID: p.Impacts[0].ID, Reason: "other"}}})
	if p.PlanHash == first {
		t.Error("the hash does not cover the reason of an acknowledgement")
	}
}

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
	p := &Plan{Impacts: []Impact{{ID: "ocm-1"}}}
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
