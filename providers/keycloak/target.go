package keycloak

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
	"github.com/rehome-iam/rehome/providers/sdk"
)

var (
	_ sdk.TargetConnector   = (*Target)(nil)
	_ sdk.Prober            = (*Target)(nil)
	_ sdk.UsageReader       = (*Target)(nil)
	_ sdk.SignInReader      = (*Target)(nil)
	_ sdk.ChangeReader      = (*Target)(nil)
	_ sdk.BlueprintMaker    = (*Target)(nil)
	_ sdk.PermissionChecker = (*Target)(nil)
)

// Read hands out all live resources of the realm.
//
// One export holds nearly everything, so that the cost does not grow by a request for each object; organizations and
// their links are not part of it. Secrets in the export are masked by the server, and none is part of a resource. A
// credential that may only view gets the same by lists, see read_lists.go.
func (t *Target) Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	if err := t.configured(); err != nil {
		return contract.ReadSummary{}, err
	}
	ctx, requests := admin.WithCounter(ctx)
	document, err := t.client.Document(ctx)
	if err != nil {
		return contract.ReadSummary{}, admin.Outward("reading the realm", err)
	}
	if err := t.client.Features(ctx, document); err != nil {
		return contract.ReadSummary{}, admin.Outward("asking what the server has", err)
	}
	resources := realm.ReadServer(document)
	for _, resource := range resources {
		if err := each(resource); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Resources: len(resources), Requests: int(requests.Load())}, nil
}

// Apply does one step. What is decided about it is in providers/sdk/steps; the writers know how Keycloak is written.
func (t *Target) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	if err := t.configured(); err != nil {
		return contract.StepResult{}, err
	}
	defer t.locks.hold(realm.TypeOf(step.Resource.Type).Locks(step)...)()
	ctx, requests := admin.WithCounter(ctx)
	result, err := writing.Apply(ctx, t.client, step)
	result.Requests = int(requests.Load())
	return result, admin.Outward(fmt.Sprintf("%s of %s", step.Action, step.Resource), err)
}
