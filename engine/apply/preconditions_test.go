package apply_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// groupSchema has a name that makes the key, a description, and a count that the target computes.
func groupSchema() []identity.ResourceSchema {
	return []identity.ResourceSchema{{Type: "group", KeyFormat: "{name}",
		Attributes: []identity.AttributeSchema{
			{Name: "name", Type: "string", Identity: true}, {Name: "description", Type: "string"}, {Name: "count",
				Type: "number", Computed: true},
		}}}
}

func TestPreconditions_SayWhatIsNoLongerTrue(t *testing.T) {
	id := identity.ResourceID{Type: "group", Key: "finance"}
	was := identity.Attributes{"name": "finance", "description": "old"}
	wanted := identity.Attributes{"name": "finance", "description": "new"}
	other := identity.Attributes{"name": "finance", "description": "of somebody else"}
	counted := identity.Attributes{"name": "finance", "description": "old", "count": 3}
	renamed := identity.Attributes{"name": "money", "description": "old"}
	live := func(attributes identity.Attributes, tag string) []identity.Resource {
		return []identity.Resource{{Type: "group", Key: "finance", ServerID: "s1", Tag: tag, Attributes: attributes}}
	}
	create := plan.Step{Action: plan.ActionCreate, After: wanted, Tag: "ours"}
	update := plan.Step{Action: plan.ActionUpdate, Before: was, After: wanted}
	remove := plan.Step{Action: plan.ActionDelete, Before: was}
	rename := plan.Step{Action: plan.ActionUpdate, Before: was, After: renamed, ServerID: "s1",
		Resource: identity.ResourceID{Type: "group", Key: "money"}}
	for name, c := range map[string]struct {
		step plan.Step
		live []identity.Resource
		want string // a part of the line; empty for none
	}{
		"create of what is not there":           {create, nil, ""},
		"create of what stands there as wanted": {create, live(wanted, ""), ""},
		"create of ours, changed since":         {create, live(other, "ours"), ""},
		"create of what others made":            {create, live(other, "theirs"), "gone: it exists in the target now"},
		"update of what is as it was":           {update, live(was, ""), ""},
		"update that is done already":           {update, live(wanted, ""), ""},
		"update of what others changed": {update, live(other, ""),
			`before: description was "old", is now "of somebody else"`},
		"update of what is gone":               {update, nil, "before: it is not in the target any more"},
		"update beside a computed attribute":   {update, live(counted, ""), ""},
		"rename of what stands under its name": {rename, live(was, ""), ""},
		"rename of what is gone":               {rename, nil, "before: it is not in the target any more"},
		"rename of what others made anew": {rename, []identity.Resource{{Type: "group", Key: "finance", ServerID: "s2",
			Attributes: was}},
			"before: it is not in the target any more"},
		"delete of what is as it was":   {remove, live(was, ""), ""},
		"delete of what is gone":        {remove, nil, ""},
		"delete of what others changed": {remove, live(other, ""), "before: description was"},
		"map to what is there":          {plan.Step{Action: plan.ActionMap}, live(other, ""), ""},
		"map to what is gone":           {plan.Step{Action: plan.ActionMap}, nil, "before: it is not in the target any more"},
		"nothing to do":                 {plan.Step{Action: plan.ActionNone}, nil, ""},
		"an update of what was made anew": {plan.Step{Action: plan.ActionUpdate, Before: was, After: wanted, ServerID: "s0"},
			live(was, ""), "another one has taken its place"},
		"a map to what was made anew": {plan.Step{Action: plan.ActionMap, ServerID: "s0"}, live(other, ""),
			"another one has taken its place"},
		"what needs nothing and was made anew": {plan.Step{Action: plan.ActionNone, ServerID: "s0"}, live(was, ""),
			"another one has taken its place"},
		"a map to what is the same": {plan.Step{Action: plan.ActionMap, ServerID: "s1"}, live(other, ""), ""},
	} {
		step := c.step
		step.ID, step.Disposition = "the step", plan.DispositionPlanned
		if step.Resource.Key == "" {
			step.Resource = id
		}
		found := map[identity.ResourceID]identity.Resource{}
		for _, r := range c.live {
			found[r.ID()] = r
		}
		lines := apply.Preconditions(&plan.Plan{Steps: []plan.Step{step}}, found, groupSchema(), nil)
		got := strings.Join(lines, "; ")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) || got != "" &&
			!strings.HasPrefix(got, "the step   ") {
			t.Errorf("%s: %q, wanted %q", name, got, c.want)
		}
		step.Disposition = plan.DispositionBlocked
		if lines := apply.Preconditions(&plan.Plan{Steps: []plan.Step{step}}, found, groupSchema(), nil); len(lines) > 0 {
			t.Errorf("%s, of a step that is not planned: %q", name, lines)
		}
	}
}

