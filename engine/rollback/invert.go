package rollback

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/value"
)

// DecisionForget marks the step of something that was only mapped: the rollback forgets which item it belongs to.
const DecisionForget = "forget"

// invert fills the inverse of one step.
func (b *builder) invert(e *entry) {
	forward := e.done.Step
	e.undo = plan.Step{
		ID: forward.ID, Resource: forward.Resource, Items: slices.Clone(forward.Items), Tag: forward.Tag,
		ServerID: e.done.ServerID,
		Action:   plan.ActionNone, Disposition: plan.DispositionUnchanged, AfterUnknown: []string{},
		AfterSensitive: []string{},
		DependsOn:      []string{},
	}
	live := b.live[forward.Resource]
	if live != nil && e.undo.ServerID == "" {
		e.undo.ServerID = live.ServerID
	}
	if d, decided := b.decisions[forward.Resource]; decided {
		e.undo.DecidedBy, e.undo.Decision = merge.PlaceOf(d.Range), string(d.Choice)
		if d.Reason != "" {
			e.undo.Notes = append(e.undo.Notes, "decided: "+d.Reason)
		}
		if d.Choice == declaration.UndoKeep {
			e.keep("kept as decided", true)
			return
		}
	}
	switch forward.Action {
	case plan.ActionMap:
		e.undo.Unbinds = true
		e.undo.Decision, e.undo.Reason = DecisionForget,
			"was only mapped: nothing is changed in the target, the link to the item is forgotten"
	case plan.ActionCreate:
		b.uncreate(e, live)
	default:
		b.restore(e, live)
	}
}

func (e *entry) keep(reason string, root bool) {
	e.stays, e.root = true, root
	e.undo.Action, e.undo.Disposition, e.undo.Reason = plan.ActionNone, plan.DispositionSkipped, reason
	e.undo.Before, e.undo.After, e.undo.Unordered, e.undo.NoWayBack, e.undo.Unbinds = nil, nil, nil, "", false
}

func (e *entry) block(reason, toDo string) {
	e.keep(reason, true)
	e.undo.Disposition, e.undo.ToDo = plan.DispositionBlocked, toDo
}

// undoBlock is the block that a person may write about a resource.
func undoBlock(id identity.ResourceID, choices string) string {
	return fmt.Sprintf("look at it, then write undo %q { decision = %s, reason = … }", id, choices)
}

// uncreate deletes what the run made, when it still is what the run left and nobody uses it.
func (b *builder) uncreate(e *entry, live *identity.Resource) {
	forward, schema := e.done.Step, b.schemas[e.done.Step.Resource.Type]
	if live == nil {
		b.gone(e)
		return
	}
	if why := b.notOurs(e, live); why != "" {
		e.block(why, "leave it, or remove it by hand")
		return
	}
	if b.isSwitch(live.Type) {
		b.switchOff(e, live)
		return
	}
	e.undo.Action, e.undo.Disposition, e.undo.Unbinds = plan.ActionDelete, plan.DispositionPlanned, true
	e.undo.NoWayBack, e.undo.Unordered = noReturn(forward), forward.Unordered
	names := managed(forward.After, schema)
	e.undo.Before = only(forward.After, names)
	changed := merge.Changed(names, forward.After, live.Attributes, schema)
	usage, asked := b.input.Usages[live.ID()]
	unfinished := !e.done.Certain && len(changed) > 0
	switch {
	case e.choice == declaration.UndoDisable:
		e.keep("kept as decided, and switched off", true)
	case e.choice == declaration.UndoDelete || unfinished && b.leadIsOurs(e):
		e.undo.Before = only(live.Attributes, names)
		if len(changed) > 0 && !unfinished {
			e.undo.Notes = append(e.undo.Notes, "changed since by others, and deleted all the same: "+differences(changed,
				forward.After, live.Attributes))
		}
		e.undo.Notes = append(e.undo.Notes, usage.Facts...)
	case len(changed) > 0:
		e.block("changed since by others: "+differences(changed, forward.After, live.Attributes),
			undoBlock(live.ID(), `"delete" or "keep"`))
	case !asked || usage.Unknown != "":
		e.keep("counts as used, because it cannot be told whether it was", true)
		e.undo.ToDo = undoBlock(live.ID(), `"delete" or "keep"`)
		e.undo.Notes = append(e.undo.Notes, whyUnknown(usage, asked))
		e.undo.Notes = append(e.undo.Notes, usage.Facts...)
	case usage.Used:
		e.keep("has been used since the run made it", true)
		e.undo.ToDo = undoBlock(live.ID(), `"delete" or "keep"`)
		e.undo.Notes = append(e.undo.Notes, usage.Facts...)
	}
}

