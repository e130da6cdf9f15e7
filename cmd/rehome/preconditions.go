package main

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/value"
)

// preconditions re-reads the live target before the first write and refuses when any step's before is no longer true. A create that is
// already there with our tag, or an update that is already done, is left to the step itself: an interrupted run goes on. So is every
// step that an earlier part of the run began or prepared. What that part is known to have made must still be there.
func preconditions(ctx context.Context, work *planning, before *resumed) error {
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
		if done, begun := before.known(step.ID); begun {
			if _, there := live[step.Resource]; done && !there && step.Action == plan.ActionCreate {
				lines = append(lines, step.ID+"   gone: this run made it, and somebody has removed it since")
			}
			continue
		}
		if before.prepared(step) {
			continue
		}
		if text := changedSince(step, live, schemas[step.Resource.Type]); text != "" {
			lines = append(lines, text)
		}
	}
	if work.plan.Rollback != nil {
		used, err := usedSince(ctx, work, live)
		if err != nil {
			return err
		}
		lines = append(lines, used...)
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

// liveOf finds the resource that a step is about. One that the step gives another key still stands under its old one.
func liveOf(step plan.Step, live map[identity.ResourceID]identity.Resource, schema identity.ResourceSchema) (identity.Resource, bool) {
	now, exists := live[step.Resource]
	if exists || step.Action != plan.ActionUpdate {
		return now, exists
	}
	old, err := schema.Key(step.Before)
	if err != nil || old == "" {
		return now, false
	}
	now, exists = live[identity.ResourceID{Type: step.Resource.Type, Key: old}]
	return now, exists && (step.ServerID == "" || now.ServerID == step.ServerID)
}

func changedSince(step plan.Step, live map[identity.ResourceID]identity.Resource, schema identity.ResourceSchema) string {
	now, exists := liveOf(step, live, schema)
	switch step.Action {
	case plan.ActionCreate:
		if exists && now.Tag != step.Tag && len(merge.Changed(merge.Managed(step.After, schema), step.After, now.Attributes, schema)) > 0 {
			return step.ID + "   gone: it exists in the target now"
		}
	case plan.ActionUpdate, plan.ActionDelete:
		if !exists && step.Action == plan.ActionDelete {
			return "" // what is gone needs no delete
		}
		if !exists {
			return step.ID + "   before: it is not in the target any more"
		}
		names := merge.Managed(step.Before, schema)
		changed := merge.Changed(names, step.Before, now.Attributes, schema)
		if len(changed) > 0 && len(merge.Changed(merge.Managed(step.After, schema), step.After, now.Attributes, schema)) > 0 {
			return fmt.Sprintf("%s   before: %s was %s, is now %s", step.ID, changed[0], value.Text(step.Before[changed[0]]), value.Text(now.Attributes[changed[0]]))
		}
	case plan.ActionMap:
		if !exists {
			return step.ID + "   before: it is not in the target any more"
		}
	case plan.ActionNone:
	}
	return ""
}
