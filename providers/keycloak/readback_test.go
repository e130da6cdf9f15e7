package keycloak

import (
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
)

// TestKeycloak_AStepIsDoneWhenTheServerKeptWhatWasWritten lets a client policy of the realm change what rehome writes:
// the server answers 201 and 204, and keeps something else.
func TestKeycloak_AStepIsDoneWhenTheServerKeptWhatWasWritten(t *testing.T) {
	target, made := liveTarget(t)
	policies := func(policies ...any) {
		made.AdminRealm(t, "PUT", "/client-policies/policies", map[string]any{"policies": policies})
	}
	made.AdminRealm(t, "PUT", "/client-policies/profiles", map[string]any{"profiles": []any{map[string]any{
		"name": "house", "executors": []any{
			map[string]any{"executor": "full-scope-disabled", "configuration": map[string]any{"auto-configure": "true"}},
			map[string]any{"executor": "consent-required", "configuration": map[string]any{"auto-configure": "true"}},
		}}}})
	wanted := identity.Attributes{"client_id": "wiki", "protocol": gating.ProtocolOIDC, "name": "Wiki", "public": false,
		"standard_flow": true, "full_scope_allowed": true, "consent_required": false}
	whatIsKept := func(step contract.StepRequest) {
		t.Helper()
		_, err := target.Apply(t.Context(), step)
		var fault *contract.ProviderError
		if !errors.As(err, &fault) || fault.Code != contract.ErrorInvalid ||
			!strings.Contains(fault.Message, "keeps something else") ||
			!strings.Contains(fault.Message, "consent_required: written as false, is true") {
			t.Errorf("%s ended with %v", step.Action, err)
		}
	}
	policies(map[string]any{"name": "all", "enabled": true, "profiles": []any{"house"},
		"conditions": []any{map[string]any{"condition": "any-client", "configuration": map[string]any{}}}})
	whatIsKept(create(realm.TypeClient, "wiki", wanted))

	live := readAll(t, target)["client:wiki"]
	if live.Tag != tag {
		t.Fatalf("the client is not there: %+v", live)
	}
	update := contract.StepRequest{Action: contract.ActionUpdate, Resource: live.ID(), ServerID: live.ServerID, Tag: tag,
		Before: identity.Attributes{"consent_required": true}, After: identity.Attributes{"consent_required": false}}
	whatIsKept(update)

	policies() // whoever takes the policy away finds what is left to do done by the same step
	if result := mustApply(t, target, update); result.Already {
		t.Error("nothing was written")
	}
	if live := readAll(t, target)["client:wiki"]; live.Attributes["consent_required"] != false {
		t.Errorf("the client is %v", live.Attributes)
	}
}