func whyUnknown(usage observation.Usage, asked bool) string {
	if !asked {
		return "the target did not say how it is used"
	}
	return usage.Unknown
}

// gone is for what is not there under its key any more: removed, or renamed.
func (b *builder) gone(e *entry) {
	id := e.done.Step.Resource
	if renamed := b.byServer[id.Type+"\x00"+e.done.ServerID]; e.done.ServerID != "" && renamed != nil {
		e.block(fmt.Sprintf("changed since by others: it is called %s now", renamed.ID()),
			"rename it back or leave it, and roll back again")
		return
	}
	e.undo.Reason, e.undo.Unbinds = "is not there any more", true
	if !e.done.Certain {
		e.undo.Reason = "was not made"
	}
}

// notOurs says why a live resource is not the one that the run made, empty when it is.
func (b *builder) notOurs(e *entry, live *identity.Resource) string {
	if e.done.ServerID != "" && live.ServerID != "" && e.done.ServerID != live.ServerID {
		return "something else has taken its place: the run made " + e.done.ServerID + ", there is " + live.ServerID
	}
	if !b.tagged[live.Type] || e.done.Step.Tag == "" || live.Tag == e.done.Step.Tag {
		return ""
	}
	if live.Tag == "" {
		return "the mark that rehome left on it is gone"
	}
	return "it carries the mark of another item, " + live.Tag
}

// leadIsOurs tells whether what a half done step belongs to was made by this run, so that all of it is ours.
func (b *builder) leadIsOurs(e *entry) bool {
	if b.tagged[e.done.Step.Resource.Type] {
		return true // notOurs has looked at the mark
	}
	for _, id := range e.done.Step.DependsOn {
		other := b.entries[id]
		if other != nil && b.leads(other) && other.done.Step.Action == plan.ActionCreate && other.done.Certain &&
			sameItem(other.done.Step, e.done.Step) {
			return true
		}
	}
	return false
}

func (b *builder) switchOff(e *entry, live *identity.Resource) {
	if live.Attributes["enabled"] != true {
		e.undo.Reason = "is switched off already"
		return
	}
	e.undo.Action, e.undo.Disposition = plan.ActionDelete, plan.DispositionPlanned
	// How people proved who they are when it was opened has no say in closing it.
	schema := b.schemas[live.Type]
	e.undo.Before = only(e.done.Step.After, slices.DeleteFunc(managed(e.done.Step.After, schema), func(name string) bool {
		a, _ := schema.Attribute(name)
		return name != "enabled" && !a.Identity
	}))
	e.undo.Reason = "is switched off, before anything else of it is touched"
}

