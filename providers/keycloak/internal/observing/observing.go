// Package observing tells what there is to know of a realm beside its resources, without changing anything: permissions,
// connections, probes, usage, sign-ins, recorded changes and the copy for a rehearsal.
//
// In: the live realm and its issuer. Out: what the optional abilities of a target answer. It must not write, but for what
// a probe does in its own session. Begin with Observer.
package observing

import (
	"context"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/blueprint"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/connecting"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/probing"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/records"
)

// Observer answers for one realm. The zero value answers that it is not configured.
type Observer struct {
	Live   *current.Realm
	Issuer string // address of the realm as people see it
}

func (o Observer) configured() error {
	if o.Live == nil {
		return &contract.ProviderError{Code: contract.ErrorInternal, Message: "the target is used before it is configured"}
	}
	return nil
}

// Connection tells how an application connects to a client of the realm.
func (o Observer) Connection(ctx context.Context, resource identity.Resource) ([]observation.ConnectionFact, error) {
	if err := o.configured(); err != nil {
		return nil, err
	}
	return connecting.Describe(ctx, o.Live, resource)
}

// Probe tries one resource the way people and applications use it.
func (o Observer) Probe(ctx context.Context, request observation.ProbeRequest) ([]observation.ProbeResult, error) {
	if err := o.configured(); err != nil {
		return nil, err
	}
	return probing.Probe(ctx, o.Live, o.Issuer, request)
}

// Usage tells what people did with resources.
func (o Observer) Usage(ctx context.Context, questions []observation.UsageQuestion) ([]observation.Usage, error) {
	if err := o.configured(); err != nil {
		return nil, err
	}
	return records.Usage(ctx, o.Live, questions)
}

// SignIns sums up the stored sign-in events since a time, by client.
func (o Observer) SignIns(ctx context.Context, since string) (observation.SignInReport, error) {
	if err := o.configured(); err != nil {
		return observation.SignInReport{}, err
	}
	return records.SignIns(ctx, o.Live, since)
}

// Changes lists the admin events between two times, oldest first.
func (o Observer) Changes(ctx context.Context, since, until string,
	each func(observation.ChangeEvent) error) (observation.ChangeReport, error) {
	if err := o.configured(); err != nil {
		return observation.ChangeReport{}, err
	}
	return records.Changes(ctx, o.Live, since, until, each)
}

// Blueprint copies the settings of the realm into a realm file that POST /admin/realms takes: all but people. It reads
// only.
func (o Observer) Blueprint(ctx context.Context, name string) (observation.Blueprint, error) {
	if err := o.configured(); err != nil {
		return observation.Blueprint{}, err
	}
	return blueprint.Make(ctx, o.Live, name)
}
