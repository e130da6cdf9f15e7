package realmfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/rollback"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// wikiInUse is a realm file with a client that people use, bound to a flow of its own.
func wikiInUse(t *testing.T) string {
	t.Helper()
	flow := withFactor(gating.Required)
	flows, configs := flow.Objects(func(alias string) string { return "id of " + alias })
	content, err := json.Marshal(object.Object{"realm": "acme", "authenticationFlows": flows, "authenticatorConfig": configs,
		"clients": []any{object.Object{"clientId": "wiki", "protocol": gating.ProtocolOIDC, "name": "Old wiki",
			"enabled": true, "standardFlowEnabled": true, "redirectUris": []any{"https://old.example.test/cb"},
			"authenticationFlowBindingOverrides": object.Object{"browser": "id of house rules"}}}})
	if err != nil {
		t.Fatal(err)
	}
	return write(t, string(content))
}

// planFor is the plan of the fixture tenant against the file, with a decision about the application.
func planFor(t *testing.T, target *Target, path string, rules ...merge.Rule) *plan.Plan {
	t.Helper()
	input := draft.Input{Migration: plan.Migration{Name: "acme", Tenant: "acme", Mode: merge.ModeMerge}, Rules: rules,
		Target: plan.Target{Provider: "realmfile", Identity: filepath.Base(path)}, Schemas: realm.Resources()}
	for _, i := range tenant(t) {
		i.Source = "okta.corp"
		translation := target.Translate(i)
		input.Items = append(input.Items, draft.AssessedItem{Item: i, Translation: translation,
			Result: assess.Assess(i, translation.Contract, translation.Findings, nil)})
	}
	if _, err := target.Read(t.Context(), func(r identity.Resource) error {
		input.Live = append(input.Live, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	found, err := draft.Judge(input, func(changed, live []identity.Resource) ([]contract.CheckFinding, error) {
		return target.Check(changed, live), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	input.CheckFindings = found
	made, _ := draft.Build(input)
	return made
}

func stepOf(t *testing.T, p *plan.Plan, id string) plan.Step {
	t.Helper()
	at := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.ID == id })
	if at < 0 {
		t.Fatalf("the plan has no step %s", id)
	}
	return p.Steps[at]
}

func aboutWiki(decision merge.Decision, overwrite ...string) merge.Rule {
	return merge.Rule{Kind: identity.KindApplication, Name: "wiki", Decision: decision, Target: "client:wiki",
		Overwrite: overwrite,
		Where:     func(i identity.Item) (bool, error) { return i.ID == "a1", nil }}
}

// A client that people use gets a gate only by a decision, which the advice names; it keeps the flow of its own, and all
// is as it was when the way back is gone.
func TestALiveClientOfAFileIsGatedByTheDecisionThatTheAdviceNames(t *testing.T) {
	path := wikiInUse(t)
	target := configured(t, path)
	before := documentIn(t, path)
	mapped := planFor(t, target, path, aboutWiki(merge.DecisionMap))
	blocked := stepOf(t, mapped, "gate:wiki")
	if blocked.Disposition != plan.DispositionBlocked || !strings.Contains(blocked.Reason, "nobody has decided") ||
		!strings.Contains(blocked.ToDo, `decision = "reconcile", target = "client:wiki" and overwrite = ["gated"]`) {
		t.Fatalf("mapped, the gate is %s: %s; %s", blocked.Disposition, blocked.Reason, blocked.ToDo)
	}
	for _, step := range mapped.Steps {
		if step.Disposition == plan.DispositionPlanned && strings.Contains(step.ID, "wiki") {
			t.Errorf("without a decision the plan does %s", step.ID)
		}
	}

	decided := planFor(t, target, path, aboutWiki(merge.DecisionReconcile, "gated"))
	opening := stepOf(t, decided, "client_enablement:wiki")
	if opening.Action != plan.ActionUpdate || opening.Before["gated"] != false || opening.After["gated"] != true {
		t.Fatalf("decided, the step is %s %s: %v -> %v; %s", opening.Action, opening.Disposition, opening.Before,
			opening.After, opening.Reason)
	}
	if client := stepOf(t, decided, "client:wiki"); client.Action == plan.ActionUpdate {
		t.Errorf("of the client itself it changes %v", client.After)
	}
	if notes := stepOf(t, decided, "gate:wiki").Notes; !strings.Contains(strings.Join(notes, "\n"), "flow of its own") {
		t.Errorf("the gate says %q", notes)
	}
	for _, step := range decided.Steps {
		if step.Disposition != plan.DispositionPlanned || step.Action == plan.ActionMap {
			continue
		}
		apply(t, target, contract.StepRequest{Action: string(step.Action), Resource: step.Resource,
			Before: step.Before, After: step.After, ServerID: step.ServerID, Tag: step.Tag})
	}
	whole(t, target)
	if gate, _ := gateIn(t, path); !gate {
		t.Error("the gate is not whole")
	}
	place := gating.On(gating.PlaceBrowser, "house rules")
	if house := find(documentIn(t, path), "authenticationFlows", "alias", place.Houses()[0]+" house rules forms"); house == nil {
		t.Error("the gate does not stand behind the flow of the client")
	}
	again := planFor(t, configured(t, path), path, aboutWiki(merge.DecisionReconcile, "gated"))
	for _, id := range []string{"gate:wiki", "client_enablement:wiki", "gate_flows:rehome"} {
		if step := stepOf(t, again, id); step.Disposition != plan.DispositionUnchanged {
			t.Errorf("the second plan finds of %s: %s %v -> %v", id, step.Action, step.Before, step.After)
		}
	}

	target = configured(t, path)
	for _, step := range wayBack(t, target, decided).Steps {
		if step.Disposition == plan.DispositionBlocked || step.Disposition == plan.DispositionSkipped {
			t.Errorf("on the way back %s is %s: %s", step.ID, step.Disposition, step.Reason)
		}
		if step.Disposition == plan.DispositionPlanned {
			apply(t, target, contract.StepRequest{Action: string(step.Action), Resource: step.Resource, Before: step.Before,
				After: step.After, ServerID: step.ServerID, Tag: step.Tag})
		}
	}
	whole(t, target)
	was, is := find(before, "clients", "clientId", "wiki"), find(documentIn(t, path), "clients", "clientId", "wiki")
	for _, field := range []string{"enabled", "authenticationFlowBindingOverrides", "redirectUris", "name"} {
		if a, b := text(object.Object{"v": mustJSON(t, was[field])}, "v"), text(object.Object{"v": mustJSON(t, is[field])}, "v"); a != b {
			t.Errorf("%s was %s and is %s", field, a, b)
		}
	}
	if content, _ := os.ReadFile(path); strings.Contains(string(content), gating.TopFlow(place)) ||
		strings.Contains(string(content), "rehome.former") {
		t.Error("something of the gate is left")
	}
}

// wayBack is the plan that takes back what a plan did.
func wayBack(t *testing.T, target *Target, forward *plan.Plan) *plan.Plan {
	t.Helper()
	input := rollback.Input{Schemas: realm.Resources(), Usages: map[identity.ResourceID]observation.Usage{}}
	if _, err := target.Read(t.Context(), func(r identity.Resource) error {
		input.Live = append(input.Live, r)
		input.Usages[r.ID()] = observation.Usage{Resource: r.ID()}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, step := range forward.Steps {
		if step.Disposition == plan.DispositionPlanned {
			input.Done = append(input.Done, rollback.Did{Step: step, Did: history.Did{ServerID: step.ServerID, Certain: true}})
		}
	}
	back, problems := rollback.Build(input)
	if problems.HasErrors() {
		t.Fatal(problems.Error())
	}
	return back
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// A provider that no item stands for keeps applications closed; following the advice, step by step, opens them and it.
func TestTheAdviceAboutALiveProviderCanBeFollowed(t *testing.T) {
	path := write(t, `{"realm":"acme","organizationsEnabled":true,"identityProviders":[{"alias":"late","displayName":"Late",`+
		`"providerId":"saml","enabled":true,"config":{"idpEntityId":"urn:late"}}]}`)
	change := func(fields object.Object) {
		doc := documentIn(t, path)
		for name, value := range fields {
			find(doc, "identityProviders", "alias", "late")[name] = value
		}
		if err := os.WriteFile(path, []byte(mustJSON(t, doc)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opening := func(want plan.Disposition) plan.Step {
		t.Helper()
		step := stepOf(t, planFor(t, configured(t, path), path), "client_enablement:wiki")
		if step.Disposition != want {
			t.Fatalf("the opening is %s, want %s: %s", step.Disposition, want, step.Reason)
		}
		return step
	}
	blocked := opening(plan.DispositionBlocked)
	if !strings.Contains(blocked.Reason, "provider late") {
		t.Fatalf("the reason is %q", blocked.Reason)
	}
	advice := stepOf(t, planFor(t, configured(t, path), path), "gate:wiki").ToDo
	if !strings.Contains(advice, "Disable it until this plan is applied") {
		t.Fatalf("the advice is %q", advice)
	}
	change(object.Object{"enabled": false})
	opening(plan.DispositionPlanned)
	target := configured(t, path)
	for _, step := range planFor(t, target, path).Steps {
		if step.Disposition == plan.DispositionPlanned {
			apply(t, target, contract.StepRequest{Action: string(step.Action), Resource: step.Resource, Before: step.Before,
				After: step.After, Tag: step.Tag})
		}
	}
	whole(t, target)
	if find(documentIn(t, path), "authenticationFlows", "alias", gating.TopFlow(gating.PlaceBroker)) == nil {
		t.Fatal("the flow that the advice names was not made")
	}
	change(object.Object{"postBrokerLoginFlowAlias": gating.TopFlow(gating.PlaceBroker), "enabled": true})
	opening(plan.DispositionUnchanged)
	if gate, _ := gateIn(t, path); !gate {
		t.Error("the gate is not whole")
	}
}
