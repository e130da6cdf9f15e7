package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// environmentPrefix begins the name of an environment variable that sets a variable.
const environmentPrefix = "REHOME_VAR_"

// declared is one variable block on its way to a value.
type declared struct {
	Variable
	want        cty.Type
	value       cty.Value // NilVal while it has none
	place       hcl.Range
	validations []fields
}

// values gives every variable and local its value and completes the scope.
func (l *loader) values(blocks map[string][]*hcl.Block) {
	s := l.config.scope
	s.ctx = &hcl.EvalContext{Functions: s.functions, Variables: map[string]cty.Value{}}
	variables := map[string]*declared{}
	for _, block := range blocks["variable"] {
		d := l.declare(block)
		variables[d.Name] = d
		l.config.Variables = append(l.config.Variables, d.Variable)
	}
	s.names["var"] = slices.Sorted(maps.Keys(variables))
	l.assignEnvironment(variables)
	l.assignFiles(variables)
	l.assignArguments(variables)
	object := map[string]cty.Value{}
	for name, d := range variables {
		object[name] = l.final(d)
	}
	s.ctx.Variables["var"] = cty.ObjectVal(object)
	for _, name := range s.names["var"] {
		l.validate(variables[name])
	}
	l.locals(blocks["locals"])
}

func (l *loader) declare(block *hcl.Block) *declared {
	f := l.content(block.Body, nil, []string{"type", "default", "sensitive", "description"},
		hcl.BlockHeaderSchema{Type: "validation"})
	d := &declared{want: cty.DynamicPseudoType, place: block.DefRange}
	d.Variable = Variable{Name: block.Labels[0], Type: "any", Range: rangeOf(block.DefRange)}
	if !hclsyntax.ValidIdentifier(d.Name) {
		l.report(codeNameInvalid, "Invalid name", block.LabelRanges[0], "A variable is named with letters, digits, - and _.")
	}
	if attribute := f.attributes["type"]; attribute != nil {
		want, problems := typeexpr.TypeConstraint(attribute.Expr)
		l.add(problems)
		if !problems.HasErrors() {
			d.want, d.Type = want, typeexpr.TypeString(want)
		}
	}
	d.Sensitive, d.Description = f.flag("sensitive"), f.text("description")
	if attribute := f.attributes["default"]; attribute != nil {
		value, problems := l.config.scope.value(attribute.Expr, nil, d.want)
		l.add(hideDetails(problems, d.Sensitive))
		d.value = value
	}
	for _, validation := range f.blocks {
		d.validations = append(d.validations, l.content(validation.Body, []string{"condition", "error_message"}, nil))
	}
	return d
}

func hideDetails(problems hcl.Diagnostics, hide bool) hcl.Diagnostics {
	if hide {
		for _, p := range problems {
			p.Detail = "The variable is sensitive, so the message is left out."
		}
	}
	return problems
}

func (l *loader) assignEnvironment(variables map[string]*declared) {
	for _, entry := range l.inputs.Environ {
		name, text, ok := strings.Cut(entry, "=")
		name, prefixed := strings.CutPrefix(name, environmentPrefix)
		if d := variables[name]; ok && prefixed && d != nil {
			l.assignText(d, text, environmentPrefix+name)
		}
	}
}

func (l *loader) assignFiles(variables map[string]*declared) {
	// The folder was read a moment ago; when it cannot be read now there are no files.
	files, _ := filesEnding(l.dir, autoVarsEnding)
	for _, name := range append(files, l.inputs.VarFiles...) {
		file, problems := l.parseFile(name)
		l.add(problems)
		if problems.HasErrors() {
			continue
		}
		attributes, problems := file.Body.JustAttributes()
		l.add(problems)
		for _, key := range slices.Sorted(maps.Keys(attributes)) {
			l.assignAttribute(variables, attributes[key])
		}
	}
}

func (l *loader) assignAttribute(variables map[string]*declared, attribute *hcl.Attribute) {
	d := variables[attribute.Name]
	if d == nil {
		l.report(codeVariableUndeclared, "Undeclared variable", attribute.NameRange, "No variable block declares %q.%s",
			attribute.Name, didYouMean(attribute.Name, slices.Sorted(maps.Keys(variables))))
		return
	}
	value, problems := l.config.scope.value(attribute.Expr, nil, d.want)
	l.add(hideDetails(problems, d.Sensitive))
	d.value = value
}

