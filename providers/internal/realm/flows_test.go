package realm

import (
	"fmt"
	"slices"
	"testing"
)

// gatedRealm is a realm file with whole gates of clients, as the writers make it.
func gatedRealm(t *testing.T, clients ...string) Object {
	t.Helper()
	doc := Object{"realm": "acme"}
	var gated []Gated
	for _, id := range clients {
		gated = append(gated, Gated{ClientID: id, Protocol: ProtocolOIDC})
	}
	for place, top := range map[Place]Flow{PlaceBrowser: browserFlow(), PlaceDirect: directFlow(),
		PlaceBroker: brokerFlow()} {
		at := slices.IndexFunc(top.Executions, func(e Execution) bool {
			return e.Flow != nil && e.Flow.Alias == GateParent(place)
		})
		admission := place.Admission(gated)
		top.Executions[at].Flow = &admission
		flows, configs := top.Objects(func(alias string) string { return "id of " + alias })
		doc["authenticationFlows"] = append(Objects(doc["authenticationFlows"]), flows...)
		doc["authenticatorConfig"] = append(Objects(doc["authenticatorConfig"]), configs...)
	}
	var list []Object
	for _, id := range clients {
		list = append(list, Object{"clientId": id, "defaultClientScopes": List(GateScopes(ProtocolOIDC, id)),
			"authenticationFlowBindingOverrides": Object{
				"browser": "id of " + TopFlow(PlaceBrowser), "direct_grant": "id of " + TopFlow(PlaceDirect)}})
	}
	doc["clients"] = list
	return doc
}

func gatesOfRealm(doc Object) map[string]bool {
	intact := map[string]bool{}
	for _, r := range ReadDocument(doc) {
		if r.Type == TypeGate {
			intact[r.Key] = r.Attributes["intact"] == true
		}
	}
	return intact
}

func TestAGateIsIntactOnlyWithAllItsParts(t *testing.T) {
	flow := func(doc Object, alias string) Object {
		flows := Objects(doc["authenticationFlows"])
		return flows[slices.IndexFunc(flows, func(f Object) bool { return f["alias"] == alias })]
	}
	execution := func(doc Object, outer, inner string) Object {
		all := Objects(flow(doc, outer)["authenticationExecutions"])
		return all[slices.IndexFunc(all, func(e Object) bool {
			return e["flowAlias"] == inner ||
				e["authenticator"] == inner
		})]
	}
	config := func(doc Object, alias string) Object {
		all := Objects(doc["authenticatorConfig"])
		return peek(all[slices.IndexFunc(all, func(c Object) bool { return c["alias"] == alias })], "config")
	}
	client := func(doc Object) Object { return Objects(doc["clients"])[0] }
	chunk, gate := PlaceBroker.Chunk(ProtocolOIDC, "app"), GateAlias(PlaceBroker, "app")
	gates, browser := PlaceBroker.Gates(ProtocolOIDC, "app"), PlaceBrowser.Chunk(ProtocolOIDC, "app")
	for name, spoil := range map[string]func(doc Object){
		"the marker scope is gone": func(doc Object) {
			client(doc)["defaultClientScopes"] = []any{ChunkScope(ProtocolOIDC,
				"app")}
		},
		"the chunk scope is gone": func(doc Object) { client(doc)["defaultClientScopes"] = []any{MarkerScope("app")} },
		"the client is not bound": func(doc Object) { delete(client(doc), "authenticationFlowBindingOverrides") },
		"the gates are switched off": func(doc Object) {
			execution(doc, TopFlow(PlaceBroker), GateParent(PlaceBroker))["requirement"] = "DISABLED"
		},
		"the chunk is switched off": func(doc Object) {
			execution(doc, GateParent(PlaceBroker), chunk)["requirement"] = "DISABLED"
		},
		"the chunk of the browser is asked of all": func(doc Object) {
			execution(doc, GateParent(PlaceBrowser), browser)["requirement"] = Required
		},
		"the gate is switched off":   func(doc Object) { execution(doc, gates, gate)["requirement"] = "DISABLED" },
		"the gate asks another role": func(doc Object) { config(doc, gate+" member role")["condUserRole"] = "app.other" },
		"the gate asks who has not":  func(doc Object) { config(doc, gate+" member role")["negate"] = "true" },
		"the chunk asks other scope": func(doc Object) { config(doc, chunk+" client")["client_scope"] = "email" },
		"the gate asks other scope":  func(doc Object) { config(doc, gate+" member client")["client_scope"] = "email" },
		"nobody is refused in the browser": func(doc Object) {
			execution(doc, GateParent(PlaceBrowser), GateParent(PlaceBrowser)+" refuse")["requirement"] = "DISABLED"
		},
		"nobody is refused after a provider": func(doc Object) {
			execution(doc, gates, chunk+" refuse")["requirement"] = "DISABLED"
		},
		"everybody passes in the browser": func(doc Object) {
			parent := flow(doc, GateParent(PlaceBrowser))
			parent["authenticationExecutions"] = append(parent["authenticationExecutions"].([]any),
				Execution{Authenticator: "allow-access-authenticator", Requirement: Alternative, Priority: 1}.Object())
		},
		"a refusal leads elsewhere": func(doc Object) {
			config(doc, chunk+" refuse provider")["defaultProvider"] = "corp"
		},
		"a place is gone": func(doc Object) { flow(doc, TopFlow(PlaceDirect))["alias"] = "theirs" },
		"the chunk hangs elsewhere": func(doc Object) {
			execution(doc, GateParent(PlaceBroker), chunk)["flowAlias"] = "nowhere"
		},
	} {
		t.Run(name, func(t *testing.T) {
			doc := gatedRealm(t, "app", "other")
			if got := gatesOfRealm(doc); !got["app"] || !got["other"] {
				t.Fatalf("whole gates read as %v", got)
			}
			spoil(doc)
			if gatesOfRealm(doc)["app"] {
				t.Error("it reads as intact")
			}
		})
	}
}

// A realm has a gate for each of hundreds of clients, and all are read with every plan.
func BenchmarkReadingTheGatesOf500Clients(b *testing.B) {
	ids := make([]string, 500)
	for i := range ids {
		ids[i] = fmt.Sprintf("client-%d", i)
	}
	doc := gatedRealm(&testing.T{}, ids...)
	for b.Loop() {
		if gates := gatesOfRealm(doc); len(gates) != 500 || !gates["client-499"] {
			b.Fatal("not all gates are whole")
		}
	}
}

func TestAFlowThatHoldsItselfIsCutOff(t *testing.T) {
	s := ParseFlows([]Object{
		{"alias": "a", "topLevel": true, "authenticationExecutions": []any{Object{"flowAlias": "b",
			"requirement": Required}}},
		{"alias": "b", "authenticationExecutions": []any{Object{"flowAlias": "a", "requirement": Required},
			Object{"flowAlias": "nowhere"}}},
	}, nil)
	tree, there := s.Tree("a")
	if !there || len(tree.Executions[0].Flow.Executions) != 2 ||
		len(tree.Executions[0].Flow.Executions[0].Flow.Executions) != 0 {
		t.Errorf("%+v, %v", tree, there)
	}
	if _, there := s.Tree("c"); there || s.ID("c") != "" || !slices.Equal(s.TopLevel(), []string{"a"}) {
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
	s := ParseFlows(top.Objects(func(alias string) string { return alias }))
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
