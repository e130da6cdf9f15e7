package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// A policy of the incumbent that is not carried may be stricter than what the target asks by itself. What stands under
// it stays closed, whoever acknowledged what, until a rebuilt block names the flow in which the policy was built again
// and the target reads that flow back: when the plan is made, and once more when the step opens.

// rule is a policy that is not carried, with what was built in its place.
type rule struct {
	item    *itemState
	policy  kinds.AuthPolicy
	rebuilt *declaration.Rebuilt // nil while nobody says so
}

// underPolicies gives each resource that opens something what its policies demand of the target, or the reason why it
// stays closed. It runs when the items have their resources, before these are decided about.
func (b *builder) underPolicies() {
	rules := b.rules()
	for _, item := range b.items {
		for _, n := range item.nodes {
			if n.schema.Opens {
				b.demand(n, b.over(item, rules))
			}
		}
	}
}

// rules finds the policies that the target does not carry and that may ask for more than it does by itself. Whether one
// is skipped has no say: leaving a policy out of the move makes nothing less strict that it protects.
func (b *builder) rules() []rule {
	used := make([]bool, len(b.input.Rebuilt))
	var found []rule
	for _, item := range b.items {
		if item.of.Kind != identity.KindAuthPolicy {
			continue
		}
		one := rule{item: item}
		if err := item.of.Decode(&one.policy); err != nil {
			one.policy = kinds.AuthPolicy{Type: kinds.ConditionalAccess} // nobody knows what it is for
		}
		one.rebuilt = b.builtAgain(item, used)
		if item.mayBeStricter() {
			found = append(found, one)
		}
	}
	for i, block := range b.input.Rebuilt {
		if !used[i] {
			b.diags = append(b.diags, placed(diag.Warningf("block-matches-nothing", "Block matches nothing",
				"The block %s means no item of the snapshots. Correct its where, or remove it.", title(block)), block))
		}
	}
	return found
}

// mayBeStricter tells whether a policy asks for more than its loss leaves, or may do so: what could not be read may.
func (i *itemState) mayBeStricter() bool {
	return i.of.Deleted || i.result.Class == assess.ClassBlocked ||
		slices.ContainsFunc(i.result.Findings, func(f fidelity.Finding) bool {
			return f.Direction == fidelity.DirectionLooser && f.Compensated == ""
		})
}

// builtAgain finds the block about a policy, and says in the policy's own step what it says. Two blocks about one
// policy are an error.
func (b *builder) builtAgain(item *itemState, used []bool) *declaration.Rebuilt {
	var picked *declaration.Rebuilt
	for i := range b.input.Rebuilt {
		block := &b.input.Rebuilt[i]
		if block.Kind != item.of.Kind {
			continue
		}
		means, err := block.Where == nil, error(nil)
		if block.Where != nil {
			means, err = block.Where(item.of)
		}
		switch {
		case err != nil:
			b.diags = append(b.diags, placed(diag.Errorf("where-failed", "Condition cannot be evaluated",
				"The where of %s fails for %s: %v.", title(*block), item.of.Address(), err), *block))
			return nil
		case !means:
			continue
		case picked != nil:
			b.diags = append(b.diags, placed(diag.Errorf("rebuilt-two-blocks", "Two rebuilt blocks mean one policy",
				"The blocks %s and %s both mean %s. Narrow the where of one of them.", title(*picked), title(*block),
				item.label()), *block))
			return nil
		}
		used[i], picked = true, block
	}
	if picked != nil {
		item.builtAs(picked)
	}
	return picked
}

// builtAs says of a policy that is followed up by hand where it was built again. The follow-up stays: a person closes it.
func (i *itemState) builtAs(block *declaration.Rebuilt) {
	if i.disposition == plan.DispositionManual || i.disposition == plan.DispositionBlocked {
		i.toDo = fmt.Sprintf("built again as the flow %q, as is said (%s); what it protects opens once the target reads that "+
			"back", block.Flow, cmp.Or(block.Reference, "without a reference"))
		i.decidedBy = merge.PlaceOf(block.Range)
	}
}

func title(block declaration.Rebuilt) string {
	return fmt.Sprintf("rebuilt %q %q", block.Kind, block.Name)
}

