package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
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
		if err == nil {
			return a.readBack(ctx, result)
		}
		if !errors.Is(err, ErrLost) && !errors.Is(err, ErrTaken) {
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
		return a.write(ctx, result, live)
	}
	return result, Conflict(live.Attributes, "it is there already, with a different "+strings.Join(differing, ", "))
}

// write updates a live resource and reads it back.
func (a action[R]) write(ctx context.Context, result contract.StepResult, live *Live[R]) (contract.StepResult, error) {
	if err := a.with.Update(ctx, a.step, live); err != nil {
		return result, err
	}
	return a.readBack(ctx, result)
}

// longestKept is how much of a value a sentence can hold.
const longestKept = 200

// readBack looks at what a write left: a target may take a value, answer that all is well, and keep another one or none.
// The step is done when the resource reads back as the plan wants it.
func (a action[R]) readBack(ctx context.Context, result contract.StepResult) (contract.StepResult, error) {
	live, err := a.with.Find(ctx, a.step)
	if err != nil {
		return result, fmt.Errorf("it was written, and could not be read back: %w", err)
	}
	if live == nil {
		return result, Refuse("the target said that it was written, and it is not there")
	}
	result.ServerID = cmp.Or(result.ServerID, live.ServerID)
	if keeper, ok := a.with.(SecretKeeper[R]); ok && a.step.Action == contract.ActionCreate && result.Generated == nil {
		result.Generated = keeper.Generated(a.step, live)
	}
	var kept []string
	for _, name := range Differences(a.schema, a.step.After, live.Attributes) {
		kept = append(kept, fmt.Sprintf("%s: written as %s, is %s", name, value.Brief(a.step.After[name], longestKept),
			value.Brief(live.Attributes[name], longestKept)))
	}
	if a.schema.Tagged && a.step.Tag != "" && live.Tag != a.step.Tag {
		kept = append(kept, "the mark of this migration is not on it")
	}
	if len(kept) > 0 {
		return result, Refuse("the target said that it was written, and keeps something else: %s", strings.Join(kept, "; "))
	}
	return result, nil
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
	return a.write(ctx, result, live)
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
		return result, nil // gone between reading and deleting, or deleted by the request whose answer was lost
	}
	if err != nil {
		return result, err
	}
	return result, a.isGone(ctx, live.ServerID)
}

// isGone looks whether a delete took away what it was to take.
func (a action[R]) isGone(ctx context.Context, serverID string) error {
	live, err := a.with.Find(ctx, a.step)
	switch {
	case err != nil:
		return fmt.Errorf("it was deleted, and whether it is gone could not be read: %w", err)
	case live != nil && (live.ServerID == serverID || serverID == ""):
		return Refuse("the target said that it was deleted, and it is still there")
	}
	return nil
}

// Conflict says that what is there, nil for nothing, is not what the step expects.
func Conflict(live identity.Attributes, why string) error {
	return &contract.ProviderError{Code: contract.ErrorConflict, Message: why, Live: live.Clone()}
}

// Refuse says that a step cannot be done as things are.
func Refuse(format string, args ...any) error {
	return &contract.ProviderError{Code: contract.ErrorInvalid, Message: fmt.Sprintf(format, args...)}
}
