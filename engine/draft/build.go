package draft

import (
	"slices"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Build makes the plan. The order of its inputs does not matter. Errors in the list also block the items they concern,
// so the plan is complete either way; it is a draft while any gate is open.
func Build(input Input) (*plan.Plan, diag.List) {
	b := newBuilder(input)
	b.pick()
	b.underPolicies()
	b.group()
	b.openAlready()
	b.link()
	b.blockCycles()
	b.propagate() // before the target's checks: what waits for something says so, not that it is nowhere
	b.checks()
	b.propagate()
	part := b.selectPart()
	b.openingsWait()
	b.vanished()
	p := &plan.Plan{
		FormatVersion: plan.FormatVersion, Classifier: assess.ClassifierVersion, Status: history.PlanDraft,
		Migration: input.Migration,
		Target:    input.Target,
		Snapshots: append([]plan.Snapshot{}, input.Snapshots...), Steps: b.order(), Impacts: b.impactsOfItems(),
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
		p.Warnings = append(p.Warnings, partial(part))
	}
	gates := input.Gates
	gates.ConfigErrors = append(slices.Clone(gates.ConfigErrors), b.diags...)
	plan.Close(p, gates)
	return p, b.diags
}

// Desired lists the resources that the plan would create or change, resolved, for the target's Check, and what lives
// under the names that it would have then. Sorted by ID.
func Desired(input Input) (desired, live []identity.Resource) {
	b := newBuilder(input)
	b.pick()
	b.underPolicies()
	b.group()
	steps := make([]plan.Step, 0, len(b.steps))
	for _, id := range b.stepIDs() {
		step := b.steps[id]
		if step.After == nil {
			continue
		}
		steps = append(steps, *step)
		desired = append(desired, identity.Resource{
			Type: step.Resource.Type, Key: step.Resource.Key, Attributes: step.After, ServerID: step.ServerID, Tag: step.Tag,
		})
	}
	return desired, asCalled(input, steps)
}

// vanished names the resources that stand for what no source has any more, or has switched off since. They stay as they
// are: nothing is taken away without a decision.
func (b *builder) vanished() {
	for key, binding := range b.input.Bindings {
		text, resourceType, _ := strings.Cut(key, "#")
		address, err := identity.ParseAddress(text)
		if err != nil || address.Kind.IsPeople() || b.stepOf(binding.Resource) != nil {
			continue
		}
		item := b.byID[address.String()]
		if item != nil && !item.withdrew(resourceType) {
			continue
		}
		id := binding.Resource.String()
		name, reason := merge.ItemName{Source: address.Source, Kind: address.Kind, ID: address.ID, Name: address.ID},
			"withdrawn at its source, which does not have the item any more; the target has it still"
		if item != nil {
			name, reason = item.named(), "withdrawn at its source, which has it switched off now; the target has it still"
		}
		if address.Kind == identity.KindAppAssignment || address.Kind == identity.KindRoleAssignment {
			name.Person = address.ID // whom it was about is not known any more, so it is treated as about a person
		}
		b.steps[id] = &plan.Step{
			ID: id, Action: plan.ActionNone, Disposition: plan.DispositionUnchanged, Resource: binding.Resource,
			ServerID: binding.ServerID,
			Items:    []merge.ItemName{name}, Class: assess.ClassVisibility,
			Reason: reason, Withdrawn: true,
			ToDo:         "take it away in the target, or see to it that somebody needs it: rehome removes nothing by itself",
			AfterUnknown: []string{}, AfterSensitive: []string{}, DependsOn: []string{},
		}
	}
}

// withdrew tells whether an item that its source still has wants no resource of a type any more, because nothing of it
// is meant to be there. What is blocked, skipped or left for later is another matter.
func (i *itemState) withdrew(resourceType string) bool {
	if i.left || i.disposition != "" && !i.visible {
		return false
	}
	return !slices.ContainsFunc(i.nodes, func(n *node) bool { return n.resource.Type == resourceType })
}

// summary counts steps and items. Each item counts once in the books.
func (b *builder) summary() plan.Summary {
	s := plan.Summary{Classes: map[assess.Class]int{}}
	for _, item := range b.items {
		s.Classes[item.result.Class]++
		s.Books.Items++
		switch b.account(item) {
		case plan.DispositionSkipped:
			s.Books.Skipped++
		case plan.DispositionBlocked:
			s.Books.Blocked++
		case plan.DispositionManual:
			s.Books.Manual++
		case plan.DispositionPlanned:
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

// account says under which heading an item stands: planned when it leads a resource, unchanged when it is part of
// another's.
func (b *builder) account(item *itemState) plan.Disposition {
	if len(item.nodes) == 0 {
		return item.steps[0].Disposition
	}
	worst := plan.DispositionUnchanged
	for _, step := range item.steps {
		switch {
		case step.Disposition == plan.DispositionBlocked:
			return plan.DispositionBlocked
		case step.Disposition == plan.DispositionManual:
			worst = plan.DispositionManual
		case step.Disposition == plan.DispositionSkipped && worst != plan.DispositionManual:
			worst = plan.DispositionSkipped
		case worst == plan.DispositionUnchanged && step.Items[0].Address() == item.of.Address():
			worst = plan.DispositionPlanned
		}
	}
	return worst
}