// restore puts the former values of the managed fields back, where they are as the run left them.
func (b *builder) restore(e *entry, live *identity.Resource) {
	forward, schema := e.done.Step, b.schemas[e.done.Step.Resource.Type]
	if live == nil {
		e.block("is not there any more, so its former values cannot be put back", undoBlock(forward.Resource, `"keep"`))
		return
	}
	if e.done.ServerID != "" && live.ServerID != "" && e.done.ServerID != live.ServerID {
		e.block("something else has taken its place: the run changed "+e.done.ServerID+", there is "+live.ServerID,
			undoBlock(forward.Resource, `"keep"`))
		return
	}
	names := slices.DeleteFunc(managed(forward.After, schema),
		func(name string) bool { _, known := forward.Before[name]; return !known })
	left := merge.Changed(names, forward.Before, live.Attributes, schema)
	e.undo.NoWayBack, e.undo.Unbinds = noReturn(forward), forward.Decision == string(merge.DecisionReconcile)
	if len(left) == 0 {
		e.undo.Reason = "is as it was before the run"
		return
	}
	if foreign := merge.Changed(left, forward.After, live.Attributes, schema); len(foreign) > 0 &&
		e.choice != declaration.UndoRestore {
		e.block("changed since by others: "+differences(foreign, forward.After,
			live.Attributes)+"; before the run it was "+texts(foreign, forward.Before), undoBlock(live.ID(),
			`"restore" or "keep"`))
		return
	}
	e.undo.Action, e.undo.Disposition, e.undo.Unordered, e.undo.Tag = plan.ActionUpdate, plan.DispositionPlanned,
		forward.Unordered, live.Tag
	e.undo.Before, e.undo.After = only(live.Attributes, names), identity.Attributes{}
	for _, name := range names {
		a, _ := schema.Attribute(name)
		e.undo.After[name] = orEmpty(forward.Before[name], a.Type)
	}
	key, renamed := b.formerKey(e)
	switch {
	case renamed && b.isSwitch(live.Type) && e.undo.After["enabled"] != e.undo.Before["enabled"]:
		b.keepName(e) // it is switched off first, under the name that it has now; that follows what it opens
	case renamed:
		e.undo.Resource.Key = key
	}
}

// keepName leaves out of an inverse what only follows the name of something else.
func (b *builder) keepName(e *entry) {
	for _, a := range b.schemas[e.done.Step.Resource.Type].Attributes {
		if now, named := e.undo.Before[a.Name]; named && a.Identity {
			e.undo.After[a.Name] = now
		}
	}
}

// formerKey is the key that an inverse gives back to a resource that the run had renamed.
func (b *builder) formerKey(e *entry) (key string, renamed bool) {
	schema := b.schemas[e.done.Step.Resource.Type]
	now, err := schema.Key(e.undo.Before)
	if e.undo.Action != plan.ActionUpdate || err != nil {
		return "", false
	}
	former, err := schema.Key(e.undo.After)
	return former, err == nil && former != "" && former != now
}

// orEmpty writes an absent value as the empty one of its type: a target clears what is empty, and keeps what is not
// said.
func orEmpty(value any, kind string) any {
	if value != nil {
		return value
	}
	switch kind {
	case "string":
		return ""
	case "bool":
		return false
	case "list":
		return []any{}
	case "map":
		return map[string]any{}
	}
	return nil
}

func only(attributes identity.Attributes, names []string) identity.Attributes {
	kept := identity.Attributes{}
	for _, name := range names {
		if value, ok := attributes[name]; ok {
			kept[name] = value
		}
	}
	return kept
}

const shownFields, shownText = 3, 120

// differences names fields with what the run left and what is there now.
func differences(names []string, left, now identity.Attributes) string {
	parts := make([]string, 0, len(names))
	for i, name := range names {
		if i == shownFields {
			parts = append(parts, fmt.Sprintf("and %d more fields", len(names)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s was left as %s and is %s", name, value.Brief(left[name], shownText),
			value.Brief(now[name], shownText)))
	}
	return strings.Join(parts, "; ")
}

func texts(names []string, values identity.Attributes) string {
	parts := make([]string, 0, len(names))
	for _, name := range names[:min(len(names), shownFields)] {
		parts = append(parts, value.Brief(values[name], shownText))
	}
	return strings.Join(parts, ", ")
}
