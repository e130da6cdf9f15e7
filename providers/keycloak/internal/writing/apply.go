package writing

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// Apply does one step in a realm. What is decided about it is in providers/sdk/steps.
func Apply(ctx context.Context, live *current.Realm, step contract.StepRequest) (contract.StepResult, error) {
	writer, known := Writers()[step.Resource.Type]
	if !known {
		return contract.StepResult{}, &contract.ProviderError{
			Code: contract.ErrorInvalid, Message: fmt.Sprintf("resources of type %q are not written", step.Resource.Type)}
	}
	return steps.Apply(ctx, realm.TypeOf(step.Resource.Type).Schema, writer(live), step)
}

// CheckOwnClient blocks what would change the client that rehome signs in with: a run must never shut itself out.
func CheckOwnClient(desired []identity.Resource, id string) []contract.CheckFinding {
	var found []contract.CheckFinding
	for _, r := range desired {
		if r.Type == realm.TypeClient && r.Key == id {
			found = append(found, contract.CheckFinding{Resource: r.ID(), Finding: fidelity.Finding{
				Type: fidelity.Blocked, Field: "client_id", Summary: "this is the client that rehome itself signs in with",
				Action: "Give the application another client id with rename in a merge block, or rehome another client."}})
		}
	}
	return found
}
