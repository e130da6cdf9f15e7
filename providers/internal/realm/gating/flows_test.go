package gating

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func TestAFlowThatHoldsItselfIsCutOff(t *testing.T) {
	s := ParseFlows(object.Object{"authenticationFlows": []object.Object{
		{"alias": "a", "topLevel": true, "authenticationExecutions": []any{object.Object{"flowAlias": "b",
			"requirement": Required}}},
		{"alias": "b", "authenticationExecutions": []any{object.Object{"flowAlias": "a", "requirement": Required},
			object.Object{"flowAlias": "nowhere"}}},
	}})
	tree, exists := s.Tree("a")
	if !exists || len(tree.Executions[0].Flow.Executions) != 2 ||
		len(tree.Executions[0].Flow.Executions[0].Flow.Executions) != 0 {
		t.Errorf("%+v, %v", tree, exists)
	}
	if _, exists := s.Tree("c"); exists || s.ID("c") != "" {
		t.Error("a flow is there that nobody named")
	}
}

func TestALiveFlowCoversAWantedOneOnlyWholly(t *testing.T) {
	wanted := Flow{Executions: []Execution{step("a", Required, 1), step("b", Required, 2)}}
	gate := PlaceBrowser.gate("app")
	between := Execution{Flow: &gate, Requirement: Alternative, Priority: 1}
	withConfig := Flow{Executions: []Execution{{Authenticator: "a", Requirement: Required,
		Config: &Config{Values: map[string]string{"x": "1"}}}}}
	for name, test := range map[string]struct {
		live, wanted Flow
		covers       bool
	}{
		"the same": {wanted, wanted, true},
		"with a gate in between": {Flow{Executions: []Execution{wanted.Executions[0], between, wanted.Executions[1]}},
			wanted, true},
		"with a gate behind": {Flow{Executions: append(slices.Clone(wanted.Executions), between)}, wanted, true},
		"with a stranger between": {Flow{Executions: []Execution{wanted.Executions[0], step("c", Required, 1),
			wanted.Executions[1]}}, wanted, false},
		"with a stranger behind": {Flow{Executions: append(slices.Clone(wanted.Executions), step("c", Required, 3))},
			wanted, false},
		"in another order": {Flow{Executions: []Execution{wanted.Executions[1], wanted.Executions[0]}}, wanted,
			false},
		"with another requirement": {Flow{Executions: []Execution{step("a", Alternative, 1), wanted.Executions[1]}}, wanted,
			false},
		"with one missing":     {Flow{Executions: wanted.Executions[:1]}, wanted, false},
		"without its settings": {Flow{Executions: []Execution{step("a", Required, 1)}}, withConfig, false},
	} {
		if got := Covers(test.live, test.wanted); got != test.covers {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// An account that is taken over by its address is the worst that a first sign-in can do, and idp-auto-link is what
// does it.
func TestNoFlowOfOursLinksAnAccountByItsAddress(t *testing.T) {
	var walk func(flow Flow)
	walk = func(flow Flow) {
		for _, e := range flow.Executions {
			switch e.Authenticator {
			case "idp-auto-link", "idp-detect-existing-broker-user", "idp-review-profile", "idp-confirm-link":
				t.Errorf("%s holds %s", flow.Alias, e.Authenticator)
			}
			if e.Flow != nil {
				walk(*e.Flow)
			}
		}
	}
	for _, flow := range BaseFlows() {
		walk(flow)
	}
}

// deny-access counts as a failed sign-in of the person: two within a second lock his account.
func TestNoGateDeniesInAWayThatCounts(t *testing.T) {
	var walk func(flow Flow)
	walk = func(flow Flow) {
		for _, e := range flow.Executions {
			if e.Authenticator == "deny-access-authenticator" {
				t.Errorf("%s holds %s", flow.Alias, e.Authenticator)
			}
			if e.Flow != nil {
				walk(*e.Flow)
			}
		}
	}
	for _, place := range Places() {
		walk(place.Admission([]Gated{{"app", ProtocolOIDC}, {"urn:other", ProtocolSAML}}))
	}
}

// A gate of the shape before is found with its client, whatever else stands beside it.
func TestOldGatesAreFound(t *testing.T) {
	member := PlaceBrowser.OldGate("app") + " member"
	gate := Flow{Alias: PlaceBrowser.OldGate("app"), Executions: []Execution{{Requirement: Conditional,
		Flow: &Flow{Alias: member, Executions: []Execution{{Authenticator: "conditional-user-role", Requirement: Required,
			Config: &Config{Alias: member + " role", Values: map[string]string{"condUserRole": "app.access"}}}}}}}}
	renamed := Flow{Alias: PlaceBrowser.OldGate("was"), Executions: []Execution{{Requirement: Conditional,
		Flow: &Flow{Alias: PlaceBrowser.OldGate("was") + " member"}}}}
	chunk := Flow{Alias: TopFlow(PlaceBrowser) + " saml-3", Executions: []Execution{allow(lastPriority),
		{Flow: &gate, Requirement: Conditional}, {Flow: &renamed, Requirement: Conditional}}}
	parent := Flow{Alias: PlaceBrowser.OldParent(), Executions: []Execution{{Flow: &chunk, Requirement: Conditional}}}
	top := Flow{Alias: TopFlow(PlaceBrowser), TopLevel: true, Executions: []Execution{{Flow: &parent,
		Requirement: Required}}}
	s := ParseFlows(realmOf(top))
	if got := s.OldGates(PlaceBrowser); !slices.Equal(got, []Gated{{"app", ProtocolSAML}}) {
		t.Errorf("found %v", got)
	}
	if got := s.GateFlows(); len(got) != 0 {
		t.Errorf("the flow of the shape before counts as there: %v", got)
	}
	if got := s.OldGates(PlaceDirect); len(got) != 0 {
		t.Errorf("where there is no flow, found %v", got)
	}
}

// realmOf is a realm file that holds flows.
func realmOf(flows ...Flow) object.Object {
	realm := object.Object{}
	for _, flow := range flows {
		all, configs := flow.Objects(func(alias string) string { return "id of " + alias })
		realm["authenticationFlows"] = append(object.Objects(realm["authenticationFlows"]), all...)
		realm["authenticatorConfig"] = append(object.Objects(realm["authenticatorConfig"]), configs...)
	}
	return realm
}
