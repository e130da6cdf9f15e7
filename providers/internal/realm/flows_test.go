package realm

import (
	"fmt"
	"slices"
	"testing"
)

// gatedRealm is a realm file with whole gates of clients, as the writers make it.
func gatedRealm(t *testing.T, clients ...string) Object {
	t.Helper()
	trees := map[Place]Flow{PlaceBrowser: browserFlow(), PlaceDirect: directFlow(), PlaceBroker: brokerFlow()}
	doc := Object{"realm": "acme"}
	for place, top := range trees {
		parent := &top.Executions[slices.IndexFunc(top.Executions, func(e Execution) bool {
			return e.Flow != nil &&
				e.Flow.Alias == GateParent(place)
		})]
		for _, id := range clients {
			alias := ChunkAlias(place, ProtocolOIDC, id)
			at := slices.IndexFunc(parent.Flow.Executions, func(e Execution) bool {
				return e.Flow != nil &&
					e.Flow.Alias == alias
			})
			if at < 0 {
				chunk := ChunkFlow(place, ProtocolOIDC, id)
				parent.Flow.Executions = slices.Insert(parent.Flow.Executions, 0, Execution{Flow: &chunk, Requirement: Conditional,
					Priority: ChunkPriority})
				at = 0
			}
			gate := GateFlow(place, id, "You are not assigned to it.")
			chunk := parent.Flow.Executions[at].Flow
			chunk.Executions = slices.Insert(chunk.Executions, 1, Execution{Flow: &gate, Requirement: Conditional,
				Priority: GatePriority})
		}
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
	chunk, gate := ChunkAlias(PlaceBroker, ProtocolOIDC, "app"), GateAlias(PlaceBroker, "app")
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
			execution(doc, GateParent(PlaceBroker),
				chunk)["requirement"] = "DISABLED"
		},
		"the gate is switched off":   func(doc Object) { execution(doc, chunk, gate)["requirement"] = Alternative },
		"the gate asks another role": func(doc Object) { config(doc, gate+" member role")["condUserRole"] = "app.other" },
		"the chunk asks other scope": func(doc Object) { config(doc, chunk+" client")["client_scope"] = "email" },
		"somebody passes in a chunk": func(doc Object) {
			execution(doc, chunk,
				"allow-access-authenticator")["requirement"] = Alternative
		},
		"one place holds another text": func(doc Object) {
			config(doc, DenyConfig(PlaceBroker,
				"app"))["denyErrorMessage"] = "Go away."
		},
		"a place is gone": func(doc Object) { flow(doc, TopFlow(PlaceDirect))["alias"] = "theirs" },
		"the chunk hangs elsewhere": func(doc Object) {
			execution(doc, GateParent(PlaceBroker),
				chunk)["flowAlias"] = "nowhere"
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
	gate := GateFlow(PlaceBrowser, "app", "No.")
	between := Execution{Flow: &gate, Requirement: Conditional, Priority: 1}
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
