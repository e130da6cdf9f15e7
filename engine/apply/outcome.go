package apply

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/value"
)

// ErrTargetGone says that the target cannot be asked at all any more: its plugin has ended.
var ErrTargetGone = errors.New("the target's plugin has ended")

// Change is a value that somebody else changed between approval and step.
type Change struct {
	Attribute string `json:"attribute"`
	Approved  any    `json:"approved"` // what the plan saw, or wants of a create
	Live      any    `json:"live"`
}

// Result is what came of one step.
type Result struct {
	Step      plan.Step
	Outcome   history.Outcome
	ServerID  string
	Reason    string
	Requests  int
	Generated []string // attributes whose one-time values were delivered, sorted
	Changes   []Change // of a step that failed because somebody else was there
}

// judge makes a result of what a target answered.
func judge(step plan.Step, answer contract.StepResult, err error) Result {
	result := Result{Step: step, Outcome: history.Applied, ServerID: answer.ServerID, Requests: answer.Requests}
	if answer.Already {
		result.Outcome = history.Already
	}
	if err == nil {
		return result
	}
	result.Outcome, result.Reason = history.Failed, err.Error()
	var failure *contract.ProviderError
	switch {
	case errors.Is(err, ErrTargetGone):
		result.Outcome = history.Unknown
	case !errors.As(err, &failure):
	case failure.Code == contract.ErrorUnreachable:
		result.Outcome = history.Unknown
	case failure.Code == contract.ErrorConflict:
		result.Changes = changes(step, failure.Live)
		result.Reason += spell(step, result.Changes)
	}
	return result
}

// changes lists what differs between what the plan expects and what is there, sorted by attribute. Sensitive values are
// not in it.
func changes(step plan.Step, live identity.Attributes) []Change {
	expected := step.Before
	if step.Action == plan.ActionCreate {
		expected = step.After
	}
	if len(live) == 0 {
		return nil
	}
	var changed []Change
	for _, name := range value.DiffOf(open(step, expected).Names(), expected, live, step.Unordered...) {
		changed = append(changed, Change{Attribute: name, Approved: expected[name], Live: live[name]})
	}
	return changed
}

// longestShown is how much of a value a line can hold.
const longestShown = 200

func spell(step plan.Step, changed []Change) string {
	was := "approved when it was"
	if step.Action == plan.ActionCreate {
		was = "approved to become"
	}
	var b strings.Builder
	for _, c := range changed {
		fmt.Fprintf(&b, "; %s: %s %s, is now %s", c.Attribute, was, value.Brief(c.Approved, longestShown),
			value.Brief(c.Live, longestShown))
	}
	return b.String()
}

// open are the attributes that may be written down: no secret and no reference to one.
func open(step plan.Step, attributes identity.Attributes) identity.Attributes {
	if attributes == nil {
		return nil
	}
	kept := identity.Attributes{}
	for name, value := range attributes {
		if _, secret := identity.AsSecretReference(value); secret || slices.Contains(step.AfterSensitive, name) {
			continue
		}
		kept[name] = value
	}
	return kept
}
