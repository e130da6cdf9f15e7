package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// runJournal keeps outcomes and bindings in the state, one transaction a step.
type runJournal struct {
	s     *session
	run   string
	order int
	bound map[string]string // binding key → type:key, for the marker
}

// Intend implements apply.Journal: the step is on disk before its first request leaves.
func (j *runJournal) Intend(step plan.Step) error {
	j.order++
	return j.s.store.PutRunStep(j.run, state.RunStep{Order: j.order, StepID: step.ID, Resource: step.Resource, Outcome: "intended", At: j.s.env.now().UTC()}, nil, state.Event{})
}

// Outcome implements apply.Journal.
func (j *runJournal) Outcome(r apply.Result) error {
	j.order++
	var bindings []state.Binding
	event := j.s.event("migration.cutover_step."+string(r.Outcome), r.Step.ID, map[string]string{"run": j.run})
	switch r.Outcome {
	case apply.Applied, apply.Already:
		event.Name = "migration.cutover_step.applied"
		bindings = j.bindings(r.Step, r.ServerID)
	case apply.Failed, apply.Unknown, apply.NotStarted:
		event.Facts["reason"] = r.Reason
	}
	step := state.RunStep{Order: j.order, StepID: r.Step.ID, Resource: r.Step.Resource, ServerID: r.ServerID, Outcome: string(r.Outcome), Reason: r.Reason, At: j.s.env.now().UTC()}
	return j.s.store.PutRunStep(j.run, step, bindings, event)
}

func (j *runJournal) bindings(step plan.Step, serverID string) []state.Binding {
	var bindings []state.Binding
	for _, item := range step.Items {
		address := identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}
		if item.Decision != "" { // another item makes the resource, this one only uses it
			bindings = append(bindings, state.Binding{Item: address, Resource: step.Resource, ServerID: serverID, Decision: string(merge.DecisionMap)})
			continue
		}
		bindings = append(bindings, state.Binding{Item: address, Resource: step.Resource, ServerID: serverID, Decision: bindingDecision(step)})
		j.bound[merge.BindingKey(address, step.Resource.Type)] = step.Resource.String()
	}
	return bindings
}

// bindingDecision keeps that a resource is not ours; what rehome made needs no word.
func bindingDecision(step plan.Step) string {
	if step.Action == plan.ActionMap || merge.Decision(step.Decision) == merge.DecisionReconcile {
		return string(merge.DecisionMap)
	}
	return ""
}

// bindMapped records what was mapped: such steps write nothing to the target.
func (j *runJournal) bindMapped(p *plan.Plan) error {
	for _, step := range p.Steps {
		if step.Action != plan.ActionMap || step.Disposition != plan.DispositionPlanned {
			continue
		}
		j.order++
		record := state.RunStep{Order: j.order, StepID: step.ID, Resource: step.Resource, ServerID: step.ServerID, Outcome: string(apply.Applied), At: j.s.env.now().UTC()}
		bindings := j.bindings(step, step.ServerID)
		for _, item := range step.Items {
			delete(j.bound, merge.BindingKey(identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}, step.Resource.Type))
		}
		if err := j.s.store.PutRunStep(j.run, record, bindings, state.Event{}); err != nil {
			return err
		}
	}
	return nil
}

// preconditions re-reads the live target before the first write and refuses when any step's before is no longer true. A create that is
// already there with our tag, or an update that is already done, is left to the step itself: an interrupted run goes on.
func preconditions(ctx context.Context, s *session, work *planning) error {
	live := map[identity.ResourceID]identity.Resource{}
	_, err := work.target.Read(ctx, func(r identity.Resource) error {
		live[r.ID()] = r
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the target before the first write: %w", err)
	}
	schemas := map[string]identity.ResourceSchema{}
	schema, err := work.target.Schema(ctx)
	if err != nil {
		return err
	}
	for _, r := range schema.Resources {
		schemas[r.Type] = r
	}
	var lines []string
	for _, step := range work.plan.Steps {
		if step.Disposition != plan.DispositionPlanned {
			continue
		}
		if text := changedSince(step, live, schemas[step.Resource.Type]); text != "" {
			lines = append(lines, text)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	detail := fmt.Sprintf("Approved %s. Nothing was changed.\n%d of %d steps are no longer true:", work.plan.PlanHash, len(lines), len(work.plan.Steps))
	for i, line := range lines {
		if i == 20 {
			detail += fmt.Sprintf("\n  … and %d more", len(lines)-i)
			break
		}
		detail += "\n  " + line
	}
	return &statusError{status: exitHashMismatch, err: diag.Errorf("target-changed", "Target has changed", "%s\nPlan again and have the new hash approved.", detail)}
}

func changedSince(step plan.Step, live map[identity.ResourceID]identity.Resource, schema identity.ResourceSchema) string {
	now, exists := live[step.Resource]
	switch step.Action {
	case plan.ActionCreate:
		if exists && now.Tag != step.Tag && len(merge.Changed(merge.Managed(step.After, schema), step.After, now.Attributes, schema)) > 0 {
			return step.ID + "   gone: it exists in the target now"
		}
	case plan.ActionUpdate, plan.ActionDelete:
		if !exists {
			return step.ID + "   before: it is not in the target any more"
		}
		names := merge.Managed(step.Before, schema)
		changed := merge.Changed(names, step.Before, now.Attributes, schema)
		if len(changed) > 0 && len(merge.Changed(merge.Managed(step.After, schema), step.After, now.Attributes, schema)) > 0 {
			return fmt.Sprintf("%s   before: %s was %s, is now %s", step.ID, changed[0], jsonText(step.Before[changed[0]]), jsonText(now.Attributes[changed[0]]))
		}
	case plan.ActionMap:
		if !exists {
			return step.ID + "   before: it is not in the target any more"
		}
	case plan.ActionNone:
	}
	return ""
}

func jsonText(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return "(not shown)"
	}
	return string(encoded)
}

func decodePlan(encoded []byte, into *plan.Plan) error {
	if err := json.Unmarshal(encoded, into); err != nil {
		return fmt.Errorf("reading the kept plan: %w", err)
	}
	return nil
}
