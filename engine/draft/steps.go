package draft

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/value"
)

// group joins the nodes that end at one resource and makes a step of each group.
func (b *builder) group() {
	groups := map[string][]*node{}
	for _, item := range b.items {
		for _, n := range item.nodes {
			b.decide(n)
			n.stepID = b.index.Fold(n.id).String()
			groups[n.stepID] = append(groups[n.stepID], n)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		nodes := groups[id]
		step := b.makeStep(nodes)
		b.splitGates(step, nodes)
		for _, n := range nodes {
			n.stepID = step.ID
			if last := len(n.item.steps) - 1; last < 0 || n.item.steps[last] != step {
				n.item.steps = append(n.item.steps, step)
			}
		}
		b.steps[step.ID] = step
	}
	for _, item := range b.items {
		if len(item.nodes) == 0 {
			step := itemStep(item)
			item.steps = []*plan.Step{step}
			b.steps[step.ID] = step
		}
	}
}

func itemStep(item *itemState) *plan.Step {
	return &plan.Step{
		ID: "item:" + item.address, Action: plan.ActionNone, Disposition: item.disposition,
		Items: []merge.ItemName{item.named()},
		Class: item.result.Class, Reason: item.reason, ToDo: item.toDo, Notes: item.result.Notes, DecidedBy: item.decidedBy,
		Decision: skipDecision(item), AfterUnknown: []string{}, AfterSensitive: []string{}, DependsOn: []string{},
	}
}

func skipDecision(item *itemState) string {
	if item.disposition == plan.DispositionSkipped {
		return string(merge.DecisionSkip)
	}
	return ""
}

func (i *itemState) named() merge.ItemName {
	item := i.of
	return merge.ItemName{Source: item.Source, Kind: item.Kind, ID: item.ID, Name: item.Name, Person: item.Person()}
}

// joins tells whether the item uses what an item of another source makes.
func (i *itemState) joins() bool {
	for _, n := range i.nodes {
		if n.primary {
			return n.joined
		}
	}
	return false
}

// makers are the nodes that say how the resource should be. Those that only use it say nothing, unless nobody else
// does.
func makers(nodes []*node) []*node {
	var making []*node
	for _, n := range nodes {
		if n.joined || n.item.joins() || n.outcome.Verdict == merge.VerdictMap {
			continue
		}
		making = append(making, n)
	}
	if len(making) == 0 {
		return nodes
	}
	for _, n := range nodes {
		n.joined = n.joined || n.item.joins()
	}
	return making
}

// splitGates blocks what an item would add to the resource of another source's item that follows from it, such as a
// gate or its opening: the two are not limited alike, and joining them would let in other people than before.
func (b *builder) splitGates(step *plan.Step, nodes []*node) {
	for _, n := range nodes {
		if !n.item.joins() || n.primary || n.joined || len(n.schema.ItemKinds) > 0 ||
			step.Disposition == plan.DispositionBlocked {
			continue
		}
		block(step, fmt.Sprintf("%s is mapped to what another source makes, which comes without %s: the two are not "+
			"limited alike", n.item.label(), step.ID))
		step.ToDo = "give it a rename of its own, or make who may use the two equal at their sources"
	}
}

// makeStep makes one step of the nodes of one resource. The first node, by address, gives the tag.
func (b *builder) makeStep(nodes []*node) *plan.Step {
	making := makers(nodes)
	first := making[0]
	step := &plan.Step{
		ID: first.id.String(), Resource: first.id, Disposition: plan.DispositionPlanned, Action: plan.ActionNone,
		Class:        assess.ClassNative,
		AfterUnknown: []string{}, AfterSensitive: []string{}, DependsOn: []string{},
	}
	seen := map[*itemState]bool{}
	desired, problem := first.resource.Attributes, ""
	lead := first
	isMaking := map[*node]bool{}
	for _, n := range making {
		isMaking[n] = true
	}
	for _, n := range append(append([]*node(nil), making...), nodes...) {
		if !seen[n.item] {
			seen[n.item] = true
			step.Items = append(step.Items, b.namedIn(n))
			if n.primary { // an item may need many steps; what differs is said once, where the item itself stands
				step.Notes = append(step.Notes, fresh(step.Notes, n.item.result.Notes)...)
			}
			step.Notes = append(step.Notes, fresh(step.Notes, n.notes)...)
			step.Class = worseClass(step.Class, n.item.result.Class)
		}
		if n.problem != "" && problem == "" {
			problem, step.ToDo = n.problem, n.toDo
		}
		if !isMaking[n] {
			continue
		}
		if strength(n) > strength(lead) {
			lead = n
		}
		var differs string
		desired, differs = b.union(desired, n.resource.Attributes, n.schema)
		if differs != "" && problem == "" {
			problem = fmt.Sprintf("%s and %s would both make %s, with a different %s", first.item.label(), n.item.label(),
				step.ID, differs)
			step.ToDo = "rename or skip one of them"
		}
	}
	if problem != "" {
		block(step, problem)
		return step
	}
	b.applyOutcome(step, lead, desired)
	b.markUnordered(step, lead.schema)
	return step
}

// fresh are the texts that the list does not have yet: items that share a resource often say the same.
func fresh(list, more []string) []string {
	var found []string
	for _, text := range more {
		if !slices.Contains(list, text) {
			found = append(found, text)
		}
	}
	return found
}

// namedIn names an item with the decision by which it uses what another item makes.
func (b *builder) namedIn(n *node) merge.ItemName {
	name := n.item.named()
	if n.joined && n.item.rule != nil {
		name.Decision, name.DecidedBy = string(n.item.rule.Decision), n.item.rule.Place()
	}
	return name
}

// strength orders outcomes of nodes that share a resource: an open question of one of them stops all.
func strength(n *node) int {
	switch n.outcome.Verdict {
	case merge.VerdictOurs:
		return 5
	case merge.VerdictBlocked:
		return 4
	case merge.VerdictReconcile, merge.VerdictMap:
		return 3
	case merge.VerdictPending, merge.VerdictManual:
		return 2
	case merge.VerdictEqual:
		return 1
	}
	return 0
}

func worseClass(a, b assess.Class) assess.Class {
	if a == assess.ClassNative {
		return b
	}
	return a
}

// union joins what two items want of one resource, or names the attribute in which they differ.
func (b *builder) union(left, right identity.Attributes, schema identity.ResourceSchema) (identity.Attributes, string) {
	joined := identity.Attributes{}
	maps.Copy(joined, left)
	sets := schema.Unordered()
	for _, name := range right.Names() {
		switch _, both := left[name]; {
		case !both:
			joined[name] = right[name]
		case len(value.DiffOf([]string{name}, left, right, sets...)) == 0:
		case slices.Contains(sets, name):
			joined[name] = value.Union(left[name], right[name])
		default:
			return left, name
		}
	}
	return joined, ""
}

func (b *builder) applyOutcome(step *plan.Step, n *node, desired identity.Attributes) {
	out := n.outcome
	step.Matches = out.Matches
	if out.Rule != nil && (n.primary || out.Verdict == merge.VerdictReconcile) {
		step.Decision, step.DecidedBy = string(out.Rule.Decision), out.Rule.Place()
	}
	if out.Live != nil {
		step.ServerID = out.Live.ServerID
	}
	step.Reason, step.ToDo = out.Reason, out.ToDo
	switch out.Verdict {
	case merge.VerdictCreate:
		b.create(step, n, desired)
	case merge.VerdictOurs:
		step.Tag = n.item.address
		if out.Live.Tag != "" {
			step.Tag = out.Live.Tag
		}
		names := merge.Managed(desired, n.schema)
		diff(step, names, desired, out.Live.Attributes, n.schema)
	case merge.VerdictReconcile:
		step.Sides = merge.Sides(out.Fields, desired, out.Live.Attributes, n.schema)
		diff(step, out.Fields, desired, out.Live.Attributes, n.schema)
	case merge.VerdictMap:
		if out.Previous {
			step.Disposition = plan.DispositionUnchanged
		} else {
			step.Action = plan.ActionMap
		}
	case merge.VerdictEqual:
		step.Disposition = plan.DispositionUnchanged
	case merge.VerdictPending:
		block(step, out.Reason)
		step.AwaitsDecision = true
	case merge.VerdictManual:
		step.Disposition = plan.DispositionManual
	default:
		block(step, out.Reason)
	}
}

func (b *builder) create(step *plan.Step, n *node, desired identity.Attributes) {
	step.Action, step.Tag = plan.ActionCreate, n.item.address
	step.After = identity.Attributes{}
	for _, name := range desired.Names() {
		a, _ := n.schema.Attribute(name)
		if a.Computed {
			continue
		}
		if a.Generated && !isReference(desired[name]) {
			continue
		}
		if a.Sensitive {
			step.AfterSensitive = append(step.AfterSensitive, name)
		}
		step.After[name] = desired[name]
	}
	for _, a := range n.schema.Attributes {
		value, set := desired[a.Name]
		if a.Generated && !isReference(value) && !(set && value != nil) {
			step.AfterUnknown = append(step.AfterUnknown, a.Name)
			step.NoWayBack = a.Name + " is made by the target and given out once"
		}
	}
	slices.Sort(step.AfterUnknown)
}

// diff fills before and after with the named attributes, and blocks a change that the target cannot make in place.
func diff(step *plan.Step, names []string, desired, live identity.Attributes, schema identity.ResourceSchema) {
	changed := merge.Changed(names, desired, live, schema)
	if len(changed) == 0 {
		step.Disposition = plan.DispositionUnchanged
		return
	}
	step.Action = plan.ActionUpdate
	step.Before, step.After = identity.Attributes{}, identity.Attributes{}
	for _, name := range names {
		a, _ := schema.Attribute(name)
		if a.Computed || a.Sensitive && !isReference(desired[name]) {
			continue
		}
		step.After[name] = desired[name]
		if a.Sensitive {
			step.AfterSensitive = append(step.AfterSensitive, name)
			step.NoWayBack = name + " is overwritten, and its former value cannot be read"
			continue
		}
		step.Before[name] = live[name]
	}
	for _, name := range changed {
		if a, _ := schema.Attribute(name); a.ForcesReplace {
			block(step, fmt.Sprintf("%s cannot be changed in place", name))
			step.ToDo = "change it in the target by hand, or remove the resource and plan again"
			return
		}
	}
}

func (b *builder) markUnordered(step *plan.Step, schema identity.ResourceSchema) {
	for _, a := range schema.Attributes {
		if _, set := step.After[a.Name]; set && a.Unordered {
			step.Unordered = append(step.Unordered, a.Name)
		}
	}
	slices.Sort(step.Unordered)
}

func block(step *plan.Step, reason string) {
	step.Disposition, step.Action, step.Reason = plan.DispositionBlocked, plan.ActionNone, reason
	step.Before, step.After, step.Tag, step.NoWayBack = nil, nil, "", ""
	step.AfterUnknown, step.AfterSensitive = []string{}, []string{}
}
