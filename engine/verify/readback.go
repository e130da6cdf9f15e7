package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Expected is what a resource must be after everything that was done to it. Attributes are nil for a resource that must
// be gone; of a mapped one only its existence counts.
type Expected struct {
	Resource   identity.ResourceID
	ServerID   string
	StepID     string
	Run        string
	Items      []merge.ItemName
	Attributes identity.Attributes
	Mapped     bool
	Made       bool // by a run, whatever was done to it since
}

// Done is one step that a run carried out, or found done.
type Done struct {
	Run      string
	Step     plan.Step
	ServerID string
}

// Expect sums up what was done, oldest first: of several steps on one resource the newest counts. A resource that got
// another key is expected under that alone. Sorted by resource.
func Expect(done []Done, schemas []identity.ResourceSchema) []Expected {
	kinds := schemasByType(schemas)
	newest := map[identity.ResourceID]Expected{}
	for _, d := range done {
		before, after := keysOf(d.Step, kinds[d.Step.Resource.Type])
		earlier := newest[before]
		delete(newest, before)
		e := Expected{Resource: after, ServerID: d.ServerID, StepID: d.Step.ID, Run: d.Run, Items: d.Step.Items,
			Made: d.Step.Action == plan.ActionCreate || earlier.Made && d.Step.Action == plan.ActionUpdate}
		switch d.Step.Action {
		case plan.ActionCreate, plan.ActionUpdate:
			e.Attributes = d.Step.After
			if e.Attributes == nil {
				e.Attributes = identity.Attributes{}
			}
		case plan.ActionMap:
			e.Mapped, e.Attributes = true, identity.Attributes{}
		case plan.ActionDelete:
		case plan.ActionNone:
			continue
		}
		newest[e.Resource] = e
	}
	all := make([]Expected, 0, len(newest))
	for _, e := range newest {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Expected) int { return strings.Compare(a.Resource.String(), b.Resource.String()) })
	return all
}

// keysOf is what a resource was called before a step and what it is called afterwards.
func keysOf(step plan.Step, schema identity.ResourceSchema) (before, after identity.ResourceID) {
	before, after = step.Resource, step.Resource
	if step.Action != plan.ActionUpdate {
		return before, after
	}
	if key, err := schema.Key(step.Before); err == nil && key != "" {
		before.Key = key
	}
	if key, err := schema.Key(step.After); err == nil && key != "" {
		after.Key = key
	}
	return before, after
}

func schemasByType(schemas []identity.ResourceSchema) map[string]identity.ResourceSchema {
	kinds := map[string]identity.ResourceSchema{}
	for _, schema := range schemas {
		kinds[schema.Type] = schema
	}
	return kinds
}

// Change is one thing that is not as the runs left it. Attribute is empty when the whole resource is gone or came back.
type Change struct {
	Resource  identity.ResourceID `json:"resource"`
	StepID    string              `json:"step_id"`
	Run       string              `json:"run"`
	Attribute string              `json:"attribute,omitempty"`
	Expected  any                 `json:"expected,omitempty"`
	Live      any                 `json:"live,omitempty"`
	Summary   string              `json:"summary"`
}

// Compare lists what differs between the expected and the live resources. Only managed attributes are compared: what
// the server computes, hides or adds by itself is no change. Pure; the order of live does not matter.
func Compare(expected []Expected, live []identity.Resource, schemas []identity.ResourceSchema) []Change {
	found := newIndex(live)
	kinds := schemasByType(schemas)
	var changes []Change
	for _, e := range expected {
		changes = append(changes, found.compare(e, kinds[e.Resource.Type])...)
	}
	return append(changes, opened(expected, live, kinds)...)
}

// opened lists what a run made and left closed, and what somebody else has opened since.
func opened(expected []Expected, live []identity.Resource, kinds map[string]identity.ResourceSchema) []Change {
	known, made := map[identity.ResourceID]bool{}, map[string]Expected{}
	for _, e := range expected {
		known[e.Resource] = true
		applies := slices.ContainsFunc(kinds[e.Resource.Type].ItemKinds, func(kind identity.Kind) bool {
			return kind == identity.KindApplication
		})
		if e.Made && applies {
			made[e.Resource.Key] = e
		}
	}
	var changes []Change
	for _, r := range live {
		e, ours := made[r.Key]
		if kinds[r.Type].Opens && ours && !known[r.ID()] && r.Attributes["enabled"] == true {
			changes = append(changes, Change{Resource: r.ID(), StepID: e.StepID, Run: e.Run, Attribute: "enabled",
				Expected: false, Live: true, Summary: "it was made closed, and no run opened it"})
		}
	}
	return changes
}

type index struct {
	byID     map[identity.ResourceID]identity.Resource
	byServer map[string]identity.Resource // type/server id
}

func newIndex(live []identity.Resource) index {
	i := index{byID: map[identity.ResourceID]identity.Resource{}, byServer: map[string]identity.Resource{}}
	for _, r := range live {
		i.byID[r.ID()] = r
		if r.ServerID != "" {
			i.byServer[r.Type+"/"+r.ServerID] = r
		}
	}
	return i
}

func (i index) compare(e Expected, schema identity.ResourceSchema) []Change {
	change := func(attribute string, expected, live any, format string, args ...any) Change {
		return Change{Resource: e.Resource, StepID: e.StepID, Run: e.Run, Attribute: attribute, Expected: expected,
			Live: live, Summary: fmt.Sprintf(format, args...)}
	}
	now, ok := i.byID[e.Resource]
	if e.Attributes == nil {
		if ok {
			return []Change{change("", nil, nil, "it was deleted, and is there again")}
		}
		return nil
	}
	if !ok {
		if moved, known := i.byServer[e.Resource.Type+"/"+e.ServerID]; known && e.ServerID != "" {
			return []Change{change("", e.Resource.Key, moved.Key, "its key was changed to %s", moved.Key)}
		}
		return []Change{change("", nil, nil, "it is not there any more")}
	}
	if e.Mapped {
		return nil
	}
	var changes []Change
	for _, name := range merge.Changed(merge.Managed(e.Attributes, schema), e.Attributes, now.Attributes, schema) {
		if strings.HasPrefix(name, "$") {
			continue
		}
		changes = append(changes, change(name, e.Attributes[name], now.Attributes[name], "%s is not as it was left", name))
	}
	return changes
}
