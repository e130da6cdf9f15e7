package rollback

import (
	"slices"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/sorted"
)

// link turns the dependencies round: what was made last is undone first. What only follows a name comes after the
// resource that gets its former name back, as on the way there. A restored value may open a way that the run closed, so
// every application is switched off before the first of them.
func (b *builder) link() {
	var switches []string
	for _, id := range b.ids() {
		if e := b.entries[id]; b.switches(e) && e.undo.Disposition == plan.DispositionPlanned {
			switches = append(switches, id)
		}
	}
	for _, id := range b.ids() {
		e := b.entries[id]
		if b.switches(e) {
			b.decideSwitch(e)
		}
		for _, d := range e.done.Step.DependsOn {
			before := b.entries[d]
			if before == nil {
				continue
			}
			if _, renamed := b.formerKey(before); renamed && e.undo.Action == plan.ActionUpdate &&
				!b.switches(e) {
				e.undo.DependsOn = append(e.undo.DependsOn, d)
				continue
			}
			before.undo.DependsOn = append(before.undo.DependsOn, id)
		}
		if e.undo.Action == plan.ActionUpdate && !b.switches(e) {
			e.undo.DependsOn = append(e.undo.DependsOn, switches...)
		}
	}
	for _, e := range b.entries {
		slices.Sort(e.undo.DependsOn)
		e.undo.DependsOn = slices.Compact(e.undo.DependsOn)
	}
}

// switches tells whether an inverse opens or closes something. One that gives its name back only follows what it opens.
func (b *builder) switches(e *entry) bool {
	_, renamed := b.formerKey(e)
	return b.isSwitch(e.done.Step.Resource.Type) && !renamed
}

// decideSwitch deletes a switch with what it opens. Where that stays, the switch stays too and is turned off: then the
// record says what there is afterwards.
func (b *builder) decideSwitch(e *entry) {
	e.undo.Unbinds = b.leadGoes(e)
	if e.undo.Unbinds || e.undo.Action != plan.ActionDelete {
		return
	}
	e.undo.Action, e.undo.After = plan.ActionUpdate, e.undo.Before.Clone()
	e.undo.After["enabled"] = false
}

// leadGoes tells whether what a switch opens is deleted, so that no switch is left to belong to anything.
func (b *builder) leadGoes(e *entry) bool {
	for _, d := range e.done.Step.DependsOn {
		if lead := b.entries[d]; lead != nil && b.leads(lead) {
			return !lead.stays && lead.done.Step.Action == plan.ActionCreate
		}
	}
	return false
}

// order sorts the steps: what is waited for first, then by ID.
func (b *builder) order() []plan.Step {
	waiting, dependants, ready := map[string]int{}, map[string][]string{}, sorted.Queue[string]{}
	for _, id := range b.ids() {
		for _, d := range b.entries[id].undo.DependsOn {
			waiting[id]++
			dependants[d] = append(dependants[d], id)
		}
		if waiting[id] == 0 {
			ready.Push(id)
		}
	}
	steps := make([]plan.Step, 0, len(b.entries))
	for ready.Len() > 0 {
		id := ready.Pop()
		steps = append(steps, b.entries[id].undo)
		for _, other := range dependants[id] {
			if waiting[other]--; waiting[other] == 0 {
				ready.Push(other)
			}
		}
	}
	return steps
}
