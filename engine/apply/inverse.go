package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Inverse is what would undo a step: delete what it made, or give back what it found. Secrets are not in it.
type Inverse struct {
	Action   string
	Resource identity.ResourceID
	ServerID string              // of a create it is known with the outcome
	Before   identity.Attributes // what undoing expects to find
	After    identity.Attributes // what undoing leaves
	Tag      string
}

// InverseOf computes the way back of a planned step.
func InverseOf(step plan.Step) Inverse {
	inverse := Inverse{Resource: step.Resource, ServerID: step.ServerID, Tag: step.Tag, Before: open(step, step.After),
		After: open(step, step.Before)}
	switch step.Action {
	case plan.ActionCreate:
		inverse.Action = string(plan.ActionDelete)
	case plan.ActionDelete:
		inverse.Action = string(plan.ActionCreate)
	case plan.ActionUpdate, plan.ActionMap, plan.ActionNone:
		inverse.Action = string(plan.ActionUpdate)
	}
	return inverse
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

// Precondition is a digest of what a step expects to find; a create expects nothing.
func Precondition(step plan.Step) (string, error) {
	encoded, err := json.Marshal(open(step, step.Before)) // members of objects come sorted
	if err != nil {
		return "", fmt.Errorf("encoding what step %s expects: %w", step.ID, err)
	}
	sum := sha256.Sum256(append([]byte("rehome/precondition/v1\x00"), encoded...))
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
