package rollback

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Codes of diagnostics.
const (
	codeUnknown = "undo-unknown"
	codeUnfit   = "undo-unfit"
	codeTwice   = "undo-twice"
)

// builder holds one inverse a step of the run, keyed by step ID.
type builder struct {
	input     Input
	entries   map[string]*entry
	live      map[identity.ResourceID]*identity.Resource
	byServer  map[string]*identity.Resource // type and id of the server
	tagged    map[string]bool               // resource types of which a live one carries a tag
	schemas   map[string]identity.ResourceSchema
	decisions map[identity.ResourceID]declaration.Undo
}

// entry is one step of the run with its inverse.
type entry struct {
	done   Did
	undo   plan.Step
	stays  bool // the resource will be there, or be as the run left it, when the rollback is over
	root   bool // it stays for a reason of its own, not because something else stays
	choice declaration.UndoChoice
}

// Build makes the plan of the way back. Errors in the list are decisions that fit nothing; then the plan must not be
// used.
func Build(input Input) (*plan.Plan, diag.List) {
	b := newBuilder(input)
	problems := b.decide()
	for _, id := range b.ids() {
		b.invert(b.entries[id])
	}
	b.keepTogether()
	b.link()
	p := &plan.Plan{
		FormatVersion: plan.FormatVersion, Migration: input.Migration, Target: input.Target, Snapshots: []plan.Snapshot{},
		Steps: b.order(), Impacts: []fidelity.Impact{}, Rollback: &plan.Rollback{Run: input.Run, PlanHash: input.PlanHash,
			Since: input.Since, Opened: b.opened()},
	}
	p.Summary.Classes = map[assess.Class]int{}
	for i := range p.Steps {
		count(p.Rollback, &p.Steps[i], b.isSwitch(p.Steps[i].Resource.Type))
	}
	plan.Close(p, plan.Gates{CreatedAt: input.CreatedAt, ExpiresAt: input.ExpiresAt})
	return p, problems
}

func newBuilder(input Input) *builder {
	b := &builder{
		input: input, entries: map[string]*entry{}, live: map[identity.ResourceID]*identity.Resource{},
		byServer: map[string]*identity.Resource{},
		tagged:   map[string]bool{}, schemas: map[string]identity.ResourceSchema{},
		decisions: map[identity.ResourceID]declaration.Undo{},
	}
	for _, s := range input.Schemas {
		b.schemas[s.Type] = s
	}
	for i := range input.Live {
		r := &input.Live[i]
		b.live[r.ID()] = r
		if r.ServerID != "" {
			b.byServer[r.Type+"\x00"+r.ServerID] = r
		}
		b.tagged[r.Type] = b.tagged[r.Type] || r.Tag != ""
	}
	for _, d := range input.Done {
		switch d.Step.Action {
		case plan.ActionCreate, plan.ActionUpdate, plan.ActionMap:
			b.entries[d.Step.ID] = &entry{done: d}
		case plan.ActionDelete, plan.ActionNone:
		}
	}
	return b
}

// decide gives each decision to its step. One that fits no step of the run is an error at its place.
func (b *builder) decide() diag.List {
	var problems diag.List
	complain := func(d declaration.Undo, code, summary, format string, args ...any) {
		problem := diag.Errorf(code, summary, format, args...)
		problem.Subject = &d.Range
		problem.Address = d.Resource.String()
		problems = append(problems, problem)
	}
	for _, d := range b.input.Decisions {
		e := b.entries[d.Resource.String()]
		if e == nil {
			complain(d, codeUnknown, "Nothing to undo",
				"Run %s did not make or change %s.\nName a resource as the plan of the rollback shows it, or remove the block.",
				b.input.Run, d.Resource)
			continue
		}
		if _, twice := b.decisions[d.Resource]; twice {
			complain(d, codeTwice, "Two undo blocks", "There are two undo blocks for %s. Remove one of them.", d.Resource)
			continue
		}
		if fault := b.unfit(e, d.Choice); fault != "" {
			complain(d, codeUnfit, "Decision does not fit", "%s %s", d.Resource, fault)
			continue
		}
		e.choice = d.Choice
		b.decisions[d.Resource] = d
	}
	return problems
}

