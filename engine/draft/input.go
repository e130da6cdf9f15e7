package draft

import (
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Input is all that a plan is made of. Items are those of all snapshots, in any order; Bindings are keyed by
// merge.BindingKey.
//
// CheckFindings are what the target's Check says, gathered by Judge. Rebuilt says which policies were built again by
// hand in the target, see policies.go.
type Input struct {
	Migration     plan.Migration
	Target        plan.Target
	Snapshots     []plan.Snapshot
	Schemas       []identity.ResourceSchema
	Items         []AssessedItem
	Live          []identity.Resource
	Bindings      map[string]merge.Binding
	Rules         []merge.Rule
	Skips         []merge.Skip
	Rebuilt       []declaration.Rebuilt
	CheckFindings []contract.CheckFinding
	Gates         plan.Gates
	Selection     Selection
}

// Bind says that an item is bound to a resource, by its merge.BindingKey. A later word takes the place of an earlier
// one.
func (in *Input) Bind(key string, resource identity.ResourceID, serverID, decision string) {
	if in.Bindings == nil {
		in.Bindings = map[string]merge.Binding{}
	}
	in.Bindings[key] = merge.Binding{Resource: resource, ServerID: serverID, Decision: merge.Decision(decision)}
}

// AssessedItem is one item with its class and with what the target makes of it.
type AssessedItem struct {
	Item        identity.Item
	Result      assess.Result
	Translation contract.Translation
}
