package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Apply does one step: it compares what is there with what the plan saw, and writes only when nothing else changed it.
// It fails with an
// *contract.ProviderError of ErrorConflict that holds the live attributes when the step must not be done, and with the
// error of the writer otherwise. A step that finds its work done writes nothing and says Already.
func Apply[R any](ctx context.Context, schema identity.ResourceSchema, with Writer[R],
	step contract.StepRequest) (contract.StepResult, error) {
	a := action[R]{schema: schema, with: with, step: step}
	if refuser, ok := with.(Refuser); ok && step.Action == contract.ActionCreate && !step.Begun && refuser.RefusesTwice() {
		return a.create(ctx)
	}
	live, err := with.Find(ctx, step)
	if err != nil {
		return contract.StepResult{}, fmt.Errorf("reading what is there: %w", err)
	}
	switch step.Action {
	case contract.ActionCreate:
		if live != nil {
			return a.adopt(ctx, live)
		}
		return a.create(ctx)
	case contract.ActionUpdate:
		return a.update(ctx, live)
	case contract.ActionDelete:
		return a.remove(ctx, live)
	}
	return contract.StepResult{}, Refuse("unknown action %q", step.Action)
}

// action is one step with what writes it.
type action[R any] struct {
	schema identity.ResourceSchema
	with   Writer[R]
	step   contract.StepRequest
}

// create writes. When it is not known whether the request was done, or somebody else was faster, only the live resource
// tells.
func (a action[R]) create(ctx context.Context) (contract.StepResult, error) {
	for lost := 0; ; lost++ {
		result, err := a.with.Create(ctx, a.step)
		if err == nil || (!errors.Is(err, ErrLost) && !errors.Is(err, ErrTaken)) {
			return result, err
		}
		live, findErr := a.with.Find(ctx, a.step)
		if findErr != nil {
			return result, fmt.Errorf("%w (and what is there could not be read: %w)", err, findErr)
		}
		if live != nil {
			adopted, adoptErr := a.adopt(ctx, live)
			adopted.Already = adopted.Already && !errors.Is(err, ErrLost)
			return adopted, adoptErr
		}
		// A target that refuses a key and does not show what has it keeps it for something of another kind.
		if errors.Is(err, ErrTaken) || lost > 0 {
			return result, err
		}
	}
}

// adopt treats a create whose resource is there: done, begun by us, or somebody else's.
func (a action[R]) adopt(ctx context.Context, live *Live[R]) (contract.StepResult, error) {
	result := contract.StepResult{ServerID: live.ServerID}
	differing := Differences(a.schema, a.step.After, live.Attributes)
	if a.schema.Tagged && a.step.Tag != "" && a.step.Tag != live.Tag {
		return result, Conflict(live.Attributes, "something of that key is there already that this migration did not make")
	}
	if len(differing) == 0 {
		result.Already = true
		if keeper, ok := a.with.(SecretKeeper[R]); ok {
			result.Generated = keeper.Generated(a.step, live)
		}
		return result, nil
	}
	if resumer, ok := a.with.(Resumer[R]); ok && within(differing, resumer.Later(live)) {
		return result, a.with.Update(ctx, a.step, live)
	}
	return result, Conflict(live.Attributes, "it is there already, with a different "+strings.Join(differing, ", "))
}

func (a action[R]) update(ctx context.Context, live *Live[R]) (contract.StepResult, error) {
	if live == nil {
		return contract.StepResult{}, Conflict(nil, "it is no longer there")
	}
	result := contract.StepResult{ServerID: live.ServerID}
	retag := a.schema.Tagged && a.step.Tag != "" && a.step.Tag != live.Tag
	// A secret cannot be read back, so a step that brings one is never known to be done.
	if len(a.step.Secrets) == 0 && !retag && len(Differences(a.schema, a.step.After, live.Attributes)) == 0 {
		result.Already = true
		return result, nil
	}
	differing := Foreign(a.schema, a.step.Before, a.step.After, live.Attributes)
	if halter, ok := a.with.(Halter[R]); ok && halter.Halted(live) {
		differing = without(differing, halter.Later(live))
	}
	if len(differing) > 0 {
		return result, Conflict(live.Attributes, fmt.Sprintf("somebody has changed %s since the plan was made",
			strings.Join(differing, ", ")))
	}
	return result, a.with.Update(ctx, a.step, live)
}

// remove deletes what this migration made and nobody changed, and nothing along with it. What is gone already is done.
func (a action[R]) remove(ctx context.Context, live *Live[R]) (contract.StepResult, error) {
	if live == nil {
		return contract.StepResult{Already: true}, nil
	}
	result := contract.StepResult{ServerID: live.ServerID}
	if a.step.ServerID != "" && live.ServerID != "" && a.step.ServerID != live.ServerID {
		return result, Conflict(live.Attributes, "something else has taken its place")
	}
	if a.schema.Tagged && (a.step.Tag == "" || a.step.Tag != live.Tag) {
		return result, Conflict(live.Attributes,
			"it does not carry the mark of this migration, and what rehome did not make it does not delete")
	}
	if differing := Differences(a.schema, a.step.Before, live.Attributes); len(differing) > 0 {
		return result, Conflict(live.Attributes, fmt.Sprintf("somebody has changed %s since it was made",
			strings.Join(differing, ", ")))
	}
	if guard, ok := a.with.(Guard[R]); ok {
		why, err := guard.TakesAlong(ctx, a.step, live)
		if err != nil {
			return result, fmt.Errorf("looking at what would go with it: %w", err)
		}
		if why != "" {
			return result, Conflict(live.Attributes, why)
		}
	}
	err := a.with.Remove(ctx, a.step, live)
	if errors.Is(err, ErrAbsent) {
		err = nil // gone between reading and deleting, or deleted by the request whose answer was lost
	}
	return result, err
}

// Conflict says that what is there, nil for nothing, is not what the step expects.
func Conflict(live identity.Attributes, why string) error {
	return &contract.ProviderError{Code: contract.ErrorConflict, Message: why, Live: live.Clone()}
}

// Refuse says that a step cannot be done as things are.
func Refuse(format string, args ...any) error {
	return &contract.ProviderError{Code: contract.ErrorInvalid, Message: fmt.Sprintf(format, args...)}
}
