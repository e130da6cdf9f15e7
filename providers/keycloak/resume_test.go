package keycloak

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

func TestForeign_AnUpdateThatWasCutOffIsNoChangeBySomebodyElse(t *testing.T) {
	uris := func(texts ...string) identity.Attributes {
		return identity.Attributes{"redirect_uris": realm.List(texts), "name": "Wiki"}
	}
	cases := []struct {
		name                string
		before, after, live identity.Attributes
		want                []string
	}{
		{"nothing was done", uris("a"), uris("b"), uris("a"), nil},
		{"all was done", uris("a"), uris("b"), uris("b"), nil},
		{"the new one was added, the old one is there yet", uris("a", "c"), uris("b", "c"), uris("a", "b", "c"), nil},
		{"what both have is gone", uris("a", "c"), uris("b", "c"), uris("a"), []string{"redirect_uris"}},
		{"something strange is there", uris("a"), uris("b"), uris("a", "x"), []string{"redirect_uris"}},
		{"another name", uris("a"), uris("b"), identity.Attributes{"redirect_uris": realm.List([]string{"a"}), "name": "by hand"}, []string{"name"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, foreign(realm.TypeClient, c.before, c.after, c.live), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestKeycloak_AGateThatWasBeingReplacedOpensItsClientAgain: an update that died while the client was closed is taken up.
func TestKeycloak_AGateThatWasBeingReplacedOpensItsClientAgain(t *testing.T) {
	target, _ := liveTarget(t)
	for _, step := range wholeApplication() {
		mustApply(t, target, step)
	}
	w := gateWriter{target.client}
	id := identity.ResourceID{Type: realm.TypeGate, Key: appID}
	before := readAll(t, target)[id.String()]
	live, err := w.find(t.Context(), identity.StepRequest{Action: identity.ActionUpdate, Resource: id})
	if err != nil || live == nil {
		t.Fatalf("finding the gate: %v", err)
	}
	if err := w.shut(t.Context(), live, true); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Apply(t.Context(), create(realm.TypeEnablement, appID, identity.Attributes{"client": appID, "enabled": true})); err == nil {
		t.Log("the enablement step opened it") // it is done already in the run that died, so it does not come again
		if err := w.shut(t.Context(), live, true); err != nil {
			t.Fatal(err)
		}
	}
	after := before.Attributes.Clone()
	after["deny_message"] = "Ask the help desk for access."
	result := mustApply(t, target, identity.StepRequest{Action: identity.ActionUpdate, Resource: id, Before: before.Attributes, After: after})
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
	if again := mustApply(t, target, identity.StepRequest{Action: identity.ActionUpdate, Resource: id, Before: before.Attributes, After: after}); !again.Already {
		t.Error("the gate was replaced twice")
	}
}
