package view

import (
	"fmt"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/value"
)

// stepGroup is all steps of one sign, kind of resource or item, and class.
type stepGroup struct {
	Sign, Look, Name, Class, Count, Why, More string
	Open                                      bool
	Steps                                     []pageStep
	order                                     int
}

type pageStep struct {
	Sign, Look, Title, Facts, Reason, ToDo, Stay, NoWayBack string
	From, Notes                                             []string
	Attributes                                              []pageAttribute
}

type pageAttribute struct {
	Name  string
	Lines []pageLine
}

type pageLine struct{ Look, Text string }

type signName struct{ sign, look, name string }

// signNames in the order in which a reviewer needs them: what can hurt first.
func signNames() []signName {
	return []signName{
		{"-", "delete", "Deleted"}, {"~", "change", "Changed"}, {"!", "blocked", "Blocked"}, {"+", "create", "Created"},
		{">", "map", "Mapped to what exists"},
		{"?", "hand", "By hand"}, {"=", "same", "Nothing to do"},
	}
}

func groupSteps(steps []plan.Step) []stepGroup {
	groups := map[string]*stepGroup{}
	counts := map[string]int{}
	for _, step := range steps {
		sign := signOf(step)
		key := sign + "\x00" + kindOf(step) + "\x00" + string(step.Class)
		group := groups[key]
		if group == nil {
			group = newGroup(sign, step)
			groups[key] = group
		}
		counts[key]++
		if len(group.Steps) < pageSteps {
			group.Steps = append(group.Steps, pageStepOf(step))
		}
	}
	out := make([]stepGroup, 0, len(groups))
	for key, group := range groups {
		group.Count = "(" + phrase.Count(counts[key]) + ")"
		if left := counts[key] - len(group.Steps); left > 0 {
			group.More = fmt.Sprintf("… and %s; rehome show -v of the plan lists them all.",
				phrase.Plural(left, "step", "steps"))
		}
		group.Why = sharedReason(group)
		out = append(out, *group)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.order != b.order {
			return a.order < b.order
		}
		return a.Name+"\x00"+a.Class < b.Name+"\x00"+b.Class
	})
	return out
}

func newGroup(sign string, step plan.Step) *stepGroup {
	group := &stepGroup{Sign: sign, Class: words(string(step.Class))}
	for i, known := range signNames() {
		if known.sign == sign {
			group.order, group.Look, group.Name = i, known.look, known.name+": "+words(kindOf(step))
			group.Open = known.sign != "="
		}
	}
	return group
}

// kindOf is the type of the resource, or the kind of the item where there is none.
func kindOf(step plan.Step) string {
	if step.Resource.Type != "" {
		return phrase.Clean(step.Resource.Type)
	}
	if len(step.Items) > 0 {
		return string(step.Items[0].Kind)
	}
	return "other"
}

// sharedReason takes a reason that all steps of a group have out of them.
func sharedReason(group *stepGroup) string {
	if len(group.Steps) < equalShape {
		return ""
	}
	why := group.Steps[0].Reason
	for _, step := range group.Steps {
		if step.Reason != why || step.ToDo != group.Steps[0].ToDo {
			return ""
		}
	}
	toDo := group.Steps[0].ToDo
	for i := range group.Steps {
		group.Steps[i].Reason, group.Steps[i].ToDo = "", ""
	}
	if toDo != "" {
		why = strings.TrimSpace(why + " To do: " + toDo)
	}
	return why
}

