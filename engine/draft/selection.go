package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Selection says which part of the move a plan is for; its zero value means all of it. Targets and Excludes are IDs of
// steps, or addresses of items.
type Selection struct {
	Wave     string
	Wants    func(identity.Item) (bool, error) // of the wave; nil without one
	Targets  []string
	Excludes []string
}

func (s Selection) partial() bool { return s.Wave != "" || len(s.Targets) > 0 || len(s.Excludes) > 0 }

// selection works on the steps of a builder. An item is selected whole or not at all, so an application never parts
// from its gate.
type selection struct {
	*builder
	asked    map[*itemState]bool
	excluded map[*plan.Step]string // why
	chosen   map[*plan.Step]bool
}

// selectPart leaves out of the plan what the selection does not mean. What is left out becomes a skipped step with its
// reason, so the books still account for everything; what is as wanted already stays as it is. Steps that a chosen step
// needs are pulled in.
func (b *builder) selectPart() *plan.Part {
	wanted := b.input.Selection
	if !wanted.partial() {
		return nil
	}
	s := &selection{builder: b, asked: map[*itemState]bool{}, excluded: map[*plan.Step]string{},
		chosen: map[*plan.Step]bool{}}
	s.ask(wanted)
	s.exclude(wanted.Excludes)
	s.close()
	part := &plan.Part{Wave: wanted.Wave, Targets: slices.Sorted(slices.Values(wanted.Targets)),
		Excludes: slices.Sorted(slices.Values(wanted.Excludes)), PulledIn: []string{}}
	for _, id := range b.stepIDs() {
		step := b.steps[id]
		switch {
		case s.chosen[step]:
			if !s.wasAsked(step) && step.Disposition == plan.DispositionPlanned {
				part.PulledIn = append(part.PulledIn, id)
			}
		case step.Disposition != plan.DispositionUnchanged && step.Disposition != plan.DispositionSkipped:
			if step.Disposition == plan.DispositionPlanned {
				part.Left++
			}
			s.leave(step, wanted)
		}
	}
	return part
}

// ask finds the items that the selection names.
func (s *selection) ask(wanted Selection) {
	for _, item := range s.items {
		if wanted.Wants == nil {
			s.asked[item] = len(wanted.Targets) == 0
			continue
		}
		wants, err := wanted.Wants(item.of)
		if err != nil {
			s.diags = append(s.diags, diag.Errorf("where-failed", "Condition fails", "The where of wave %q fails for %s: %v",
				wanted.Wave, item.address, err))
		}
		s.asked[item] = wants
	}
	for _, name := range wanted.Targets {
		items := s.named(name, "target")
		for _, item := range items {
			s.asked[item] = true
		}
	}
}

// named finds the items of a step ID or an item address.
func (s *selection) named(name, flag string) []*itemState {
	if item := s.byID[name]; item != nil {
		return []*itemState{item}
	}
	if id, err := identity.ParseResourceID(name); err == nil {
		if step := s.stepOf(id); step != nil {
			var items []*itemState
			for _, made := range step.Items {
				items = append(items, s.byID[made.Address().String()])
			}
			return items
		}
	}
	s.diags = append(s.diags, diag.Errorf("selection-unknown", "Nothing has that name",
		"-%s=%s names no step and no item of the plan. Steps are named type:key, items source/kind/id; rehome plan -v "+
			"shows them.", flag, name))
	return nil
}

// exclude leaves out items and all that needs them: whatever else was asked for, an exclusion wins.
func (s *selection) exclude(names []string) {
	var queue []*plan.Step
	out := func(step *plan.Step, why string) {
		if _, already := s.excluded[step]; !already && step.Disposition != plan.DispositionUnchanged {
			s.excluded[step] = why
			queue = append(queue, step)
		}
	}
	for _, name := range names {
		for _, item := range s.named(name, "exclude") {
			for _, step := range item.steps {
				if len(step.Items) == 1 || step.ID == name {
					out(step, "left out by -exclude="+name)
				}
			}
		}
	}
	dependants := s.dependants()
	for len(queue) > 0 {
		step := queue[0]
		queue = queue[1:]
		for _, other := range append(append([]*plan.Step(nil), dependants[step.ID]...), s.siblings(step)...) {
			out(other, fmt.Sprintf("needs %s, which -exclude leaves out", step.ID))
		}
	}
}

func (b *builder) dependants() map[string][]*plan.Step {
	all := map[string][]*plan.Step{}
	for _, id := range b.stepIDs() {
		for _, d := range b.steps[id].DependsOn {
			all[d] = append(all[d], b.steps[id])
		}
	}
	return all
}

// close takes the steps of the items that were asked for, all that they need, and the grants that belong to them.
func (s *selection) close() {
	var queue []*plan.Step
	take := func(step *plan.Step) {
		if step != nil && !s.chosen[step] && s.excluded[step] == "" {
			s.chosen[step] = true
			queue = append(queue, step)
		}
	}
	for _, item := range s.items {
		if s.asked[item] {
			for _, step := range item.steps {
				take(step)
			}
		}
	}
	dependants := s.dependants()
	for len(queue) > 0 {
		step := queue[0]
		queue = queue[1:]
		for _, d := range step.DependsOn {
			take(s.steps[d])
		}
		for _, sibling := range s.siblings(step) {
			take(sibling)
		}
		for _, other := range dependants[step.ID] {
			if s.wasAsked(step) && grants(other) {
				take(other)
			}
		}
	}
}

// grants tells whether a step is only there to give what another step makes to somebody: it goes where that goes.
func grants(step *plan.Step) bool {
	if len(step.Items) == 0 {
		return false
	}
	for _, item := range step.Items {
		if item.Kind != identity.KindAppAssignment && item.Kind != identity.KindRoleAssignment {
			return false
		}
	}
	return true
}

func (s *selection) wasAsked(step *plan.Step) bool {
	for _, name := range step.Items {
		if item := s.byID[name.Address().String()]; item != nil && s.asked[item] {
			return true
		}
	}
	return false
}

// leave makes a step one that is not done now, with the reason.
func (s *selection) leave(step *plan.Step, wanted Selection) {
	reason := s.excluded[step]
	switch {
	case reason != "":
	case wanted.Wave != "":
		reason = fmt.Sprintf("left for later: not part of wave %q", wanted.Wave)
	default:
		reason = "left for later: not named by -target"
	}
	block(step, reason)
	step.Disposition, step.AwaitsDecision, step.ToDo, step.Sides = plan.DispositionSkipped, false, "", nil
	for _, name := range step.Items {
		if item := s.byID[name.Address().String()]; item != nil && len(step.Items) == 1 {
			item.left = true
		}
	}
}

// partial says loudly that the plan is not the whole.
func partial(p *plan.Part) diag.Diagnostic {
	var what []string
	if p.Wave != "" {
		what = append(what, fmt.Sprintf("wave %q", p.Wave))
	}
	if len(p.Targets) > 0 {
		what = append(what, "-target="+strings.Join(p.Targets, " -target="))
	}
	if len(p.Excludes) > 0 {
		what = append(what, "-exclude="+strings.Join(p.Excludes, " -exclude="))
	}
	detail := fmt.Sprintf("This plan is for %s only. %d steps of the whole are left for later and nothing outside is "+
		"touched.", strings.Join(what, " and "), p.Left)
	if p.Wave == "" {
		detail += " -target and -exclude are for emergencies: the hash covers them, and a plan of the whole must follow."
	}
	return diag.Warningf("plan-partial", "Plan is partial", "%s", detail)
}
