package history

import (
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Binding says which resource an item became.
type Binding struct {
	Item     identity.Address    `json:"item"`
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Decision string              `json:"decision,omitempty"` // map_to_existing and reconcile bind to what is not ours
	Gone     bool                `json:"gone,omitempty"`     // the binding is removed
}

// BindingsOf are the bindings that follow from a step that is done. Ours tells which of them the marker keeps too:
// those to what rehome made, or, of a step that unbinds, those that it loses.
func BindingsOf(step plan.Step, serverID string) (bindings []Binding, ours []bool) {
	if step.Action == plan.ActionDelete && !step.Unbinds {
		return nil, nil
	}
	for _, item := range step.Items {
		b := Binding{Item: identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}, Resource: step.Resource}
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
