package plan

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Build makes the plan. The order of its inputs does not matter. Errors in the list also block the items they concern,
// so the plan is complete either way; it is a draft while any gate is open.
func Build(input Input) (*Plan, diag.List) {
	b := newBuilder(input)
	b.pick()
	b.group()
	b.link()
	b.blockCycles()
	b.propagate() // before the target's checks: what waits for something says so, not that it is nowhere
	b.checks()
	b.propagate()
	part := b.selectPart()
	b.openingsWait()
	b.vanished()
	p := &Plan{
		FormatVersion: FormatVersion, Classifier: assess.ClassifierVersion, Status: history.PlanDraft,
		Migration: input.Migration,
		Target:    input.Target,
		Snapshots: append([]Snapshot{}, input.Snapshots...), Steps: b.order(), Impacts: b.impactsOfItems(),
		Overlaps: b.overlaps(), Part: part,
	}
	sort.Slice(p.Snapshots, func(i, j int) bool { return p.Snapshots[i].Source < p.Snapshots[j].Source })
	p.Summary = b.summary()
	for _, d := range b.diags {
		if d.Severity == diag.Warning {
			p.Warnings = append(p.Warnings, d)
		}
	}
	if part != nil {
		p.Warnings = append(p.Warnings, part.warning())
	}
	gates := input.Gates
	gates.ConfigErrors = append(slices.Clone(gates.ConfigErrors), b.diags...)
	Close(p, gates)
	return p, b.diags
}

// Desired lists the resources that the plan would create or change, resolved, for the target's Check. Sorted by ID.
func Desired(input Input) []identity.Resource {
	b := newBuilder(input)
	b.pick()
	b.group()
	var desired []identity.Resource
	for _, id := range b.stepIDs() {
		step := b.steps[id]
		if step.After == nil {
			continue
		}
		desired = append(desired, identity.Resource{
			Type: step.Resource.Type, Key: step.Resource.Key, Attributes: step.After, ServerID: step.ServerID, Tag: step.Tag,
		})
	}
	return desired
}

// vanished names the resources of items that no source has any more. They stay as they are.
func (b *builder) vanished() {
	for key, binding := range b.input.Bindings {
		text, _, _ := strings.Cut(key, "#")
		address, err := identity.ParseAddress(text)
		if err != nil || address.Kind.IsPeople() || b.byID[address.String()] != nil {
			continue
		}
		id := binding.Resource.String()
		if b.stepOf(binding.Resource) != nil {
			continue
		}
		name := ItemName{Source: address.Source, Kind: address.Kind, ID: address.ID, Name: address.ID}
		if address.Kind == identity.KindAppAssignment || address.Kind == identity.KindRoleAssignment {
			name.Person = address.ID // whom it was about is not known any more, so it is treated as about a person
		}
		b.steps[id] = &Step{
			ID: id, Action: ActionNone, Disposition: DispositionUnchanged, Resource: binding.Resource,
			ServerID: binding.ServerID,
			Items:    []ItemName{name}, Class: ClassVisibility,
			Reason:       "no longer wanted: its source does not have the item any more",
			ToDo:         "remove it in the target if nobody needs it",
			AfterUnknown: []string{}, AfterSensitive: []string{}, DependsOn: []string{},
		}
	}
}

// summary counts steps and items. Each item counts once in the books.
func (b *builder) summary() Summary {
	s := Summary{Classes: map[Class]int{}}
	for _, item := range b.items {
		s.Classes[item.result.Class]++
		s.Books.Items++
		switch b.account(item) {
		case DispositionSkipped:
			s.Books.Skipped++
		case DispositionBlocked:
			s.Books.Blocked++
		case DispositionManual:
			s.Books.Manual++
		case DispositionPlanned:
			s.Books.Done++
		default:
			if item.visible {
				s.Books.Visible++
			} else {
				s.Books.Folded++
			}
		}
	}
	return s
}

// counts are those of a summary that follow from the steps.
type counts struct{ create, update, remove, mapped, unchanged, manual, blocked, skipped int }

func (s *Summary) counts() counts {
	return counts{s.Create, s.Update, s.Delete, s.Map, s.Unchanged, s.ManualFollowUp, s.Blocked, s.Skipped}
}

func countsOf(steps []Step) counts {
	var s Summary
	s.recount(steps)
	return s.counts()
}

// recount counts the steps anew. A crowd for which nothing is to be done is no step that is unchanged, and one that is
// skipped counts as many as it has.
func (s *Summary) recount(steps []Step) {
	*s = Summary{Classes: s.Classes, Books: s.Books}
	for i := range steps {
		step := &steps[i]
		idle := step.Disposition == DispositionPlanned || step.Disposition == DispositionUnchanged
		switch {
		case step.Crowd == nil:
			s.count(step)
		case step.Disposition == DispositionSkipped:
			s.Skipped += step.Crowd.Count
		case !idle:
			s.count(step)
		}
	}
}

func (s *Summary) count(step *Step) {
	switch step.Disposition {
	case DispositionManual:
		s.ManualFollowUp++
		return
	case DispositionBlocked:
		s.Blocked++
		return
	case DispositionSkipped:
		s.Skipped++
		return
	}
	switch step.Action {
	case ActionCreate:
		s.Create++
	case ActionUpdate:
		s.Update++
	case ActionDelete:
		s.Delete++
	case ActionMap:
		s.Map++
	case ActionNone:
		s.Unchanged++
	}
}

// account says under which heading an item stands: planned when it leads a resource, unchanged when it is part of
// another's.
func (b *builder) account(item *itemState) Disposition {
	if len(item.nodes) == 0 {
		return item.steps[0].Disposition
	}
	worst := DispositionUnchanged
	for _, step := range item.steps {
		switch {
		case step.Disposition == DispositionBlocked:
			return DispositionBlocked
		case step.Disposition == DispositionManual:
			worst = DispositionManual
		case step.Disposition == DispositionSkipped && worst != DispositionManual:
			worst = DispositionSkipped
		case worst == DispositionUnchanged && step.Items[0].Address() == item.of.Address():
			worst = DispositionPlanned
		}
	}
	return worst
}

// Reconcile fails when the books do not account for every item.
func (b Books) Reconcile() error {
	sum := b.Done + b.Folded + b.Manual + b.Blocked + b.Visible + b.Skipped
	if sum != b.Items {
		return fmt.Errorf("the books do not reconcile: %d items, %d accounted for", b.Items, sum)
	}
	return nil
}
