package draft

import (
	"bytes"
	"testing"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestClose_AnImpactWaitsForItsAcknowledgement(t *testing.T) {
	in := input()
	in.Items[1].Result.Findings = []fidelity.Finding{{Type: fidelity.Approximation, ImpactCode: "issuer_changes",
		Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityHigh, Summary: "new issuer"}}
	p := build(t, in)
	if p.Status != history.PlanDraft || p.PlanHash != "" || p.Handoff.Blockers[0].Code != plan.BlockerImpacts {
		t.Fatalf("%+v", p.Handoff)
	}
	if err := plan.Write(&bytes.Buffer{}, p, emptySeal); err == nil {
		t.Error("a draft was written")
	}
	plan.Close(p, plan.Gates{Acknowledgements: []plan.Acknowledgement{{ID: p.Impacts[0].ID, Reason: "announced",
		Range: diag.Range{File: "a.hcl", Start: diag.Position{Line: 1}}}}})
	first := p.PlanHash
	if p.Status != history.PlanPreviewed || first == "" {
		t.Fatalf("%+v", p.Handoff)
	}
	plan.Close(p, plan.Gates{Acknowledgements: []plan.Acknowledgement{{ID: p.Impacts[0].ID, Reason: "announced",
		Range: diag.Range{File: "b.hcl", Start: diag.Position{Line: 9}}}}, CreatedAt: "2026-11-22T08:00:00Z"})
	if p.PlanHash != first {
		t.Error("the hash covers files or times")
	}
	plan.Close(p, plan.Gates{Acknowledgements: []plan.Acknowledgement{{ID: p.Impacts[0].ID, Reason: "other"}}})
	if p.PlanHash == first {
		t.Error("the hash does not cover the reason of an acknowledgement")
	}
}
