package view_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

var now = time.Date(2026, 11, 22, 10, 14, 0, 0, time.UTC)

// sample holds one step of every sign, a hostile name, and values of every shape.
func sample() *plan.Plan {
	item := func(kind identity.Kind, id, name string) []merge.ItemName {
		return []merge.ItemName{{Source: "okta.corp", Kind: kind, ID: id, Name: name}}
	}
	steps := []plan.Step{
		{
			ID: "identity_provider:adfs", Action: plan.ActionUpdate, Disposition: plan.DispositionPlanned,
			Resource: identity.ResourceID{Type: "identity_provider", Key: "adfs"},
			Items:    item(identity.KindIdentityProvider, "0oa1", "ADFS"), Class: assess.ClassApproximation,
			Decision:  "reconcile",
			DecidedBy: &merge.Place{File: "main.rehome.hcl", Line: 41},
			Before: identity.Attributes{"sso_url": "https://fs.acme.example/old", "signing_certificates": []any{"A", "B"},
				"hide_on_login": true},
			After: identity.Attributes{"sso_url": "https://fs.acme.example/adfs/ls", "signing_certificates": []any{"B", "C"},
				"hide_on_login": true},
		},
		{
			ID: "client:payroll", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned,
			Resource: identity.ResourceID{Type: "client", Key: "payroll"},
			Items:    item(identity.KindApplication, "0oa2", "Pay\x1b[31mroll\u202e"), Class: assess.ClassNative,
			AfterUnknown: []string{"secret"}, AfterSensitive: []string{"secret", "upstream"},
			After: identity.Attributes{"client_id": "payroll", "redirect_uris": []any{"https://payroll.acme.example/cb"},
				"upstream":   identity.Secret("okta.corp", identity.KindApplication, "0oa2", "client_secret"),
				"attributes": map[string]any{"pkce": "S256"}},
			NoWayBack: "secret is made by the target and given out once", Notes: []string{"issuer: is the realm's"},
		},
		{ID: "group:/eng", Action: plan.ActionMap, Disposition: plan.DispositionPlanned,
			Resource: identity.ResourceID{Type: "group", Key: "/eng"}, Items: item(identity.KindGroup, "00g1", "Engineering"),
			Class: assess.ClassNative, Decision: "map_to_existing"},
		{ID: "item:a", Action: plan.ActionNone, Disposition: plan.DispositionManual,
			Items: item(identity.KindAuthPolicy, "00p1", "Contractors"), Class: assess.ClassManual,
			Reason: "network zone has no counterpart", ToDo: "put it into the proxy"},
		{ID: "item:b", Action: plan.ActionNone, Disposition: plan.DispositionBlocked,
			Items: item(identity.KindAppAssignment, "x", "ana -> Payroll"), Class: assess.ClassBlocked,
			Reason: "user is not in the plan"},
	}
	return &plan.Plan{
		Status: history.PlanPreviewed, PlanHash: "sha256:9f2c61d0b7", ExpiresAt: "2026-11-23T10:20:00Z",
		Migration: plan.Migration{Name: "acme"},
		Target:    plan.Target{Name: "portal", Summary: "Keycloak 26.7.4, realm acme"},
		Snapshots: []plan.Snapshot{{Source: "okta.corp", CompletedAt: "2026-11-22T08:14:00Z", Items: 1284,
			Gaps: []identity.Gap{{Kind: identity.KindAuthPolicy, Status: 403, Permission: "okta.policies.read"}}}},
		Impacts: []fidelity.Impact{{ID: "ocm-7c1e9b", Audience: fidelity.AudienceEndUsers, Severity: fidelity.SeverityHigh,
			Summary: "new sign-in address", Items: []string{"a"}, Count: 1}},
		Summary: plan.Summary{Create: 1, Update: 1, Map: 1, ManualFollowUp: 1, Blocked: 1,
			Classes: map[assess.Class]int{assess.ClassNative: 2},
			Books:   plan.Books{Items: 5, Done: 3, Manual: 1, Blocked: 1}},
		Steps: steps,
	}
}

// REHOME_UPDATE_GOLDEN=1 writes the golden file anew.
func TestPlan_ReadsAsTheGoldenFile(t *testing.T) {
	var got bytes.Buffer
	if err := view.Plan(&got, sample(), view.PlanOptions{Now: now, SavedTo: "plan.rehome",
		Read: &contract.ReadSummary{Resources: 412, Requests: 6}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "plan.golden")
	if os.Getenv("REHOME_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPlan_WithoutATerminalThereIsNoEscapeAndNoHostileText(t *testing.T) {
	var got bytes.Buffer
	if err := view.Plan(&got, sample(), view.PlanOptions{Now: now, Verbose: true}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(got.String(), "\x1b\u202e") {
		t.Errorf("control characters came through:\n%q", got.String())
	}
}

func TestPlan_InAutomationThereIsNoAdvice(t *testing.T) {
	var got bytes.Buffer
	if err := view.Plan(&got, sample(), view.PlanOptions{Now: now, Automation: true}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.String(), "rehome apply") || !strings.Contains(got.String(), "sha256:9f2c61d0b7") {
		t.Error(got.String())
	}
}

func TestPlan_ManyStepsOfOneShapeAreOneLine(t *testing.T) {
	p := sample()
	for i := range 300 {
		p.Steps = append(p.Steps, plan.Step{ID: string(rune('a' + i)), Action: plan.ActionCreate,
			Disposition: plan.DispositionPlanned, Resource: identity.ResourceID{Type: "role_assignment",
				Key: string(rune('a' + i))}})
	}
	var folded, whole bytes.Buffer
	if err := view.Plan(&folded, p, view.PlanOptions{Now: now}); err != nil {
		t.Fatal(err)
	}
	if err := view.Plan(&whole, p, view.PlanOptions{Now: now, Verbose: true}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(folded.String(), "role_assignment:"); n != 1 ||
		!strings.Contains(folded.String(), "(+ 299 of this shape)") {
		t.Errorf("%d lines", n)
	}
	if n := strings.Count(whole.String(), "role_assignment:"); n != 300 {
		t.Errorf("verbose shows %d of 300", n)
	}
}

func TestDiagnostic_MarksThePlaceInItsLine(t *testing.T) {
	var got bytes.Buffer
	view.Diagnostics(&got, diag.List{{
		Severity: diag.Error, Code: "item-attribute-unknown", Summary: "Unknown attribute",
		Detail:  "An application has no attribute \"nmae\". Did you mean \"name\"?",
		Subject: &diag.Range{File: "main.rehome.hcl", Start: diag.Position{Line: 36}},
		Snippet: &diag.Snippet{Context: `merge "application" "payroll"`, Code: `  where    = item.nmae == "Payroll"`,
			Line: 36, From: 18, To: 22},
	}}, view.Style{})
	want := `Error: Unknown attribute                              [item-attribute-unknown]
  on main.rehome.hcl line 36, in merge "application" "payroll":
   36:   where    = item.nmae == "Payroll"
                         ^^^^
An application has no attribute "nmae". Did you mean "name"?

`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}
