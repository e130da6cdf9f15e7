package realmfile

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/internal/realm/realmtest"
)

// A file with gates of the shape before holds those of today after the step of the flows, each with its client.
func TestGatesOfTheShapeBeforeAreReplaced(t *testing.T) {
	path := write(t, `{"realm":"acme"}`)
	target := configured(t, path)
	client := identity.Attributes{"client_id": "wiki", "protocol": gating.ProtocolOIDC, "name": "Wiki", "public": false,
		"standard_flow": true, "redirect_uris": []any{"https://wiki.example.test/a"}}
	var aliases []any
	for _, flow := range gating.BaseFlows() {
		aliases = append(aliases, flow.Alias)
	}
	flows := contract.StepRequest{Action: contract.ActionCreate,
		Resource: identity.ResourceID{Type: realm.TypeGateFlows, Key: realm.GateFlowsKey},
		After:    identity.Attributes{"name": realm.GateFlowsKey, "flows": aliases}}
	gate := contract.StepRequest{Action: contract.ActionCreate,
		Resource: identity.ResourceID{Type: realm.TypeGate, Key: "wiki"},
		After:    identity.Attributes{"client": "wiki", "protocol": gating.ProtocolOIDC, "intact": true}}
	made := contract.StepRequest{Action: contract.ActionCreate, Tag: "okta.corp/application/1",
		Resource: identity.ResourceID{Type: realm.TypeClient, Key: "wiki"}, After: client}
	for _, step := range []contract.StepRequest{flows, made, gate} {
		apply(t, target, step)
	}
	whole(t, target)
	makeOld(t, path)
	if gate, present := gateIn(t, path); gate || slices.Contains(present, gating.TopFlow(gating.PlaceBrowser)) {
		t.Fatalf("the plan finds no update: %v, %v", gate, present)
	}

	target = configured(t, path)
	result, err := target.Apply(t.Context(), contract.StepRequest{Action: contract.ActionUpdate, Resource: flows.Resource,
		Before: identity.Attributes{"flows": []any{}}, After: flows.After})
	if err != nil || result.Already {
		t.Fatalf("%+v, %v", result, err)
	}
	whole(t, target)
	if gate, present := gateIn(t, path); !gate || len(present) != len(aliases) {
		t.Errorf("the gate is whole: %v; flows: %v", gate, present)
	}
	if content, _ := os.ReadFile(path); strings.Contains(string(content), gating.PlaceBrowser.OldGate("wiki")) {
		t.Error("the gate of the shape before is still there")
	}
}

func documentIn(t *testing.T, path string) object.Object {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc object.Object
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// gateIn tells whether the gate in a file is whole, and which flows are there in the shape of today.
func gateIn(t *testing.T, path string) (whole bool, present []string) {
	t.Helper()
	for _, r := range realm.ReadDocument(documentIn(t, path)) {
		switch r.Type {
		case realm.TypeGate:
			whole = r.Attributes["intact"] == true
		case realm.TypeGateFlows:
			present = object.Texts(r.Attributes["flows"])
		}
	}
	return whole, present
}

// makeOld gives a file the gates of the shape before.
func makeOld(t *testing.T, path string) {
	t.Helper()
	doc := documentIn(t, path)
	for _, place := range gating.Places() {
		flows := slices.DeleteFunc(object.Objects(doc["authenticationFlows"]), func(o object.Object) bool {
			alias, _ := o["alias"].(string)
			return place.HoldsPart(alias) || strings.HasPrefix(alias, gating.GateParent(place))
		})
		for _, flow := range flows {
			for _, execution := range object.Objects(flow["authenticationExecutions"]) {
				if execution["flowAlias"] == gating.GateParent(place) {
					execution["flowAlias"] = place.OldParent()
				}
			}
		}
		old, configs := realmtest.OldGates(place, "wiki").Objects(func(alias string) string { return "id of " + alias })
		doc["authenticationFlows"] = append(flows, old...)
		doc["authenticatorConfig"] = append(object.Objects(doc["authenticatorConfig"]), configs...)
	}
	content, err := json.Marshal(doc)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
