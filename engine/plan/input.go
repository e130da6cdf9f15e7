package plan

import (
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
)

// Input is all that a plan is made of. Items are those of all snapshots, in any order; Bindings are keyed by merge.BindingKey.
//
// CheckFindings are what the target's Check says, gathered by Judge. Rebuilt names items (by address) that a person declared rebuilt
// by hand, with the statement: what needs them may go on.
type Input struct {
	Migration     Migration
	Target        Target
	Snapshots     []Snapshot
	Schemas       []identity.ResourceSchema
	Items         []AssessedItem
	Live          []identity.Resource
	Bindings      map[string]merge.Binding
	Rules         []merge.Rule
	Skips         []merge.Skip
	Rebuilt       map[string]string
	CheckFindings []contract.CheckFinding
	Gates         Gates
	Selection     Selection
}

// Bind says that an item is bound to a resource, by its merge.BindingKey. A later word takes the place of an earlier one.
func (in *Input) Bind(key string, resource identity.ResourceID, serverID, decision string) {
	if in.Bindings == nil {
		in.Bindings = map[string]merge.Binding{}
	}
	in.Bindings[key] = merge.Binding{Resource: resource, ServerID: serverID, Decision: merge.Decision(decision)}
}

// Gates is what stands between a draft and a previewed plan, beyond missing decisions.
type Gates struct {
	Acknowledgements []Acknowledgement
	FailedChecks     []FailedCheck
	StaleSnapshots   []string // one text each, such as "okta.corp: 3 days old"
	ConfigErrors     diag.List
	WavesMissing     []string  // waves that must be applied before the plan's own
	Volume           []Blocker // of Volume
	Access           *Access
	AccessDigest     string
	CreatedAt        string // RFC 3339
	ExpiresAt        string // RFC 3339
}

// Acknowledgement is one acknowledge block.
type Acknowledgement struct {
	ID        string
	Reason    string
	Reference string
	Range     diag.Range
}

// FailedCheck is one check block whose condition is not true.
type FailedCheck struct {
	Name    string
	Message string
	Range   diag.Range
}

// AssessedItem is one item with its class and with what the target makes of it.
type AssessedItem struct {
	Item        identity.Item
	Result      assess.Result
	Translation contract.Translation
}
