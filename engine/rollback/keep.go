package rollback

import (
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/plan"
)

// keepTogether finds what else must stay when something stays: what it needs, what belongs to the same item (an
// application keeps its role and its gate, so that whoever opens it again opens it guarded), and changes that lead to
// something that stays.
func (b *builder) keepTogether() {
	dependants := map[string][]*entry{}
	var queue []*entry
	for _, id := range b.ids() {
		e := b.entries[id]
		for _, d := range e.done.Step.DependsOn {
			dependants[d] = append(dependants[d], e)
		}
		if e.stays {
			queue = append(queue, e)
		}
	}
	stay := func(e *entry, reason string) {
		if e == nil || e.stays || e.undo.Disposition != plan.DispositionPlanned {
			return
		}
		e.keep(reason, false)
		queue = append(queue, e)
	}
	for len(queue) > 0 {
		e := queue[0]
		queue = queue[1:]
		for _, d := range e.done.Step.DependsOn {
			stay(b.entries[d], e.done.Step.ID+" stays and needs it")
		}
		for _, other := range dependants[e.done.Step.ID] {
			switch {
			case other.done.Step.Action == plan.ActionUpdate:
				stay(other, e.done.Step.ID+" stays and it leads there")
			case b.leads(e) && sameItem(e.done.Step, other.done.Step) &&
				(e.choice == declaration.UndoKeep || !b.isSwitch(other.done.Step.Resource.Type)):
				stay(other, "belongs to "+e.done.Step.ID+", which stays")
			}
		}
	}
}

// leads tells whether the resource is what an item becomes, and not a part of it.
func (b *builder) leads(e *entry) bool {
	return len(b.schemas[e.done.Step.Resource.Type].ItemKinds) > 0
}

// sameItem tells whether two steps were made of one and the same item alone.
func sameItem(a, c plan.Step) bool {
	if len(a.Items) != 1 || len(c.Items) != 1 {
		return false
	}
	one, other := a.Items[0], c.Items[0]
	return one.Source == other.Source && one.Kind == other.Kind && one.ID == other.ID
}
