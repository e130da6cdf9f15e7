package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/config/functions"
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// decode reads every block but variables and locals.
func (l *loader) decode(blocks map[string][]*hcl.Block) {
	for _, block := range blocks["rehome"] {
		l.rehome(block)
	}
	for _, block := range blocks["migration"] {
		l.migration(block)
	}
	for _, block := range blocks["source"] {
		l.config.Sources = append(l.config.Sources, l.providerBlock(block))
	}
	for _, block := range blocks["target"] {
		target := l.providerBlock(block)
		l.config.Target = &target
	}
	for _, block := range blocks["rehearsal"] {
		rehearsal := l.providerBlock(block)
		l.config.Rehearsal = &rehearsal
	}
	for _, name := range []string{"migration", "target"} {
		if _, exists := l.seen[name]; !exists {
			l.problems = append(l.problems, problem(codeBlockMissing, "Missing block", nil,
				"The configuration has no %s block; every configuration needs one.", name))
		}
	}
	for _, block := range blocks["access"] {
		l.access(block)
	}
	l.rules(blocks)
	l.declarations(blocks)
}

func (l *loader) rehome(block *hcl.Block) {
	f := l.content(block.Body, nil, []string{"required_version", "max_plan_age", "max_snapshot_age",
		"max_people_snapshot_age", "recipients", "trusted_planners", "retire_after"},
		hcl.BlockHeaderSchema{Type: "required_providers"}, hcl.BlockHeaderSchema{Type: "state", LabelNames: []string{"type"}})
	r := &l.config.Rehome
	r.Range, r.RequiredVersion = rangeOf(block.DefRange), f.text("required_version")
	r.Recipients, r.TrustedPlanners = f.list("recipients"), f.list("trusted_planners")
	r.MaxPlanAge, r.MaxSnapshotAge = f.duration("max_plan_age"), f.duration("max_snapshot_age")
	r.MaxPeopleSnapshotAge = f.duration("max_people_snapshot_age")
	r.RetireAfter = f.duration("retire_after")
	states := 0
	for _, nested := range f.blocks {
		if nested.Type == "required_providers" {
			l.requiredProviders(nested)
			continue
		}
		if states++; states > 1 {
			l.report(codeBlockDuplicate, "Duplicate block", nested.DefRange,
				"There is already a state block. Remove one of them.")
			continue
		}
		l.state(nested)
	}
}

func (f fields) duration(name string) string {
	text := f.text(name)
	if text == "" {
		return ""
	}
	if d, err := time.ParseDuration(text); err != nil || d <= 0 {
		f.l.report(codeArgumentInvalid, "Invalid duration", f.attributes[name].Expr.Range(),
			"%s is a time such as \"24h\" or \"90m\".", name)
	}
	return text
}

func (l *loader) state(block *hcl.Block) {
	state := State{Type: block.Labels[0], Range: rangeOf(block.DefRange)}
	switch state.Type {
	case "bbolt":
		state.Path = l.content(block.Body, nil, []string{"path"}).text("path")
		if state.Path == "" {
			state.Path = ".rehome/state.db"
		}
	case "postgres":
		if url, ok := l.content(block.Body, []string{"url"}, nil).hidden("url", cty.String); ok {
			state.URL = url.AsString()
		}
		l.config.scope.secrets.add(state.URL)
	default:
		known := []string{"bbolt", "postgres"}
		l.report(codeValueUnknown, "Unknown type of state", block.LabelRanges[0], "The type of a state is one of %s.%s",
			quotedList(known), didYouMean(state.Type, known))
	}
	l.config.Rehome.State = state
}

func (l *loader) requiredProviders(block *hcl.Block) {
	attributes, problems := block.Body.JustAttributes()
	l.add(problems)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if p := l.config.scope.exposed(attributes[name].Expr, name); p != nil {
			l.add(hcl.Diagnostics{p})
			continue
		}
		value, problems := l.config.scope.value(attributes[name].Expr, l.config.scope.ctx, cty.Map(cty.String))
		l.add(problems)
		if problems.HasErrors() || value.IsNull() || !value.IsWhollyKnown() {
			continue
		}
		required := RequiredProvider{Range: rangeOf(attributes[name].Range)}
		for key, element := range value.AsValueMap() {
			switch {
			case element.IsNull():
			case key == "source":
				required.Source = element.AsString()
			case key == "version":
				required.Version = element.AsString()
			default:
				l.report(codeArgumentUnknown, "Unsupported argument", attributes[name].Expr.Range(),
					"A required provider has source and version, not %q.%s",
					key, didYouMean(key, []string{"source", "version"}))
			}
		}
		l.config.Rehome.RequiredProviders[name] = required
	}
}

