package view_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

const hostile = `</script><img src=x onerror=alert(1)>"'{{.}}` + "\x1b[31m\u202e`javascript:alert(1)`"

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("REHOME_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func report(text string) *handoff.Report {
	p := sample()
	p.Steps[3].Items[0].Name, p.Steps[3].Reason, p.Steps[3].ToDo = text, text, text
	p.Impacts[0].Summary, p.Impacts[0].Tell = text, text
	r := handoff.NewReport(p, []handoff.FollowUp{{ID: "f-1", StepID: "item:b",
		Closed: &handoff.Closing{At: "2026-11-23T08:00:00Z", By: text, Note: text}}}, handoff.Input{
		Run: &handoff.Run{ID: "r-1", Status: "completed_with_follow_up", StartedAt: "2026-11-22T10:00:00Z", Applied: 3},
		Declared: declaration.Declared{RecordedAt: "2026-11-22T10:01:00Z", RecordedBy: text,
			Rollback: &declaration.Rollback{Summary: text, Owner: text, Steps: []string{text}, Contact: text},
			Evidence: &declaration.Evidence{CommunicationsComplete: true, CommunicationsSummary: text, Reference: text}},
		Applications: []handoff.Application{{Name: text, State: "confirmed"},
			{Name: "Payroll", Owner: text, Date: "2026-12-01"}},
	})
	r.Approval = handoff.Approval{PreviewedBy: text, AppliedBy: text, AppliedAt: "2026-11-22T10:00:00Z"}
	r.Unrecorded = []declaration.Change{{Field: "rollback.until", After: text}}
	return &r
}

// hostilePlan has hostile text wherever text comes from outside.
func hostilePlan() *plan.Plan {
	p := sample()
	p.Migration.Name, p.Target.Name, p.Target.Summary = hostile, hostile, hostile
	p.Snapshots[0].Source, p.Snapshots[0].CompletedAt, p.Snapshots[0].Gaps[0].Permission = hostile, hostile, hostile
	p.Part = &plan.Part{Wave: hostile, Targets: []string{hostile}, PulledIn: []string{hostile}, Left: 1}
	p.Warnings = diag.List{diag.Warningf("x", hostile, "%s", hostile)}
	p.Access = &plan.Access{Gained: []plan.AccessChange{{Person: hostile, Application: hostile, Privileged: true}}}
	p.Handoff.Blockers = []plan.Blocker{{Code: hostile, Summary: hostile, Items: []string{hostile}, Next: hostile}}
	p.Impacts = []fidelity.Impact{{ID: hostile, Audience: hostile, Severity: hostile, Summary: hostile, Tell: hostile,
		Items: []string{hostile}, Acknowledged: true, Reason: hostile, Reference: hostile}}
	for i := range p.Steps {
		s := &p.Steps[i]
		s.Reason, s.ToDo, s.Notes, s.NoWayBack, s.Class, s.Decision, s.DecidedBy = hostile, hostile, []string{hostile},
			hostile, hostile, hostile, &merge.Place{File: hostile, Line: 1}
		s.Items[0] = merge.ItemName{Source: hostile, Kind: hostile, ID: hostile, Name: hostile}
		if s.Resource.Type != "" {
			s.Resource = identity.ResourceID{Type: hostile, Key: hostile}
		}
		if s.After != nil {
			s.After[hostile], s.After["list"], s.After["map"] = hostile, []any{hostile}, map[string]any{hostile: hostile}
			s.Before = identity.Attributes{hostile: "x", "map": map[string]any{"a": hostile}}
		}
	}
	return p
}

func TestHTML_ReadsAsTheGoldenFile(t *testing.T) {
	var got bytes.Buffer
	if err := view.HTML(&got, sample()); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.html.golden", got.Bytes())
}

func TestEvidenceHTML_ReadsAsTheGoldenFile(t *testing.T) {
	var got bytes.Buffer
	if err := view.EvidenceHTML(&got, report("said")); err != nil {
		t.Fatal(err)
	}
	golden(t, "evidence.html.golden", got.Bytes())
}

func TestHTML_HostileTextStaysText(t *testing.T) {
	var page, evidence bytes.Buffer
	if err := view.HTML(&page, hostilePlan()); err != nil {
		t.Fatal(err)
	}
	if err := view.EvidenceHTML(&evidence, report(hostile)); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"plan": page.String(), "evidence": evidence.String()} {
		if strings.Contains(got, "<img") || strings.Count(got, "<script") != 1 || strings.ContainsAny(got, "\x1b\u202e") {
			t.Errorf("%s: hostile text became part of the page", name)
		}
		if !strings.Contains(got, "&lt;img src=x") {
			t.Errorf("%s: hostile text is not shown as text", name)
		}
	}
}

func TestHTML_APartOfTheMoveSaysSo(t *testing.T) {
	var page bytes.Buffer
	p := sample()
	p.Part = &plan.Part{Wave: "pilot", PulledIn: []string{"group:/eng"}, Left: 12}
	if err := view.HTML(&page, p); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a part of the move", "pilot", "12 steps", "group:/eng"} {
		if !strings.Contains(page.String(), text) {
			t.Errorf("%s is not on the page", text)
		}
	}
}

func TestHTML_FetchesNothing(t *testing.T) {
	var page bytes.Buffer
	if err := view.HTML(&page, sample()); err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?i)\s(src|href|action|data|srcset|poster)\s*=|@import|url\(`).FindString(page.String()); found != "" {
		t.Errorf("the page refers to something: %q", found)
	}
	if !strings.Contains(page.String(), "default-src &#39;none&#39;") {
		t.Error("the page has no policy that forbids fetching")
	}
}

func TestHTML_EveryStepIsOnThePage(t *testing.T) {
	var page bytes.Buffer
	p := sample()
	if err := view.HTML(&page, p); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"identity_provider:adfs", "client:payroll", "group:/eng", "Contractors",
		"ana -&gt; Payroll", "main.rehome.hcl:41", "The books reconcile", "new sign-in address", p.PlanHash} {
		if !strings.Contains(page.String(), text) {
			t.Errorf("%s is not on the page", text)
		}
	}
}
