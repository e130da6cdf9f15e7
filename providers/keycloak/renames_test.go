package keycloak

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
)

// What hangs on a client that gets another id gets it too, and who may use it still may; the way back is the same.
func TestKeycloak_AClientThatGetsAnotherIDKeepsItsGateAndItsMembers(t *testing.T) {
	target, made := gatedRealm(t)
	start := readAll(t, target)
	rename := func(from, to string) {
		t.Helper()
		before := readAll(t, target)
		for _, id := range []identity.ResourceID{{Type: realm.TypeClient, Key: from}, {Type: realm.TypeGate, Key: from}} {
			live := before[id.String()]
			after := live.Attributes.Clone()
			delete(after, "own_flow")
			for _, name := range []string{"client_id", "client"} {
				if _, has := after[name]; has {
					after[name] = to
				}
			}
			step := contract.StepRequest{Action: contract.ActionUpdate, ServerID: live.ServerID, Tag: live.Tag,
				Resource: identity.ResourceID{Type: id.Type, Key: to}, Before: live.Attributes, After: after}
			if result := mustApply(t, target, step); result.Already {
				t.Errorf("%s was renamed before it was asked for", id)
			}
			if result := mustApply(t, target, step); !result.Already {
				t.Errorf("%s was renamed twice", id)
			}
		}
	}
	signIn := func(client, person string) bool {
		_, location, _ := signIn(t, made, client, gatedCallback, person, gatePassword)
		return strings.Contains(location, "code=")
	}
	rename(gatedApp, "handbook")
	after := readAll(t, target)
	if gate := after[realm.TypeGate+":handbook"]; gate.Attributes["intact"] != true || len(after) != len(start) {
		t.Errorf("the gate is %v; there were %d resources, there are %d", gate.Attributes, len(start), len(after))
	}
	if signIn("handbook", "stranger") || !signIn("handbook", "member") {
		t.Error("the gate does not let exactly its members in")
	}
	scopes, err := target.client.ScopeIDs(t.Context())
	if err != nil || scopes[gating.MarkerScope(gatedApp)] != "" {
		t.Errorf("the mark of the gate before is there still, error %v", err)
	}
	rename("handbook", gatedApp)
	if signIn(gatedApp, "stranger") || !signIn(gatedApp, "member") {
		t.Error("called as before, the gate does not let exactly its members in")
	}
	// By hand the client is called otherwise, and its gate is not: nobody comes in, and the plan sees it.
	id := firstID(t, made, "/clients?clientId="+gatedApp)
	made.AdminRealm(t, http.MethodPut, "/clients/"+id, map[string]any{"clientId": "byhand"})
	if gate := readAll(t, target)[realm.TypeGate+":byhand"]; gate.Attributes["intact"] != false {
		t.Errorf("renamed by hand, the gate reads as %v", gate.Attributes)
	}
	if signIn("byhand", "stranger") || signIn("byhand", "member") {
		t.Error("somebody comes in by a gate of another id")
	}
}
