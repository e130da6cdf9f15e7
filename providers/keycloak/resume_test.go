package keycloak

import (
	"net/http"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// TestKeycloak_AGateThatWasBeingReplacedOpensItsClientAgain: an update that died while the client was closed is taken
// up.
func TestKeycloak_AGateThatWasBeingReplacedOpensItsClientAgain(t *testing.T) {
	target, made := liveTarget(t)
	for _, step := range wholeApplication() {
		mustApply(t, target, step)
	}
	id := identity.ResourceID{Type: realm.TypeGate, Key: appID}
	before := readAll(t, target)[id.String()]
	// as an update leaves it that dies after it has closed the client
	shut := func() {
		live, err := target.client.Application(t.Context(), appID)
		if err != nil || live == nil {
			t.Fatalf("finding the client: %v", err)
		}
		made.AdminRealm(t, http.MethodPut, "/clients/"+admin.Text(live, "id"), map[string]any{
			"clientId": appID, "enabled": false,
			"attributes": map[string]any{"rehome.reopen": "true"}})
	}
	shut()
	if _, err := target.Apply(t.Context(), create(realm.TypeEnablement, appID,
		identity.Attributes{"client": appID, "enabled": true})); err == nil {
		t.Log("the enablement step opened it") // it is done already in the run that died, so it does not come again
		shut()
	}
	after := before.Attributes.Clone()
	result := mustApply(t, target, contract.StepRequest{Action: contract.ActionUpdate, Resource: id,
		Before: before.Attributes, After: after})
	if result.Already {
		t.Error("the gate that was cut off counts as done")
	}
	raw, err := target.client.Application(t.Context(), appID)
	if err != nil || raw["enabled"] != true {
		t.Errorf("the client is not open again: %v, %v", raw["enabled"], err)
	}
	if _, present := admin.Part(raw, "attributes")["rehome.reopen"]; present {
		t.Error("the sign is still on the client")
	}
	if again := mustApply(t, target, contract.StepRequest{Action: contract.ActionUpdate, Resource: id,
		Before: before.Attributes, After: after}); !again.Already {
		t.Error("the gate was replaced twice")
	}
}
