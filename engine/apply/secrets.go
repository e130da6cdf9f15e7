package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// broughtSecrets are what the sources handed out for the steps of a run, and why one may not be had.
type broughtSecrets struct {
	values   map[string]map[string]string // step → attribute → secret
	withheld map[string]string            // step → reason
}

// fetchSecrets asks for every secret before anything is written. A source that does not answer ends the run there. One
// that says no about one secret fails that step alone: whether to grant the right or to do without is a choice for each
// application.
func fetchSecrets(ctx context.Context, steps []plan.Step, sources Sources, done map[string]Result) (broughtSecrets, error) {
	brought := broughtSecrets{values: map[string]map[string]string{}, withheld: map[string]string{}}
	for _, step := range steps {
		if _, over := done[step.ID]; over {
			continue
		}
		for _, name := range step.After.Names() {
			reference, ok := identity.AsSecretReference(step.After[name])
			if !ok {
				continue
			}
			secret, err := sources.Secret(ctx, reference)
			if isWithheld(err) {
				brought.withheld[step.ID] = withheldReason(reference, err)
				continue
			}
			if err != nil {
				return broughtSecrets{}, fmt.Errorf("asking %s for %s of %s, which step %s needs: %w", reference.Source,
					reference.Field, reference.Item, step.ID, err)
			}
			if brought.values[step.ID] == nil {
				brought.values[step.ID] = map[string]string{}
			}
			brought.values[step.ID][name] = secret
		}
	}
	return brought, nil
}

// isWithheld tells whether a source answered, and answered no.
func isWithheld(err error) bool {
	var failure *contract.ProviderError
	return errors.As(err, &failure) &&
		(failure.Code == contract.ErrorForbidden || failure.Code == contract.ErrorNotFound)
}

func withheldReason(reference identity.SecretReference, err error) string {
	why := fmt.Sprintf("its %s may not be read from %s (%v)", reference.Field, reference.Source, err)
	if reference.Item.Kind != identity.KindApplication {
		return why + ": grant what is missing and apply again"
	}
	return why + fmt.Sprintf(": grant what is missing and apply again, or have a new one made and plan again, with "+
		"set = { secret = \"new\" } in a map block where item.id == %q", reference.Item.ID)
}
