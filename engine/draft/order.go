package draft

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/sorted"
)

// link turns references, dependencies and needs into DependsOn, and blocks steps whose needs are not met.
func (b *builder) link() {
	for _, item := range b.items {
		for _, n := range item.nodes {
			if n.joined {
				continue
			}
			step := b.steps[n.stepID]
			deps := map[string]bool{}
			for _, d := range step.DependsOn {
				deps[d] = true
			}
			original := b.originalAttributes(n)
			for _, name := range original.Names() {
				b.linkValue(step, n, original[name], deps)
			}
			for _, dependency := range n.resource.DependsOn {
				b.linkDependency(step, n, dependency, deps)
			}
			for _, need := range item.translation.Needs {
				b.linkNeed(step, item, need, deps)
			}
			delete(deps, step.ID)
			step.DependsOn = slices.AppendSeq([]string{}, maps.Keys(deps))
			slices.Sort(step.DependsOn)
		}
	}
}

// originalAttributes are those of the translation: the node's own are resolved by now.
func (b *builder) originalAttributes(n *node) identity.Attributes {
	for i, own := range n.item.nodes {
		if own == n {
			return n.item.translation.Resources[i].Attributes
		}
	}
	return nil
}

func (b *builder) linkValue(step *plan.Step, n *node, value any, deps map[string]bool) {
	if ref, ok := identity.AsItemReference(value); ok {
		b.linkReference(step, n, ref, deps)
		return
	}
	switch v := value.(type) {
	case []any:
		for _, entry := range v {
			b.linkValue(step, n, entry, deps)
		}
	case map[string]any:
		for _, name := range identity.Attributes(v).Names() {
			b.linkValue(step, n, v[name], deps)
		}
	}
}

func (b *builder) linkReference(step *plan.Step, n *node, ref identity.ItemReference, deps map[string]bool) {
	id, problem := b.referred(n.item, ref)
	if problem != "" {
		blockOnce(step, problem)
		if id.Key == "" {
			return
		}
	}
	if other := b.stepOf(id); other != nil {
		deps[other.ID] = true
	}
}

func (b *builder) stepOf(id identity.ResourceID) *plan.Step {
	if step := b.steps[id.String()]; step != nil {
		return step
	}
	return b.steps[b.index.Fold(id).String()]
}

func (b *builder) linkDependency(step *plan.Step, n *node, on identity.Dependency, deps map[string]bool) {
	id := on.Resource
	if id == (identity.ResourceID{}) {
		b.linkReference(step, n, on.Item, deps)
		return
	}
	if other := b.stepOf(id); other != nil {
		deps[other.ID] = true
	} else if b.index.ByKey(id) == nil {
		blockOnce(step, fmt.Sprintf("needs %s, which is neither in the plan nor in the target", id))
	}
}

// linkNeed makes a step wait for all steps of an item. An item that is listed only has nothing that could be missing.
func (b *builder) linkNeed(step *plan.Step, item *itemState, need identity.ItemID, deps map[string]bool) {
	address := identity.Address{Source: item.of.Source, Kind: need.Kind, ID: need.ID}.String()
	other := b.byID[address]
	if other == nil {
		blockOnce(step, fmt.Sprintf("needs %s %s, which is in no snapshot", words(need.Kind), need.ID))
		return
	}
	if other == item || other.visible && !other.of.Deleted || len(other.nodes) == 0 &&
		other.disposition == plan.DispositionUnchanged && !other.visible {
		return
	}
	if len(other.nodes) == 0 {
		blockOnce(step, fmt.Sprintf("needs %s, which %s", other.label(), other.state("")))
		return
	}
	for _, s := range other.steps {
		deps[s.ID] = true
	}
}

func blockOnce(step *plan.Step, reason string) {
	if step.Disposition != plan.DispositionBlocked {
		block(step, reason)
	}
}

// checks blocks the steps that the target's second pass objects to.
func (b *builder) checks() {
	for _, c := range b.input.CheckFindings {
		step := b.stepOf(c.Resource)
		if step == nil {
			continue
		}
		text := c.Finding.Summary
		if c.Finding.Field != "" {
			text = c.Finding.Field + ": " + text
		}
		switch c.Finding.Type {
		case "approximation", "lost":
			if c.Finding.Direction != fidelity.DirectionLooser || c.Finding.Compensated != "" {
				step.Notes = append(step.Notes, text)
				continue
			}
		}
		blockOnce(step, text)
		if step.ToDo == "" {
			step.ToDo = c.Finding.Action
		}
	}
}

// openingsWait lets whatever lets people in wait for the changes of providers that live: until they are made, people
// may come in by them in the old way, and when one fails nothing is opened. What names the providers that ask people
// themselves waits for new ones as well.
func (b *builder) openingsWait() {
	var providers, added []string
	for _, id := range b.stepIDs() {
		step := b.steps[id]
		if step.Disposition != plan.DispositionPlanned ||
			!slices.Contains(b.schemas[step.Resource.Type].ItemKinds, identity.KindIdentityProvider) {
			continue
		}
		if added = append(added, id); step.Action == plan.ActionUpdate {
			providers = append(providers, id)
		}
	}
	for _, id := range b.stepIDs() {
		if step := b.steps[id]; step.Disposition == plan.DispositionPlanned && b.schemas[step.Resource.Type].Opens {
			before := append(b.behind(step), providers...)
			if _, named := step.After[contract.OpensUnasked]; named {
				before = append(before, added...)
			}
			step.DependsOn = slices.Compact(slices.Sorted(slices.Values(append(step.DependsOn, before...))))
		}
	}
}