func placed(d diag.Diagnostic, block declaration.Rebuilt) diag.Diagnostic {
	if place := block.Range; place.File != "" {
		d.Subject = &place
	}
	return d
}

// over lists the rules that an item stands under: those that it names, and those that name it. One that it names and
// that no snapshot has is a rule too.
func (b *builder) over(item *itemState, rules []rule) []rule {
	named := map[string]bool{}
	var found []rule
	for _, r := range item.of.References {
		if r.Kind != identity.KindAuthPolicy {
			continue
		}
		address := identity.Address{Source: item.of.Source, Kind: r.Kind, ID: r.ID}
		named[address.String()] = true
		if b.byID[address.String()] == nil {
			found = append(found, rule{item: &itemState{of: identity.Item{Source: item.of.Source, Kind: r.Kind, ID: r.ID,
				Name: "in no snapshot"}}})
		}
	}
	clientID := clientIDOf(item.of)
	for _, one := range rules {
		if one.item.of.Source == item.of.Source && (named[one.item.address] || one.policy.Reaches(clientID)) {
			found = append(found, one)
		}
	}
	return found
}

// clientIDOf is the id by which policies of the source name an application.
func clientIDOf(item identity.Item) string {
	var app struct {
		ClientID       string `json:"client_id"`
		SourceClientID string `json:"source_client_id"`
	}
	if item.Decode(&app) != nil {
		return ""
	}
	return cmp.Or(app.SourceClientID, app.ClientID)
}

const staysClosed = "stays closed: "

// demand puts what the rules over an opening ask of the target into it, or shuts it.
func (b *builder) demand(n *node, rules []rule) {
	if len(rules) == 0 {
		return
	}
	var open, flows, upstream []string
	more := false
	for _, one := range rules {
		if one.rebuilt == nil {
			open = append(open, one.item.label())
			continue
		}
		flows, upstream = append(flows, one.rebuilt.Flow), append(upstream, one.rebuilt.Upstream...)
		more = more || !one.policy.PasswordSuffices
	}
	slices.Sort(flows)
	flows = slices.Compact(flows)
	_, readsBack := n.schema.Attribute(contract.OpensWithFlow)
	n.stricter = true
	switch {
	case len(open) > 0:
		n.problem = staysClosed + "at the incumbent it stands under " + strings.Join(open, " and ") +
			", which is not carried and may ask for more than the target does; no acknowledgement makes up for that"
		n.toDo = "build the policy again in the target, then name the flow in a block rebuilt \"auth_policy\" … " +
			"{ where, flow, reference }"
	case !readsBack:
		n.problem = staysClosed + "a policy over it was built again, which this target cannot read back"
	case len(flows) > 1:
		n.problem = staysClosed + fmt.Sprintf("its policies are built again in different flows (%s), and people of one "+
			"application pass one", strings.Join(flows, ", "))
		n.toDo = "build them in one flow, and name that in the rebuilt blocks"
	default:
		n.resource.Attributes[contract.OpensWithFlow] = flows[0]
		if more {
			slices.Sort(upstream)
			n.resource.Attributes[contract.OpensBeyondPassword] = true
			n.resource.Attributes[contract.OpensUnasked] = texts(slices.Compact(upstream))
		}
	}
}

// openAlready says of what should stay closed that it is not: somebody opened it, or an earlier plan did.
func (b *builder) openAlready() {
	for _, item := range b.items {
		for _, n := range item.nodes {
			if !n.stricter || n.problem == "" {
				continue
			}
			live := b.index.ByKey(n.id)
			if live == nil || len(merge.Changed(merge.Managed(n.resource.Attributes, n.schema), n.resource.Attributes,
				live.Attributes, n.schema)) > 0 {
				continue
			}
			step := b.steps[n.stepID]
			step.Reason = "is open in the target and should not be: " + strings.TrimPrefix(step.Reason, staysClosed)
			step.ToDo = strings.TrimSuffix("close it there, or "+step.ToDo, ", or ")
		}
	}
}

func texts(list []string) []any {
	all := make([]any, len(list))
	for i, text := range list {
		all[i] = text
	}
	return all
}
