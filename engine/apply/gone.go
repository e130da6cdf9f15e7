package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
)

// Plugged is a target behind a plugin: when that has ended it says ErrTargetGone, because nothing more can be asked.
func Plugged(target Target) Target { return plugged{target} }

type plugged struct{ Target }

// Apply implements Target.
func (t plugged) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	result, err := t.Target.Apply(ctx, step)
	var fault diag.Diagnostic
	if errors.As(err, &fault) && fault.Code == "plugin-died" {
		return result, fmt.Errorf("%w: %w", ErrTargetGone, err)
	}
	return result, err
}
