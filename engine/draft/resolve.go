package draft

import (
	"fmt"
	"maps"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// itemState is one item on its way into the plan. An item without nodes gets a step of its own that says why.
type itemState struct {
	of          identity.Item
	result      assess.Result
	translation contract.Translation
	address     string
	rule        *merge.Rule
	disposition plan.Disposition // empty while the item becomes resources
	reason      string
	toDo        string
	decidedBy   *merge.Place
	visible     bool
	left        bool // not part of the selection
	nodes       []*node
	steps       []*plan.Step
}

// node is one desired resource of one item.
type node struct {
	item     *itemState
	resource identity.Resource // attributes as the target gave them
	schema   identity.ResourceSchema
	primary  bool
	onlyOne  bool
	visiting bool
	done     bool
	id       identity.ResourceID // final: after mapping and renaming
	outcome  merge.Outcome
	problem  string
	toDo     string // about the problem
	stricter bool   // it opens something that stands under a policy which is not carried
	notes    []string
	stepID   string
	joined   bool // another source's item makes the resource; this one only uses it
}

// builder holds the work of one Build. All its slices are sorted by item address first.
type builder struct {
	input   Input
	index   *merge.Index
	wishes  *merge.Wishes
	several bool // items of several sources
	schemas map[string]identity.ResourceSchema
	items   []*itemState
	byID    map[string]*itemState // address
	diags   diag.List
	steps   map[string]*plan.Step
	impacts map[string][]fidelity.Finding
}

func newBuilder(input Input) *builder {
	b := &builder{
		input: input, index: merge.NewIndex(input.Live, input.Schemas, input.Bindings),
		schemas: map[string]identity.ResourceSchema{}, byID: map[string]*itemState{},
		steps: map[string]*plan.Step{}, impacts: map[string][]fidelity.Finding{},
	}
	for _, schema := range input.Schemas {
		b.schemas[schema.Type] = schema
	}
	for _, item := range input.Items {
		state := &itemState{of: item.Item, result: item.Result, translation: item.Translation,
			address: item.Item.Address().String()}
		if b.byID[state.address] != nil {
			b.diags = append(b.diags, diag.Errorf("item-twice", "Item given twice",
				"The item %s is in the input more than once.", state.address))
			continue
		}
		b.byID[state.address] = state
		b.items = append(b.items, state)
	}
	sort.Slice(b.items, func(i, j int) bool { return b.items[i].address < b.items[j].address })
	b.nameAssignments()
	return b
}

// pick applies skip and merge blocks and the classes, and makes the nodes of what is left.
func (b *builder) pick() {
	picker := merge.NewPicker(b.input.Rules, b.input.Skips)
	for _, item := range b.items {
		skip, problems := picker.Skip(item.of)
		rule, more := picker.Merge(item.of)
		b.diags = append(append(b.diags, problems...), more...)
		item.rule = rule
		switch {
		case problems.HasErrors() || more.HasErrors():
			item.disposition, item.reason = plan.DispositionBlocked, append(problems, more...).Error()
		case skip != nil:
			item.disposition, item.reason, item.decidedBy = plan.DispositionSkipped, skip.Reason, skip.Place()
		case rule != nil && rule.Decision == merge.DecisionSkip:
			item.disposition, item.reason, item.decidedBy = plan.DispositionSkipped, "skipped by a merge decision", rule.Place()
		default:
			b.classed(item)
		}
	}
	b.diags = append(b.diags, picker.Unused()...)
	b.compareSources()
}

// compareSources gathers what the items would make, so that those that collide are found: of one source those that
// stand alone, of several sources all. What a block maps elsewhere makes nothing.
func (b *builder) compareSources() {
	sources := map[string]bool{}
	for _, item := range b.items {
		sources[item.of.Source] = true
	}
	b.several = len(sources) > 1
	b.wishes = merge.NewWishes(b.index)
	for _, item := range b.items {
		if item.rule != nil && item.rule.Decision != merge.DecisionCreate || !b.several && !item.of.Kind.StandsAlone() {
			continue
		}
		for _, n := range item.nodes {
			b.wishes.Add(merge.Wish{Item: item.of.Address(), Name: item.of.Name, Desired: n.resource, Decided: item.rule != nil})
		}
	}
}

func (b *builder) classed(item *itemState) {
	result := item.result
	switch result.Class {
	case assess.ClassNative, assess.ClassApproximation:
		b.addNodes(item)
		return
	case assess.ClassVisibility:
		item.disposition, item.visible = plan.DispositionUnchanged, true
	case assess.ClassManual:
		item.disposition = plan.DispositionManual
	default:
		item.disposition = plan.DispositionBlocked
	}
	item.reason, item.toDo = result.Rationale, result.ToDo
}

func (b *builder) addNodes(item *itemState) {
	perType := map[string]int{}
	for _, r := range item.translation.Resources {
		perType[r.Type]++
	}
	primary := b.primaryIndex(item)
	for i, r := range item.translation.Resources {
		n := &node{item: item, primary: i == primary, onlyOne: perType[r.Type] == 1, schema: b.schemas[r.Type]}
		n.resource = identity.Resource{Type: r.Type, Key: r.Key, Attributes: identity.Attributes{}, DependsOn: r.DependsOn}
		maps.Copy(n.resource.Attributes, r.Attributes)
		if n.primary && item.rule != nil && item.rule.Rename != "" {
			b.rename(n, item.rule)
		}
		item.nodes = append(item.nodes, n)
	}
	if len(item.nodes) == 0 {
		item.disposition, item.reason = plan.DispositionUnchanged,
			"is part of what it refers to; nothing is done for it alone"
	}
}

// primaryIndex finds the resource that a merge block of the item means.
func (b *builder) primaryIndex(item *itemState) int {
	for i, r := range item.translation.Resources {
		if item.rule != nil && strings.HasPrefix(item.rule.Target, r.Type+":") {
			return i
		}
	}
	for i, r := range item.translation.Resources {
		for _, kind := range b.schemas[r.Type].ItemKinds {
			if kind == item.of.Kind {
				return i
			}
		}
	}
	return 0
}

func (b *builder) rename(n *node, rule *merge.Rule) {
	by := n.schema.RenameBy
	if by == "" {
		n.problem = fmt.Sprintf("a %s cannot be renamed by a merge block", n.resource.Type)
		return
	}
	old, _ := n.resource.Attributes[by].(string)
	if old == rule.Rename {
		return
	}
	n.resource.Attributes[by] = rule.Rename
	for _, a := range n.schema.Attributes {
		// A path that ends with the name is renamed with it.
		if path, ok := n.resource.Attributes[a.Name].(string); ok && a.Identity && a.Name != by && old != "" {
			if parent, ends := strings.CutSuffix(path, "/"+identity.EscapePath(old)); ends {
				n.resource.Attributes[a.Name] = parent + "/" + identity.EscapePath(rule.Rename)
			}
		}
	}
	if n.item.of.Kind == identity.KindApplication {
		b.impacts[n.item.address] = append(b.impacts[n.item.address], merge.ClientKeyFinding(by))
	}
}

// decide finds the natural key of a node, after the keys of the resources it refers to, and what becomes of it.
func (b *builder) decide(n *node) {
	if n.done {
		return
	}
	if n.visiting {
		n.problem = fmt.Sprintf("its key depends on itself, through %s", n.item.address)
		return
	}
	n.visiting = true
	defer func() { n.visiting, n.done = false, true }()
	if n.schema.Type == "" {
		n.problem = fmt.Sprintf("the target does not know the resource type %q", n.resource.Type)
		n.id = identity.ResourceID{Type: n.resource.Type, Key: n.item.address}
		return
	}
	resolved := b.resolveNode(n)
	key, err := n.schema.Key(resolved)
	if err != nil {
		key = n.item.address
		if n.problem == "" {
			n.problem = err.Error()
		}
	}
	n.resource.Attributes = resolved
	n.resource.Key = key
	n.id = n.resource.ID()
	if n.problem != "" {
		return
	}
	others := b.wishes.Others(n.item.of.Address(), n.resource)
	n.outcome = b.index.Decide(merge.Request{
		Mode: b.input.Migration.Mode, Desired: n.resource, Owners: []identity.Address{n.item.of.Address()},
		Name: n.item.of.Name, OnlyOne: n.onlyOne, Primary: n.primary, Rule: n.item.rule,
		Others: others, Part: b.partNow(n), Parts: n.item.otherSchemas(n),
	})
	switch live := n.outcome.Live; n.outcome.Verdict {
	case merge.VerdictOurs:
		b.keepName(n)
	case merge.VerdictManual:
		if b.several || len(others) > 0 { // another item may have the key: what refers to this one must not end there
			n.id.Key = n.item.address
		}
	case merge.VerdictJoin:
		n.id, n.joined = n.outcome.Joins, true
	default:
		if live != nil {
			n.id = live.ID()
		}
	}
	if p := n.outcome.Problem; p != nil {
		b.diags = append(b.diags, *p)
	}
}

// otherSchemas are those of the other resources of an item.
func (i *itemState) otherSchemas(than *node) []identity.ResourceSchema {
	var others []identity.ResourceSchema
	for _, n := range i.nodes {
		if n != than {
			others = append(others, n.schema)
		}
	}
	return others
}

// keepName leaves a resource the name that it has where the target gives it no other one.
func (b *builder) keepName(n *node) {
	if len(n.outcome.Keeps) == 0 {
		return
	}
	for _, name := range n.outcome.Keeps {
		n.notes = append(n.notes, fmt.Sprintf("its %s stays %v, which the target does not change: what knows it by that name "+
			"need not be told", name, n.outcome.Live.Attributes[name]))
		n.resource.Attributes[name] = n.outcome.Live.Attributes[name]
	}
	n.resource.Key, n.id = n.outcome.Live.Key, n.outcome.Live.ID()
}

// partNow is the key that a part of a resource of ours has now, nothing for what is no part of one. What its key refers
// to may get another name by this plan, or may have got one by somebody else. What no item becomes and what refers to
// nothing, such as the flows of all gates, is made by rehome alone.
func (b *builder) partNow(n *node) identity.ResourceID {
	becomes := len(n.schema.ItemKinds) > 0
	if becomes && !merge.OnlyKey(n.schema) {
		return identity.ResourceID{}
	}
	original := b.originalAttributes(n)
	now, refers, ours := maps.Clone(n.resource.Attributes), false, false
	for _, a := range n.schema.Attributes {
		ref, is := identity.AsItemReference(original[a.Name])
		if !a.Identity || !is {
			continue
		}
		refers = true
		if on := b.nodeOf(n.item, ref); on != nil && on.outcome.Live != nil {
			now[a.Name] = on.outcome.Live.Key
			ours = ours || on.outcome.Verdict == merge.VerdictOurs
		}
	}
	key, err := n.schema.Key(now)
	if err != nil || refers && !ours || !refers && becomes {
		return identity.ResourceID{}
	}
	return identity.ResourceID{Type: n.resource.Type, Key: key}
}

// nodeOf finds the resource that an item becomes, nil where it becomes none of the type.
func (b *builder) nodeOf(from *itemState, ref identity.ItemReference) *node {
	item := b.byID[identity.Address{Source: from.of.Source, Kind: ref.Item.Kind, ID: ref.Item.ID}.String()]
	if item == nil {
		return nil
	}
	for _, n := range item.nodes {
		if n.resource.Type == ref.Type {
			return n
		}
	}
	return nil
}

// resolveNode replaces the references of all attributes; the first that leads nowhere is the node's problem.
func (b *builder) resolveNode(n *node) identity.Attributes {
	resolved := identity.Attributes{}
	for _, name := range n.resource.Attributes.Names() {
		value, problem := b.resolve(n, n.resource.Attributes[name])
		if problem != "" && n.problem == "" {
			n.problem = problem
		}
		if a, _ := n.schema.Attribute(name); a.Sensitive && !a.Generated && !isReference(value) && value != nil {
			n.problem = fmt.Sprintf("the target put a secret value into %s", name)
			value = nil
		}
		resolved[name] = value
	}
	return resolved
}

func isReference(value any) bool {
	_, secret := identity.AsSecretReference(value)
	return secret
}

func (b *builder) resolve(n *node, value any) (any, string) {
	if ref, ok := identity.AsItemReference(value); ok {
		id, problem := b.referred(n.item, ref)
		return id.Key, problem
	}
	if ref, ok := identity.AsSecretReference(value); ok {
		if ref.Source == "" {
			ref.Source = n.item.of.Source
		}
		return identity.Secret(ref.Source, ref.Item.Kind, ref.Item.ID, ref.Field), ""
	}
	first := ""
	keep := func(entry any) any {
		changed, problem := b.resolve(n, entry)
		if first == "" {
			first = problem
		}
		return changed
	}
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, entry := range v {
			list[i] = keep(entry)
		}
		return list, first
	case map[string]any:
		table := make(map[string]any, len(v))
		for _, name := range identity.Attributes(v).Names() {
			table[name] = keep(v[name])
		}
		return table, first
	}
	return value, ""
}

