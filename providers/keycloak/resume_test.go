package keycloak

import (
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// TestKeycloak_AGateThatWasBeingReplacedOpensItsClientAgain: an update that died while the client was closed is taken
// up.
func TestKeycloak_AGateThatWasBeingReplacedOpensItsClientAgain(t *testing.T) {
	target, _ := liveTarget(t)
	for _, step := range wholeApplication() {
		mustApply(t, target, step)
	}
	w := gateWriter{target.client}
	id := identity.ResourceID{Type: realm.TypeGate, Key: appID}
	before := readAll(t, target)[id.String()]
	live, err := w.Find(t.Context(), contract.StepRequest{Action: contract.ActionUpdate, Resource: id})
	if err != nil || live == nil {
		t.Fatalf("finding the gate: %v", err)
	}
	if err := w.shut(t.Context(), live, true); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Apply(t.Context(), create(realm.TypeEnablement, appID,
		identity.Attributes{"client": appID, "enabled": true})); err == nil {
		t.Log("the enablement step opened it") // it is done already in the run that died, so it does not come again
		if err := w.shut(t.Context(), live, true); err != nil {
			t.Fatal(err)
		}
	}
	after := before.Attributes.Clone()
	after["deny_message"] = "Ask the help desk for access."
	result := mustApply(t, target, contract.StepRequest{Action: contract.ActionUpdate, Resource: id,
		Before: before.Attributes, After: after})
	if result.Already {
		t.Error("the gate that was cut off counts as done")
	}
	raw, err := target.client.application(t.Context(), appID)
	if err != nil || raw["enabled"] != true {
		t.Errorf("the client is not open again: %v, %v", raw["enabled"], err)
	}
	if _, there := object(raw, "attributes")[reopenKey]; there {
		t.Error("the sign is still on the client")
	}
	if again := mustApply(t, target, contract.StepRequest{Action: contract.ActionUpdate, Resource: id,
		Before: before.Attributes, After: after}); !again.Already {
		t.Error("the gate was replaced twice")
	}
}
