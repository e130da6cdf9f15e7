package realm

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// flowOfOurs is a flow of ours as a realm has it before any gate.
func flowOfOurs(t *testing.T, alias string) gating.Flow {
	t.Helper()
	flows := gating.BaseFlows()
	at := slices.IndexFunc(flows, func(f gating.Flow) bool { return f.Alias == alias })
	if at < 0 {
		t.Fatalf("there is no flow %q", alias)
	}
	return flows[at]
}

// gatedRealm is a realm file with whole gates of clients, as the writers make it.
func gatedRealm(t *testing.T, clients ...string) object.Object {
	t.Helper()
	doc := object.Object{"realm": "acme"}
	var gated []gating.Gated
	for _, id := range clients {
		gated = append(gated, gating.Gated{ClientID: id, Protocol: gating.ProtocolOIDC})
	}
	for _, place := range gating.Places() {
		top := flowOfOurs(t, gating.TopFlow(place))
		at := slices.IndexFunc(top.Executions, func(e gating.Execution) bool {
			return e.Flow != nil && e.Flow.Alias == gating.GateParent(place)
		})
		admission := place.Admission(gated)
		top.Executions[at].Flow = &admission
		flows, configs := top.Objects(func(alias string) string { return "id of " + alias })
		doc["authenticationFlows"] = append(object.Objects(doc["authenticationFlows"]), flows...)
		doc["authenticatorConfig"] = append(object.Objects(doc["authenticatorConfig"]), configs...)
	}
	var list []object.Object
	for _, id := range clients {
		list = append(list, object.Object{"clientId": id,
			"defaultClientScopes": object.List(gating.GateScopes(gating.ProtocolOIDC, id)),
			"authenticationFlowBindingOverrides": object.Object{
				"browser":      "id of " + gating.TopFlow(gating.PlaceBrowser),
				"direct_grant": "id of " + gating.TopFlow(gating.PlaceDirect)}})
	}
	doc["clients"] = list
	return doc
}

func gatesOfRealm(doc object.Object) map[string]bool {
	intact := map[string]bool{}
	for _, r := range ReadDocument(doc) {
		if r.Type == TypeGate {
			intact[r.Key] = r.Attributes["intact"] == true
		}
	}
	return intact
}

func TestAGateIsIntactOnlyWithAllItsParts(t *testing.T) {
	flow := func(doc object.Object, alias string) object.Object {
		flows := object.Objects(doc["authenticationFlows"])
		return flows[slices.IndexFunc(flows, func(f object.Object) bool { return f["alias"] == alias })]
	}
	execution := func(doc object.Object, outer, inner string) object.Object {
		all := object.Objects(flow(doc, outer)["authenticationExecutions"])
		return all[slices.IndexFunc(all, func(e object.Object) bool {
			return e["flowAlias"] == inner ||
				e["authenticator"] == inner
		})]
	}
	config := func(doc object.Object, alias string) object.Object {
		all := object.Objects(doc["authenticatorConfig"])
		return object.Peek(all[slices.IndexFunc(all, func(c object.Object) bool { return c["alias"] == alias })], "config")
	}
	client := func(doc object.Object) object.Object { return object.Objects(doc["clients"])[0] }
	chunk, gate := gating.PlaceBroker.Chunk(gating.ProtocolOIDC, "app"), gating.GateAlias(gating.PlaceBroker, "app")
	gates := gating.PlaceBroker.Gates(gating.ProtocolOIDC, "app")
	browser := gating.PlaceBrowser.Chunk(gating.ProtocolOIDC, "app")
	for name, spoil := range map[string]func(doc object.Object){
		"the marker scope is gone": func(doc object.Object) {
			client(doc)["defaultClientScopes"] = []any{gating.ChunkScope(gating.ProtocolOIDC, "app")}
		},
		"the chunk scope is gone": func(doc object.Object) {
			client(doc)["defaultClientScopes"] = []any{gating.MarkerScope("app")}
		},
		"the client is not bound": func(doc object.Object) { delete(client(doc), "authenticationFlowBindingOverrides") },
		"the gates are switched off": func(doc object.Object) {
			execution(doc, gating.TopFlow(gating.PlaceBroker), gating.GateParent(gating.PlaceBroker))["requirement"] = "DISABLED"
		},
		"the chunk is switched off": func(doc object.Object) {
			execution(doc, gating.GateParent(gating.PlaceBroker), chunk)["requirement"] = "DISABLED"
		},
		"the chunk of the browser is asked of all": func(doc object.Object) {
			execution(doc, gating.GateParent(gating.PlaceBrowser), browser)["requirement"] = gating.Required
		},
		"the gate is switched off": func(doc object.Object) { execution(doc, gates, gate)["requirement"] = "DISABLED" },
		"the gate asks another role": func(doc object.Object) {
			config(doc, gate+" member role")["condUserRole"] = "app.other"
		},
		"the gate asks who has not":  func(doc object.Object) { config(doc, gate+" member role")["negate"] = "true" },
		"the chunk asks other scope": func(doc object.Object) { config(doc, chunk+" client")["client_scope"] = "email" },
		"the gate asks other scope": func(doc object.Object) {
			config(doc, gate+" member client")["client_scope"] = "email"
		},
		"nobody is refused in the browser": func(doc object.Object) {
			execution(doc, gating.GateParent(gating.PlaceBrowser),
				gating.GateParent(gating.PlaceBrowser)+" refuse")["requirement"] = "DISABLED"
		},
		"nobody is refused after a provider": func(doc object.Object) {
			execution(doc, gates, chunk+" refuse")["requirement"] = "DISABLED"
		},
		"everybody passes in the browser": func(doc object.Object) {
			parent := flow(doc, gating.GateParent(gating.PlaceBrowser))
			parent["authenticationExecutions"] = append(parent["authenticationExecutions"].([]any),
				gating.Execution{Authenticator: "allow-access-authenticator", Requirement: gating.Alternative,
					Priority: 1}.Object())
		},
		"a refusal leads elsewhere": func(doc object.Object) {
			config(doc, chunk+" refuse provider")["defaultProvider"] = "corp"
		},
		"a place is gone": func(doc object.Object) { flow(doc, gating.TopFlow(gating.PlaceDirect))["alias"] = "theirs" },
		"the chunk hangs elsewhere": func(doc object.Object) {
			execution(doc, gating.GateParent(gating.PlaceBroker), chunk)["flowAlias"] = "nowhere"
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
