package keycloak

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/blueprint"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/connecting"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/probing"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/records"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

var (
	_ sdk.TargetConnector = (*Target)(nil)
	_ sdk.Prober          = (*Target)(nil)
	_ sdk.UsageReader     = (*Target)(nil)
	_ sdk.SignInReader    = (*Target)(nil)
	_ sdk.ChangeReader    = (*Target)(nil)
	_ sdk.BlueprintMaker  = (*Target)(nil)
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
	doing := fmt.Sprintf("%s of %s", step.Action, step.Resource)
	writer, known := writing.Writers()[step.Resource.Type]
	if !known {
		return contract.StepResult{}, admin.Outward(doing, &contract.ProviderError{
			Code: contract.ErrorInvalid, Message: fmt.Sprintf("resources of type %q are not written", step.Resource.Type)})
	}
	defer t.locks.hold(realm.TypeOf(step.Resource.Type).Locks(step)...)()
	ctx, requests := admin.WithCounter(ctx)
	result, err := steps.Apply(ctx, realm.TypeOf(step.Resource.Type).Schema, writer(t.client), step)
	result.Requests = int(requests.Load())
	return result, admin.Outward(doing, err)
}

// Connection tells how an application connects to a client of the realm.
func (t *Target) Connection(ctx context.Context, resource identity.Resource) ([]observation.ConnectionFact, error) {
	if err := t.configured(); err != nil {
		return nil, err
	}
	return connecting.Describe(ctx, t.client, resource)
}

// Probe tries one resource the way people and applications use it.
func (t *Target) Probe(ctx context.Context, request observation.ProbeRequest) ([]observation.ProbeResult, error) {
	if err := t.configured(); err != nil {
		return nil, err
	}
	return probing.Probe(ctx, t.client, t.issuer(), request)
}

// Usage tells what people did with resources.
func (t *Target) Usage(ctx context.Context, questions []observation.UsageQuestion) ([]observation.Usage, error) {
	if err := t.configured(); err != nil {
		return nil, err
	}
	return records.Usage(ctx, t.client, questions)
}

// SignIns sums up the stored sign-in events since a time, by client.
func (t *Target) SignIns(ctx context.Context, since string) (observation.SignInReport, error) {
	if err := t.configured(); err != nil {
		return observation.SignInReport{}, err
	}
	return records.SignIns(ctx, t.client, since)
}

// Changes lists the admin events between two times, oldest first.
func (t *Target) Changes(ctx context.Context, since, until string,
	each func(observation.ChangeEvent) error) (observation.ChangeReport, error) {
	if err := t.configured(); err != nil {
		return observation.ChangeReport{}, err
	}
	return records.Changes(ctx, t.client, since, until, each)
}

// Blueprint copies the settings of the realm into a realm file that POST /admin/realms takes: all but people. It reads
// only.
func (t *Target) Blueprint(ctx context.Context, name string) (observation.Blueprint, error) {
	if err := t.configured(); err != nil {
		return observation.Blueprint{}, err
	}
	return blueprint.Make(ctx, t.client, name)
}