func (l *loader) assignArguments(variables map[string]*declared) {
	for _, entry := range l.inputs.Vars {
		name, text, ok := strings.Cut(entry, "=")
		d := variables[name]
		switch {
		case !ok:
			l.problems = append(l.problems, problem(codeVariableInvalid, "Malformed variable argument", nil,
				"An argument of -var is written 'name=value'."))
		case d == nil:
			l.problems = append(l.problems, problem(codeVariableUndeclared, "Undeclared variable", nil,
				"No variable block declares %q, which -var sets.%s",
				name, didYouMean(name, slices.Sorted(maps.Keys(variables)))))
		default:
			l.assignText(d, text, "-var "+name)
		}
	}
}

// assignText takes text as it is where the variable holds one, and reads it as an expression otherwise.
func (l *loader) assignText(d *declared, text, origin string) {
	value := cty.StringVal(text)
	if !d.want.IsPrimitiveType() && d.want != cty.DynamicPseudoType {
		expr, problems := hclsyntax.ParseExpression([]byte(text), origin, hcl.InitialPos)
		if !problems.HasErrors() {
			value, problems = expr.Value(nil)
		}
		if problems.HasErrors() {
			l.add(hideDetails(problems, d.Sensitive))
			d.value = cty.DynamicVal
			return
		}
	}
	converted, err := convert.Convert(value, d.want)
	if err != nil {
		l.report(codeVariableInvalid, "Invalid variable value", d.place, "The value that %s gives must be %s.", origin,
			d.want.FriendlyName())
		converted = cty.DynamicVal
	}
	d.value = converted
}

// final is the value that expressions see, marked when it is sensitive.
func (l *loader) final(d *declared) cty.Value {
	if d.value == cty.NilVal {
		l.report(codeVariableMissing, "Missing variable value", d.place,
			"Variable %q has no default and no value. Set it with -var '%s=…', in a file that ends in %s, or in the "+
				"environment as %s%s.",
			d.Name, d.Name, autoVarsEnding, environmentPrefix, d.Name)
		d.value = cty.UnknownVal(d.want)
	}
	if !d.Sensitive {
		return d.value
	}
	l.config.scope.remember(d.value)
	return d.value.Mark(sensitive)
}

func (l *loader) validate(d *declared) {
	for _, f := range d.validations {
		f.ctx = l.config.scope.ctx
		condition, ok := f.hidden("condition", cty.Bool)
		if ok && condition.False() {
			message := "A validation rule refuses the value."
			if !d.Sensitive {
				message = f.text("error_message")
			}
			l.report(codeVariableInvalid, "Invalid variable value", d.place, "Variable %q: %s", d.Name, message)
		}
	}
}

// locals evaluates local values in the order in which they need each other.
func (l *loader) locals(blocks []*hcl.Block) {
	attributes := map[string]*hcl.Attribute{}
	for _, block := range blocks {
		own, problems := block.Body.JustAttributes()
		l.add(problems)
		for _, name := range slices.Sorted(maps.Keys(own)) {
			if first := attributes[name]; first != nil {
				l.report(codeArgumentDuplicate, "Duplicate local value", own[name].NameRange,
					"Local value %q is already set at %s line %d.",
					name, first.NameRange.Filename, first.NameRange.Start.Line)
				continue
			}
			attributes[name] = own[name]
		}
	}
	l.config.scope.names["local"] = slices.Sorted(maps.Keys(attributes))
	r := &localResolver{l: l, attributes: attributes, values: map[string]cty.Value{}, open: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		r.resolve(name)
	}
	l.config.scope.ctx.Variables["local"] = cty.ObjectVal(r.values)
}

type localResolver struct {
	l          *loader
	attributes map[string]*hcl.Attribute
	values     map[string]cty.Value
	open       map[string]bool // being resolved
}

func (r *localResolver) resolve(name string) {
	attribute := r.attributes[name]
	if _, done := r.values[name]; done || attribute == nil {
		return
	}
	if r.open[name] {
		r.l.report(codeLocalCycle, "Circular local value", attribute.NameRange, "Local value %q needs itself.", name)
		r.values[name] = cty.DynamicVal
		return
	}
	r.open[name] = true
	s := r.l.config.scope
	for _, traversal := range attribute.Expr.Variables() {
		if needed, step := stepName(traversal); step != nil && traversal.RootName() == "local" {
			r.resolve(needed)
		} else if traversal.RootName() == "local" {
			for _, other := range slices.Sorted(maps.Keys(r.attributes)) {
				r.resolve(other)
			}
		}
	}
	if _, cyclic := r.values[name]; cyclic {
		return
	}
	if problems := s.check(attribute.Expr, nil); problems.HasErrors() {
		r.l.add(problems)
		r.values[name] = cty.DynamicVal
		return
	}
	ctx := s.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{"local": cty.ObjectVal(r.values)}
	value, problems := s.value(attribute.Expr, ctx, cty.DynamicPseudoType)
	r.l.add(problems)
	r.values[name] = value
}