// referred finds the resource that the item became, or says why there is none.
func (b *builder) referred(from *itemState, ref identity.ItemReference) (identity.ResourceID, string) {
	address := identity.Address{Source: from.of.Source, Kind: ref.Item.Kind, ID: ref.Item.ID}
	item := b.byID[address.String()]
	if item == nil {
		return identity.ResourceID{}, fmt.Sprintf("needs %s %s, which is in no snapshot", words(ref.Item.Kind), ref.Item.ID)
	}
	for _, n := range item.nodes {
		if n.resource.Type == ref.Type {
			b.decide(n)
			return n.id, n.problem
		}
	}
	return identity.ResourceID{}, fmt.Sprintf("needs %s, which %s", item.label(), item.state(ref.Type))
}

func (i *itemState) label() string {
	return fmt.Sprintf("%s %q (%s)", words(i.of.Kind), i.of.Name, i.of.ID)
}

func (i *itemState) state(wanted string) string {
	switch i.disposition {
	case plan.DispositionSkipped:
		return "is skipped"
	case plan.DispositionManual:
		return "must be rebuilt by hand"
	case plan.DispositionBlocked:
		return "is blocked"
	}
	if i.visible {
		return "is listed only"
	}
	return "becomes no " + words(identity.Kind(wanted))
}

func words(kind identity.Kind) string { return strings.ReplaceAll(string(kind), "_", " ") }