// behind lists the changes that a step waits for through what is as wanted already: a step that has nothing to do is no
// reason to run ahead of what it stands on.
func (b *builder) behind(step *plan.Step) []string {
	var found []string
	seen := map[string]bool{}
	queue := slices.Clone(step.DependsOn)
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		other := b.steps[id]
		if other == nil || seen[id] {
			continue
		}
		seen[id] = true
		if other.Disposition == plan.DispositionPlanned {
			found = append(found, id)
			continue
		}
		queue = append(queue, other.DependsOn...)
	}
	return found
}

// propagate blocks what depends on a step that will not be done, and the other steps of its items, until nothing
// changes.
func (b *builder) propagate() {
	dependants := map[string][]*plan.Step{}
	var queue []*plan.Step
	for _, id := range b.stepIDs() {
		step := b.steps[id]
		for _, d := range step.DependsOn {
			dependants[d] = append(dependants[d], step)
		}
		if undone(step) {
			queue = append(queue, step)
		}
	}
	for len(queue) > 0 {
		step := queue[0]
		queue = queue[1:]
		with := slices.Clone(dependants[step.ID])
		if !b.schemas[step.Resource.Type].Opens { // what stays closed is made all the same: nobody comes in by it
			with = append(with, b.siblings(step)...)
		}
		for _, other := range with {
			if !undone(other) {
				block(other, fmt.Sprintf("needs %s, which is not done: %s", step.ID, rootReason(step.Reason)))
				queue = append(queue, other)
			}
		}
	}
}

// rootReason keeps reasons of long chains short: the first cause is what a person must act on.
func rootReason(reason string) string {
	if _, cause, found := strings.Cut(reason, ", which is not done: "); found {
		return cause
	}
	return reason
}

func undone(step *plan.Step) bool {
	return step.Disposition == plan.DispositionBlocked || step.Disposition == plan.DispositionManual ||
		step.Disposition == plan.DispositionSkipped
}

// siblings are the other steps that the items of this step make alone: an item is done whole or not at all.
func (b *builder) siblings(step *plan.Step) []*plan.Step {
	if len(step.Items) != 1 {
		return nil
	}
	var others []*plan.Step
	for _, name := range step.Items {
		item := b.byID[identity.Address{Source: name.Source, Kind: name.Kind, ID: name.ID}.String()]
		if item == nil {
			continue
		}
		for _, other := range item.steps {
			if other != step && len(other.Items) == 1 && other.Disposition != plan.DispositionUnchanged {
				others = append(others, other)
			}
		}
	}
	return others
}

func (b *builder) stepIDs() []string { return slices.Sorted(maps.Keys(b.steps)) }

// order sorts the steps: what is depended on first, then by ID. Steps of a cycle are blocked by name and come last.
func (b *builder) order() []plan.Step {
	waiting := map[string]int{}
	dependants := map[string][]string{}
	var ready sorted.Queue[string]
	for _, id := range b.stepIDs() {
		for _, d := range b.steps[id].DependsOn {
			if b.steps[d] != nil {
				waiting[id]++
				dependants[d] = append(dependants[d], id)
			}
		}
		if waiting[id] == 0 {
			ready.Push(id)
		}
	}
	ordered := make([]plan.Step, 0, len(b.steps))
	done := map[string]bool{}
	for ready.Len() > 0 {
		id := ready.Pop()
		ordered, done[id] = append(ordered, *b.steps[id]), true
		for _, other := range dependants[id] {
			if waiting[other]--; waiting[other] == 0 {
				ready.Push(other)
			}
		}
	}
	for _, id := range b.stepIDs() {
		if !done[id] {
			ordered = append(ordered, *b.steps[id])
		}
	}
	return ordered
}

// blockCycles blocks every step that waits for itself, naming the cycle.
func (b *builder) blockCycles() {
	state := map[string]int{}
	var path []string
	var visit func(id string)
	visit = func(id string) {
		state[id] = 1
		path = append(path, id)
		for _, d := range b.steps[id].DependsOn {
			switch {
			case b.steps[d] == nil:
			case state[d] == 0:
				visit(d)
			case state[d] == 1:
				from := len(path) - 1
				for path[from] != d {
					from--
				}
				for _, member := range path[from:] {
					blockOnce(b.steps[member], "the steps wait for each other: "+strings.Join(append(path[from:len(path):len(path)],
						d), " -> "))
				}
			}
		}
		path = path[:len(path)-1]
		state[id] = 2
	}
	for _, id := range b.stepIDs() {
		if state[id] == 0 {
			visit(id)
		}
	}
}