func pageStepOf(step plan.Step) pageStep {
	sign := signOf(step)
	out := pageStep{Sign: sign, Title: title(step), Reason: phrase.Clean(step.Reason), ToDo: phrase.Clean(step.ToDo),
		NoWayBack: phrase.Clean(step.NoWayBack), Notes: cleanAll(step.Notes)}
	for _, known := range signNames() {
		if known.sign == sign {
			out.Look = known.look
		}
	}
	facts := []string{}
	if step.Decision != "" {
		facts = append(facts, words(phrase.Clean(step.Decision)))
	}
	if step.DecidedBy != nil {
		facts = append(facts, fmt.Sprintf("%s:%d", phrase.Clean(step.DecidedBy.File), step.DecidedBy.Line))
	}
	out.Facts = strings.Join(facts, ", ")
	if step.Resource.Type != "" || step.Crowd != nil {
		for _, item := range step.Items {
			out.From = append(out.From, fmt.Sprintf("%s %s %q (%s)", phrase.Clean(item.Source), words(string(item.Kind)),
				phrase.Clean(item.Name), phrase.Clean(item.ID)))
		}
		if step.Crowd != nil && step.Crowd.Count > len(step.Items) {
			out.From = append(out.From, fmt.Sprintf("%s more", phrase.Count(step.Crowd.Count-len(step.Items))))
		}
	}
	if sign == "+" || sign == "~" || sign == "-" {
		out.Attributes, out.Stay = pageAttributes(step)
	}
	return out
}

func pageAttributes(step plan.Step) ([]pageAttribute, string) {
	all := identity.Attributes{}
	for _, attributes := range []identity.Attributes{step.Before, step.After} {
		for name := range attributes {
			all[name] = nil
		}
	}
	for _, name := range step.AfterUnknown {
		all[name] = nil
	}
	var out []pageAttribute
	equal := 0
	for _, name := range all.Names() {
		lines := attributeLines(step, name)
		if len(lines) == 0 {
			equal++
			continue
		}
		out = append(out, pageAttribute{Name: phrase.Clean(name), Lines: lines})
	}
	if equal > 0 && step.Action == plan.ActionUpdate {
		return out, phrase.Plural(equal, "attribute stays", "attributes stay") + " as the target has them"
	}
	return out, ""
}

// attributeLines is what becomes of one attribute; none when it stays.
func attributeLines(step plan.Step, name string) []pageLine {
	before, had := step.Before[name]
	after, has := step.After[name]
	unknown := contains(step.AfterUnknown, name)
	switch {
	case contains(step.AfterSensitive, name):
		if had && has && stays(step, name) || has && value.IsNothing(after) && !unknown {
			return nil
		}
		return []pageLine{{Text: sensitiveText(after, unknown)}}
	case unknown:
		return []pageLine{{Text: "(generated by apply, given out once)"}}
	case had && has && stays(step, name):
		return nil
	case !had:
		if value.IsNothing(after) {
			return nil
		}
		return valueLines("", certificates(name, after))
	case !has:
		return valueLines("removed", certificates(name, before))
	default:
		return changeLines(certificates(name, before), certificates(name, after))
	}
}

// valueLines shows a list or a table element by element, everything else on one line.
func valueLines(look string, value any) []pageLine {
	switch v := value.(type) {
	case []any:
		lines := make([]pageLine, 0, len(v))
		for _, element := range v {
			lines = append(lines, pageLine{look, plainText(element)})
		}
		return lines
	case map[string]any:
		if _, reference := identity.AsItemReference(v); reference {
			return []pageLine{{look, inline(v)}}
		}
		lines := make([]pageLine, 0, len(v))
		for _, name := range identity.Attributes(v).Names() {
			lines = append(lines, pageLine{look, phrase.Clean(name) + " = " + plainText(v[name])})
		}
		return lines
	default:
		return []pageLine{{look, plainText(value)}}
	}
}

// plainText is a value without the quotes of JSON where it is text.
func plainText(value any) string {
	if text, ok := value.(string); ok {
		return phrase.Clean(text)
	}
	return inline(value)
}

func changeLines(before, after any) []pageLine {
	old, renewed := valueLines("", before), valueLines("", after)
	was, is := map[string]bool{}, map[string]bool{}
	for _, line := range old {
		was[line.Text] = true
	}
	for _, line := range renewed {
		is[line.Text] = true
	}
	var lines []pageLine
	same := 0
	for _, line := range old {
		if is[line.Text] {
			same++
			continue
		}
		lines = append(lines, pageLine{"removed", line.Text})
	}
	for _, line := range renewed {
		if !was[line.Text] {
			lines = append(lines, pageLine{"added", line.Text})
		}
	}
	if len(lines) == 0 {
		return []pageLine{{"", "the order changes"}}
	}
	if same > 0 {
		lines = append(lines, pageLine{"quiet", phrase.Count(same) + " unchanged"})
	}
	return lines
}