func (l *loader) migration(block *hcl.Block) {
	f := l.content(block.Body, []string{"tenant", "mode"}, nil)
	l.named(block, 0)
	l.config.Migration = Migration{Name: block.Labels[0], Tenant: f.text("tenant"),
		Mode: word(f, "mode", merge.ModeFirstRun, merge.ModeMerge), Range: rangeOf(block.DefRange)}
}

// named checks a label that becomes part of addresses.
func (l *loader) named(block *hcl.Block, label int) {
	if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(block.Labels[label]) {
		l.report(codeNameInvalid, "Invalid name", block.LabelRanges[label],
			"A name holds letters, digits, - and _ only, because addresses are made of it.")
	}
}

// providerBlock checks syntax and references; the arguments are checked once the plugin's schema is known.
func (l *loader) providerBlock(block *hcl.Block) ProviderBlock {
	l.named(block, 0)
	l.named(block, 1)
	if body, ok := block.Body.(*hclsyntax.Body); ok {
		names := map[string]*hclsyntax.Attribute(body.Attributes)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			l.add(l.config.scope.check(names[name].Expr, providerRoots(), functions.Credential))
		}
	}
	p := ProviderBlock{Provider: block.Labels[0], Name: block.Labels[1], Range: rangeOf(block.DefRange),
		body: block.Body, place: block.DefRange}
	if block.Type == "source" { // what the host asks of a source; the rest is its plugin's
		own, rest, problems := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
			{Name: "moved_from"}}})
		l.add(problems)
		p.body = rest
		p.MovedFrom = fields{l: l, attributes: own.Attributes, ctx: l.config.scope.ctx}.text("moved_from")
	}
	return p
}

func (l *loader) declarations(blocks map[string][]*hcl.Block) {
	for _, block := range blocks["acknowledge"] {
		f := l.content(block.Body, []string{"reason"}, []string{"reference"})
		a := plan.Acknowledgement{ID: block.Labels[0], Reason: f.text("reason"), Reference: f.text("reference"),
			Range: rangeOf(block.DefRange)}
		f.notEmpty("reason")
		l.config.Acknowledgements = append(l.config.Acknowledgements, a)
	}
	for _, block := range blocks["volume_guard"] {
		l.volumeGuard(block)
	}
	l.waves(blocks["wave"])
	for _, block := range blocks["break_glass"] {
		l.breakGlass(block)
	}
	for _, block := range blocks["secret_recipients"] {
		l.secretRecipients(block)
	}
	for _, block := range blocks["verify"] {
		l.verify(block)
	}
	for _, block := range blocks["application"] {
		l.application(block)
	}
	for _, block := range blocks["check"] {
		l.check(block)
	}
	for _, block := range blocks["rollback"] {
		l.config.Rollback = l.rollback(block)
	}
	for _, block := range blocks["undo"] {
		l.undo(block)
	}
	for _, block := range blocks["evidence"] {
		l.config.Evidence = l.evidence(block)
	}
}

// undo reads what was decided about one resource of a rollback.
func (l *loader) undo(block *hcl.Block) {
	f := l.content(block.Body, []string{"decision", "reason"}, nil)
	f.notEmpty("reason")
	id, err := identity.ParseResourceID(block.Labels[0])
	if err != nil {
		l.report(codeNameInvalid, "Invalid name", block.LabelRanges[0],
			"An undo block names a resource as the plan of the rollback shows it, such as \"client:payroll\".")
		return
	}
	l.config.Undos = append(l.config.Undos, declaration.Undo{Resource: id,
		Choice: word(f, "decision", declaration.UndoChoices()...),
		Reason: f.text("reason"), Range: rangeOf(block.DefRange)})
}