// unfit says why a choice means nothing for a step, empty when it fits.
func (b *builder) unfit(e *entry, choice declaration.UndoChoice) string {
	switch {
	case choice == declaration.UndoKeep:
		return ""
	case e.done.Step.Action == plan.ActionMap:
		return "was only mapped: nothing was changed, so there is nothing to decide."
	case choice == declaration.UndoRestore && e.done.Step.Action == plan.ActionCreate:
		return "was made by the run and has no former values. Its decision is delete, disable or keep."
	case choice == declaration.UndoDelete && e.done.Step.Action == plan.ActionUpdate:
		return "was there before the run, which changed it only. Its decision is restore or keep."
	case choice == declaration.UndoDisable && b.switchOf(e) == nil:
		return "has no switch of its own in this run. Its decision is " + map[bool]string{true: "delete or keep.",
			false: "restore or keep."}[e.done.Step.Action == plan.ActionCreate]
	}
	return ""
}

// Questions lists the live resources whose usage decides about the way back: those that the run made. Those that it
// changed are in it too, so that a target can tell its own from others. Sorted by ID.
func Questions(input Input) []observation.UsageQuestion {
	b := newBuilder(input)
	var all []observation.UsageQuestion
	opened := b.opened()
	for _, id := range b.ids() {
		e := b.entries[id]
		if live := b.live[e.done.Step.Resource]; live != nil && e.done.Step.Action != plan.ActionMap {
			all = append(all, Ask(*live, input.Since, slices.Contains(opened, id)))
		}
	}
	return all
}

// Ask makes a question about the usage of a resource: it says since when, and whether people could use it at all.
// Attributes that only describe it stay behind.
func Ask(r identity.Resource, since string, opened bool) observation.UsageQuestion {
	attributes := identity.Attributes{}
	for name, value := range r.Attributes {
		switch value.(type) {
		case string, bool:
			attributes[name] = value
		}
	}
	r.Attributes = attributes
	return observation.UsageQuestion{Resource: r, Since: since, Opened: opened}
}

// opened lists the steps that a switch of the run opened, sorted.
func (b *builder) opened() []string {
	var all []string
	for _, id := range b.ids() {
		if !b.isSwitch(b.entries[id].done.Step.Resource.Type) {
			continue
		}
		for _, d := range b.entries[id].done.Step.DependsOn {
			if lead := b.entries[d]; lead != nil && b.leads(lead) {
				all = append(all, d)
			}
		}
	}
	slices.Sort(all)
	return all
}

func (b *builder) ids() []string {
	ids := make([]string, 0, len(b.entries))
	for id := range b.entries {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// isSwitch tells whether the target says that resources of a type only open something: undoing one only makes things
// tighter.
func (b *builder) isSwitch(resourceType string) bool { return b.schemas[resourceType].Opens }

// switchOf finds the step that opened what a step made.
func (b *builder) switchOf(e *entry) *entry {
	for _, id := range b.ids() {
		other := b.entries[id]
		if b.isSwitch(other.done.Step.Resource.Type) && slices.Contains(other.done.Step.DependsOn, e.done.Step.ID) {
			return other
		}
	}
	return nil
}

// count notes what cannot be taken back, and counts what is closed.
func count(r *plan.Rollback, step *plan.Step, closes bool) {
	if step.NoWayBack != "" {
		r.NoReturn = append(r.NoReturn, step.ID+": "+step.NoWayBack)
	}
	if closes && step.Disposition == plan.DispositionPlanned &&
		(step.Action == plan.ActionDelete || step.After["enabled"] == false) {
		r.Closes++
	}
}

func noReturn(step plan.Step) string {
	switch {
	case step.Action == plan.ActionUpdate && len(step.AfterSensitive) > 0:
		return strings.Join(step.AfterSensitive,
			", ") + " was overwritten, and the former value cannot be read; set it by hand"
	case step.NoWayBack != "":
		return step.NoWayBack + "; what was given out is void once it is deleted, and cannot be called back"
	}
	return ""
}

func managed(attributes identity.Attributes, schema identity.ResourceSchema) []string {
	return merge.Managed(attributes, schema)
}
