package apply

import (
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// BindingsOf are the bindings that follow from a step that is done. Ours tells which of them the marker keeps too:
// those to what rehome made, or, of a step that unbinds, those that it loses.
func BindingsOf(step plan.Step, serverID string) (bindings []history.Binding, ours []bool) {
	if step.Action == plan.ActionDelete && !step.Unbinds {
		return nil, nil
	}
	for _, item := range step.Items {
		b := history.Binding{Item: item.Address(), Resource: step.Resource}
		own := item.Decision == ""
		switch {
		case step.Unbinds:
			b.Gone = true
		case !own: // another item makes the resource, this one only uses it
			b.ServerID, b.Decision = serverID, string(merge.DecisionMap)
		default:
			b.ServerID, b.Decision = serverID, decisionOf(step)
			own = step.Action != plan.ActionMap
		}
		bindings, ours = append(bindings, b), append(ours, own || step.Unbinds)
	}
	return bindings, ours
}

// decisionOf keeps that a resource is not ours; what rehome made needs no word.
func decisionOf(step plan.Step) string {
	if step.Action == plan.ActionMap || merge.Decision(step.Decision) == merge.DecisionReconcile {
		return string(merge.DecisionMap)
	}
	return ""
}