// A group that appeared since the plan may hold people whom nobody saw, however much it looks like the wanted one.
func TestPreconditions_RefuseATaggedResourceThatAppeared(t *testing.T) {
	schemas := groupSchema()
	schemas[0].Tagged = true
	wanted := identity.Attributes{"name": "finance"}
	step := plan.Step{ID: "the step", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned, After: wanted,
		Tag: "ours", Resource: identity.ResourceID{Type: "group", Key: "finance"}}
	for tag, refused := range map[string]bool{"": true, "theirs": true, "ours": false} {
		live := map[identity.ResourceID]identity.Resource{step.Resource: {Type: "group", Key: "finance", Tag: tag,
			Attributes: wanted}}
		lines := apply.Preconditions(&plan.Plan{Steps: []plan.Step{step}}, live, schemas, nil)
		if (len(lines) > 0) != refused {
			t.Errorf("with the tag %q: %v", tag, lines)
		}
	}
}

func TestPreconditions_LeaveWhatTheRunBeganToItself(t *testing.T) {
	step := plan.Step{ID: "b", Tag: "ours", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned,
		DependsOn: []string{"a"},
		Resource:  identity.ResourceID{Type: "group", Key: "finance"}, After: identity.Attributes{"name": "finance"}}
	changed := map[identity.ResourceID]identity.Resource{step.Resource: {Type: "group", Key: "finance",
		Attributes: identity.Attributes{"name": "x"}}}
	begun := func(id string) *history.Known {
		known := history.NewKnown()
		known.Intend(id)
		return known
	}
	done := func(id string) *history.Known {
		known := begun(id)
		known.End(id, history.Applied, history.KnownStep{})
		return known
	}
	for name, c := range map[string]struct {
		live    map[identity.ResourceID]identity.Resource
		earlier *history.Known
		want    string
	}{
		"a run that begins":            {changed, nil, "gone: it exists in the target now"},
		"the step was begun":           {changed, begun("b"), ""},
		"what it depends on was begun": {changed, begun("a"), ""},
		"another step was begun":       {changed, begun("c"), "gone: it exists in the target now"},
		"it is done and there":         {changed, done("b"), ""},
		"it is done and gone": {nil, done("b"),
			"somebody has removed it since"},
		"it is begun, and whether made open": {nil, begun("b"), ""},
	} {
		got := strings.Join(apply.Preconditions(&plan.Plan{Steps: []plan.Step{step}}, c.live, groupSchema(), c.earlier), "; ")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, wanted %q", name, got, c.want)
		}
	}
}

func TestTargetChanged_ShowsTwentyLinesAndCountsTheRest(t *testing.T) {
	p := &plan.Plan{PlanHash: "sha256:1", Steps: make([]plan.Step, 30)}
	if err := apply.TargetChanged(p, nil); err != nil {
		t.Errorf("nothing changed: %v", err)
	}
	var lines []string
	for i := range 22 {
		lines = append(lines, fmt.Sprintf("line %d.", i))
	}
	for n, want := range map[int]string{1: "line 0.\nPlan again", 20: "line 19.\nPlan again",
		21: "line 19.\n  … and 1 more\n", 22: "… and 2 more"} {
		err := apply.TargetChanged(p, lines[:n])
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("%d of 30 steps",
			n)) {
			t.Errorf("%d lines: %v", n, err)
		}
	}
}
