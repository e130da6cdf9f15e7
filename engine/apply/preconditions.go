package apply

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/value"
)

// Live is what a target holds, by resource.
type Live = map[identity.ResourceID]identity.Resource

// LiveOf is what was read of a target, by resource.
func LiveOf(read []identity.Resource) Live {
	live := Live{}
	for _, r := range read {
		live[r.ID()] = r
	}
	return live
}

// Preconditions compares the planned steps with the live resources before the first write, and says in a line of each
// what is no longer true. A create that is there already with our tag, or an update that is done already, is left to
// the step itself: an interrupted run goes on. So is every step that an earlier part of the run began or prepared. What
// that part is known to have made must still be there.
func Preconditions(p *plan.Plan, live Live, types []identity.ResourceSchema, earlier *history.Known) []string {
	var lines []string
	schemas := map[string]identity.ResourceSchema{}
	for _, r := range types {
		schemas[r.Type] = r
	}
	for _, step := range p.Steps {
		if step.Disposition != plan.DispositionPlanned && !(step.Disposition == plan.DispositionUnchanged && !step.Withdrawn) {
			continue // nothing rests on it
		}
		if done, begun := earlier.Of(step.ID); begun {
			if _, exists := live[step.Resource]; done && !exists && step.Action == plan.ActionCreate {
				lines = append(lines, step.ID+"   gone: this run made it, and somebody has removed it since")
			}
			continue
		}
		if earlier.Prepared(step.DependsOn) {
			continue
		}
		if text := changedSince(step, live, schemas[step.Resource.Type]); text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

// shownPreconditions is how many lines an error shows before it counts the rest.
const shownPreconditions = 20

// TargetChanged is the error of preconditions that are no longer true, nil when all are.
func TargetChanged(p *plan.Plan, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	detail := fmt.Sprintf("Approved %s. Nothing was changed.\n%d of %d steps are no longer true:", p.PlanHash, len(lines),
		len(p.Steps))
	for i, line := range lines {
		if i == shownPreconditions {
			detail += fmt.Sprintf("\n  … and %d more", len(lines)-i)
			break
		}
		detail += "\n  " + line
	}
	return diag.Errorf("target-changed", "Target has changed", "%s\nPlan again and have the new hash approved.", detail)
}

// liveOf finds the resource that a step is about. One that the step gives another key still stands under its old one.
func liveOf(step plan.Step, live map[identity.ResourceID]identity.Resource, schema identity.ResourceSchema,
) (identity.Resource, bool) {
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

func changedSince(step plan.Step, live map[identity.ResourceID]identity.Resource,
	schema identity.ResourceSchema) string {
	now, exists := liveOf(step, live, schema)
	switch step.Action {
	case plan.ActionCreate:
		// What bears our marks and has none, even where it looks alike, is somebody else's: it may have people in it.
		if exists && now.Tag != step.Tag && (schema.Tagged || differs(step.After, now, schema) != "") {
			return step.ID + "   gone: it exists in the target now"
		}
	case plan.ActionUpdate, plan.ActionDelete:
		if !exists && step.Action == plan.ActionDelete {
			return "" // what is gone needs no delete
		}
		if !exists {
			return step.ID + "   before: it is not in the target any more"
		}
		if replaced(step, now) {
			return step.ID + "   before: another one has taken its place under this name"
		}
		name := differs(step.Before, now, schema)
		if name != "" && (step.Action == plan.ActionDelete || differs(step.After, now, schema) != "") {
			return fmt.Sprintf("%s   before: %s was %s, is now %s", step.ID, name, value.Text(step.Before[name]),
				value.Text(now.Attributes[name]))
		}
	case plan.ActionMap, plan.ActionNone:
		if !exists && step.Action == plan.ActionMap {
			return step.ID + "   before: it is not in the target any more"
		}
		if exists && replaced(step, now) {
			return step.ID + "   before: another one has taken its place under this name"
		}
	}
	return ""
}

// replaced tells whether what has the name is another object than the plan saw. Not every target numbers its objects.
func replaced(step plan.Step, now identity.Resource) bool {
	return step.ServerID != "" && now.ServerID != "" && step.ServerID != now.ServerID
}

// differs names the first managed attribute in which a resource is not as it is wanted, empty when it is.
func differs(wanted map[string]any, now identity.Resource, schema identity.ResourceSchema) string {
	changed := merge.Changed(merge.Managed(wanted, schema), wanted, now.Attributes, schema)
	if len(changed) == 0 {
		return ""
	}
	return changed[0]
}