// notEmpty reports an argument that is there and says nothing.
func (f fields) notEmpty(name string) {
	attribute := f.attributes[name]
	if attribute == nil {
		return
	}
	if value, ok := f.value(name, cty.String); ok && value.AsString() == "" {
		f.l.report(codeArgumentInvalid, "Empty argument", attribute.Expr.Range(), "%s must say something.", name)
	}
}

// rules reads skip, map and merge blocks.
func (l *loader) rules(blocks map[string][]*hcl.Block) {
	for _, block := range blocks["skip"] {
		f := l.content(block.Body, []string{"where", "reason"}, nil)
		if kind, where := l.where(block, f); where != nil {
			f.notEmpty("reason")
			l.config.Skips = append(l.config.Skips, merge.Skip{Kind: kind, Name: block.Labels[1],
				Where: where.predicate, Keys: where.keys, Reason: f.text("reason"), Range: rangeOf(block.DefRange)})
		}
	}
	for _, block := range blocks["map"] {
		f := l.content(block.Body, []string{"where", "set"}, nil)
		kind, where := l.where(block, f)
		if set := l.set(kind, f); where != nil && set != nil {
			l.config.Maps = append(l.config.Maps, merge.Map{Kind: kind, Name: block.Labels[1],
				Where: where.predicate, Keys: where.keys, Set: set, Range: rangeOf(block.DefRange)})
		}
	}
	for _, block := range blocks["merge"] {
		l.merge(block)
	}
	for _, block := range blocks["rebuilt"] {
		l.rebuilt(block)
	}
}

// rebuilt reads where policies of the incumbent were built again by hand.
func (l *loader) rebuilt(block *hcl.Block) {
	f := l.content(block.Body, []string{"where", "flow", "reference"}, []string{"upstream"})
	f.notEmpty("flow")
	f.notEmpty("reference")
	kind, where := l.where(block, f)
	if where != nil && kind != identity.KindAuthPolicy {
		l.report(codeKindUnknown, "Unknown kind of item", block.LabelRanges[0], "Only an %q is rebuilt, and this is a %q.",
			identity.KindAuthPolicy, kind)
	} else if where != nil {
		l.config.Rebuilts = append(l.config.Rebuilts, declaration.Rebuilt{Kind: kind, Name: block.Labels[1],
			Where: where.predicate, Flow: f.text("flow"), Reference: f.text("reference"), Upstream: f.list("upstream"),
			Range: rangeOf(block.DefRange)})
	}
}

func (l *loader) merge(block *hcl.Block) {
	f := l.content(block.Body, []string{"where", "decision"}, []string{"target", "server_id", "rename", "overwrite", "keep"})
	if l.config.Migration.Mode == merge.ModeFirstRun {
		l.report(codeMergeMode, "Merge block not allowed", block.DefRange,
			"The migration has mode %q, which adopts into an empty target; merge blocks belong to mode %q.",
			merge.ModeFirstRun, merge.ModeMerge)
	}
	m := merge.Rule{Name: block.Labels[1],
		Decision: word(f, "decision", merge.DecisionMap, merge.DecisionCreate, merge.DecisionReconcile, merge.DecisionSkip),
		Target:   f.text("target"), ServerID: f.text("server_id"), Rename: f.text("rename"), Overwrite: f.list("overwrite"),
		Keep: f.list("keep"), Range: rangeOf(block.DefRange)}
	if m.Decision == merge.DecisionMap && f.attributes["target"] == nil {
		l.report(codeArgumentMissing, "Missing required argument", block.DefRange,
			"decision = %q needs target, such as \"group:/eng\".", m.Decision)
	}
	f.onlyWith("target", m.Decision, merge.DecisionMap, merge.DecisionReconcile)
	f.onlyWith("server_id", m.Decision, merge.DecisionMap, merge.DecisionReconcile)
	f.onlyWith("rename", m.Decision, merge.DecisionCreate)
	f.onlyWith("overwrite", m.Decision, merge.DecisionReconcile)
	f.onlyWith("keep", m.Decision, merge.DecisionReconcile)
	kind, where := l.where(block, f)
	if where == nil {
		return
	}
	m.Kind, m.Where, m.Keys = kind, where.predicate, where.keys
	l.config.Merges = append(l.config.Merges, m)
}

