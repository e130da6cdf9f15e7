package draft

import (
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// EndState lists the resources that the plan makes or changes, whole and as they are when it is done: what lives, with
// what its steps write of it. What is blocked, left to a person, skipped or not part of the selection is not in it: it
// stays as it is. Sorted like the steps.
func EndState(input Input, p *plan.Plan) []identity.Resource {
	live := make(map[identity.ResourceID]identity.Resource, len(input.Live))
	for _, r := range asCalled(input, p.Steps) {
		live[r.ID()] = r
	}
	var changed []identity.Resource
	for i := range p.Steps {
		step := &p.Steps[i]
		if step.Disposition != plan.DispositionPlanned || step.After == nil {
			continue
		}
		end := identity.Resource{Type: step.Resource.Type, Key: step.Resource.Key, ServerID: step.ServerID, Tag: step.Tag,
			Attributes: identity.Attributes{}}
		maps.Copy(end.Attributes, live[step.Resource].Attributes)
		maps.Copy(end.Attributes, step.After)
		changed = append(changed, end)
	}
	return changed
}

// asCalled is what lives, under the names that steps give it: what has another name when the plan is done is the same
// thing still, and not one more beside it.
func asCalled(input Input, steps []plan.Step) []identity.Resource {
	schemas := map[string]identity.ResourceSchema{}
	for _, schema := range input.Schemas {
		schemas[schema.Type] = schema
	}
	renamed := map[identity.ResourceID]*plan.Step{}
	for i := range steps {
		step := &steps[i]
		if step.Disposition != plan.DispositionPlanned || step.Action != plan.ActionUpdate {
			continue
		}
		key, err := schemas[step.Resource.Type].Key(step.Before)
		if err == nil && key != step.Resource.Key {
			renamed[identity.ResourceID{Type: step.Resource.Type, Key: key}] = step
		}
	}
	if len(renamed) == 0 {
		return input.Live
	}
	live := slices.Clone(input.Live)
	for i, r := range live {
		step := renamed[r.ID()]
		if step == nil {
			continue
		}
		live[i].Key, live[i].Attributes = step.Resource.Key, maps.Clone(r.Attributes)
		for _, a := range schemas[r.Type].Attributes {
			if name, given := step.After[a.Name]; given && a.Identity {
				live[i].Attributes[a.Name] = name
			}
		}
	}
	return live
}

// CheckOf asks the target about resources that are made or changed beside those that live.
type CheckOf func(changed, live []identity.Resource) ([]contract.CheckFinding, error)

// Judge asks the target what stands in the way of the plan: first of all that is wanted, then of what the plan really
// does, until blocking what was found brings up nothing more. A wish shuts no door.
func Judge(input Input, check CheckOf) ([]contract.CheckFinding, error) {
	type question struct {
		resource identity.ResourceID
		finding  fidelity.Finding
	}
	known := map[question]bool{}
	input.CheckFindings = nil
	changed, live := Desired(input)
	for again := false; ; again = true {
		found, err := check(changed, live)
		if err != nil {
			return nil, err
		}
		before := len(input.CheckFindings)
		for _, f := range found {
			if asked := (question{f.Resource, f.Finding}); !known[asked] {
				known[asked] = true
				input.CheckFindings = append(input.CheckFindings, f)
			}
		}
		if again && len(input.CheckFindings) == before {
			return input.CheckFindings, nil
		}
		made, _ := Build(input)
		changed, live = EndState(input, made), asCalled(input, made.Steps)
	}
}