// onlyWith reports an argument that the decision has no use for.
func (f fields) onlyWith(name string, decision merge.Decision, allowed ...merge.Decision) {
	if attribute := f.attributes[name]; attribute != nil && decision != "" && !slices.Contains(allowed, decision) {
		f.l.report(codeArgumentConflict, "Argument without use", attribute.NameRange,
			"%s is for decision = %s, and this block says %q.", name, quotedList(allowed), decision)
	}
}

// where compiles the condition of a block; nil means that something is wrong with it or with the kind.
func (l *loader) where(block *hcl.Block, f fields) (identity.Kind, *itemExpression) {
	kind := identity.Kind(block.Labels[0])
	var known []string
	for _, k := range identity.Kinds() {
		known = append(known, string(k))
	}
	if !slices.Contains(known, string(kind)) {
		l.report(codeKindUnknown, "Unknown kind of item", block.LabelRanges[0], "%q is no kind of item.%s Kinds are %s.",
			string(kind), didYouMean(string(kind), known), quotedList(known))
		return kind, nil
	}
	return kind, l.condition(kind, f)
}

// condition compiles the where of a block about items of a kind; nil means that something is wrong with it.
func (l *loader) condition(kind identity.Kind, f fields) *itemExpression {
	attribute := f.attributes["where"]
	if attribute == nil {
		return nil
	}
	expression, problems := l.config.scope.itemExpression(kind, attribute.Expr)
	l.add(problems)
	if problems.HasErrors() {
		return nil
	}
	return expression
}

// set compiles the new values of a map block.
func (l *loader) set(kind identity.Kind, f fields) func(identity.Item) (map[string]any, error) {
	attribute := f.attributes["set"]
	if attribute == nil {
		return nil
	}
	object, ok := attribute.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		l.report(codeArgumentInvalid, "Wrong type of value", attribute.Expr.Range(), "set is written { attribute = value }.")
		return nil
	}
	types, refused := map[string]cty.Type{}, map[string]bool{}
	for _, field := range kinds.Fields(kind) {
		if refused[field.Name] = field.Map == kinds.EffectNone; !refused[field.Name] {
			types[field.Name] = typeOf(field)
		}
	}
	expressions, good := map[string]*itemExpression{}, true
	for _, entry := range object.Items {
		key, problems := entry.KeyExpr.Value(nil)
		if problems.HasErrors() || key.IsNull() || !key.IsKnown() || key.Type() != cty.String {
			l.report(codeArgumentInvalid, "Invalid attribute name", entry.KeyExpr.Range(),
				"The attributes in set are written as plain names.")
			good = false
			continue
		}
		name := key.AsString()
		if refused[name] {
			l.report(codeItemAttribute, "Attribute is not mappable", entry.KeyExpr.Range(), "%s has an attribute %q, which is "+
				"read, counted or judged at the source: it is not for a map block to set. State the fields that it comes from.",
				kindTitle(kind), name)
			good = false
			continue
		}
		if _, known := types[name]; !known {
			l.report(codeItemAttribute, "Unknown attribute", entry.KeyExpr.Range(), "%s has no attribute %q that can be set.%s",
				kindTitle(kind), name, didYouMean(name, slices.Sorted(maps.Keys(types))))
			good = false
			continue
		}
		expression, problems := l.config.scope.itemExpression(kind, entry.ValueExpr)
		l.add(problems)
		good = good && !problems.HasErrors()
		expressions[name] = expression
	}
	if !good {
		return nil
	}
	return func(item identity.Item) (map[string]any, error) { return setValues(item, expressions, types) }
}

func setValues(item identity.Item, expressions map[string]*itemExpression,
	types map[string]cty.Type) (map[string]any, error) {
	values := make(map[string]any, len(expressions))
	for name, expression := range expressions {
		value, err := expression.evaluate(item, types[name])
		if err != nil {
			return nil, err
		}
		plain, err := plainValue(value)
		if err != nil {
			return nil, fmt.Errorf("setting %s of %s: %w", name, item.Address(), err)
		}
		values[name] = plain
	}
	return values, nil
}
