package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
)

// itemExpression is an expression over one item, checked once and evaluated often.
type itemExpression struct {
	kind   identity.Kind
	expr   hcl.Expression
	keys   merge.Keys // of a condition: the only names and ids for which it can be true
	guard  *guard     // of a condition, nil when it has none
	names  []string   // attributes of item that it reads
	types  map[string]cty.Type
	fields map[string]kinds.Field
	scope  *scope
}

func (s *scope) itemExpression(kind identity.Kind, expr hcl.Expression) (*itemExpression, hcl.Diagnostics) {
	e := &itemExpression{kind: kind, expr: expr, types: map[string]cty.Type{},
		fields: map[string]kinds.Field{}, scope: s}
	for _, field := range kinds.Fields(kind) {
		e.types[field.Name], e.fields[field.Name] = typeOf(field), field
	}
	known := fieldNames(kind)
	problems := s.check(expr, map[string][]string{"item": known})
	for _, p := range problems {
		if codeOf(p, "") == codeItemAttribute {
			p.Detail = kindTitle(kind) + " has no attribute" + p.Detail[len("There is no attribute"):] +
				"\nAttributes of this kind: docs/reference/items.md#" + string(kind)
		}
	}
	// Which items a condition means is shown too, and so is what tells them apart.
	if p := s.exposed(expr, "an expression about items"); p != nil {
		problems = append(problems, p)
	}
	e.names = readNames(expr, known)
	if !problems.HasErrors() {
		e.keys, e.guard = s.keysOf(expr), s.guardOf(expr)
	}
	return e, problems
}

// readNames lists the attributes of item that an expression names, or all when it uses item as a whole.
func readNames(expr hcl.Expression, all []string) []string {
	seen := map[string]bool{}
	for _, traversal := range expr.Variables() {
		if traversal.RootName() != "item" {
			continue
		}
		name, step := stepName(traversal)
		if step == nil {
			return all
		}
		seen[name] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func typeOf(field kinds.Field) cty.Type {
	switch field.Type {
	case "string":
		return cty.String
	case "bool":
		return cty.Bool
	case "number":
		return cty.Number
	case "list(string)":
		return cty.List(cty.String)
	case "map(list(string))":
		return cty.Map(cty.List(cty.String))
	case "list(object)":
		attributes := map[string]cty.Type{}
		for _, f := range field.Object {
			attributes[f.Name] = typeOf(f)
		}
		return cty.List(cty.Object(attributes))
	}
	return cty.DynamicPseudoType
}

// evaluate builds only the attributes that the expression names.
func (e *itemExpression) evaluate(item identity.Item, want cty.Type) (cty.Value, error) {
	var attributes map[string]json.RawMessage
	values := make(map[string]cty.Value, len(e.names))
	for _, name := range e.names {
		if value, ok := ownValue(item, name); ok {
			values[name] = value
			continue
		}
		if attributes == nil {
			if err := item.Decode(&attributes); err != nil {
				return cty.DynamicVal, err
			}
		}
		value, err := e.attribute(attributes[name], name)
		if err != nil {
			return cty.DynamicVal, fmt.Errorf("reading %s of %s: %w", name, item.Address(), err)
		}
		values[name] = value
	}
	ctx := e.scope.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{"item": cty.ObjectVal(values)}
	value, problems := e.scope.value(e.expr, ctx, want)
	if problems.HasErrors() {
		first := problems.Errs()[0].(*hcl.Diagnostic)
		return value, fmt.Errorf("%s:%d: for %s: %s", e.expr.Range().Filename, e.expr.Range().Start.Line, item.Address(),
			first.Detail)
	}
	return value, nil
}

// ownValue is what every item has, whatever its kind.
func ownValue(item identity.Item, name string) (cty.Value, bool) {
	switch name {
	case "id":
		return cty.StringVal(item.ID), true
	case "kind":
		return cty.StringVal(string(item.Kind)), true
	case "source":
		return cty.StringVal(item.Source), true
	case "name":
		return cty.StringVal(item.Name), true
	case "refs":
		return references(item.References), true
	}
	return cty.NilVal, false
}

func references(refs []identity.Reference) cty.Value {
	shape := cty.Object(map[string]cty.Type{"role": cty.String, "kind": cty.String, "id": cty.String})
	if len(refs) == 0 {
		return cty.ListValEmpty(shape)
	}
	values := make([]cty.Value, 0, len(refs))
	for _, r := range refs {
		values = append(values, cty.ObjectVal(map[string]cty.Value{
			"role": cty.StringVal(r.Role), "kind": cty.StringVal(string(r.Kind)), "id": cty.StringVal(r.ID)}))
	}
	return cty.ListVal(values)
}

// attribute reads one value. An absent one is the zero of its type, except where null has a meaning of its own.
func (e *itemExpression) attribute(raw json.RawMessage, name string) (cty.Value, error) {
	want := e.types[name]
	if len(raw) == 0 || string(raw) == "null" {
		if e.fields[name].Nullable {
			return cty.NullVal(want), nil
		}
		return zeroOf(want), nil
	}
	if e.fields[name].Type == "list(object)" {
		return objects(raw, want)
	}
	return ctyjson.Unmarshal(raw, want)
}

func zeroOf(t cty.Type) cty.Value {
	switch {
	case t == cty.String:
		return cty.StringVal("")
	case t == cty.Bool:
		return cty.False
	case t == cty.Number:
		return cty.Zero
	case t.IsListType():
		return cty.ListValEmpty(t.ElementType())
	case t.IsMapType():
		return cty.MapValEmpty(t.ElementType())
	}
	return cty.NullVal(t)
}

// objects reads a list of objects and fills what an element lacks.
func objects(raw json.RawMessage, want cty.Type) (cty.Value, error) {
	var elements []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return cty.DynamicVal, err
	}
	if len(elements) == 0 {
		return zeroOf(want), nil
	}
	values := make([]cty.Value, 0, len(elements))
	for _, element := range elements {
		object := map[string]cty.Value{}
		for name, t := range want.ElementType().AttributeTypes() {
			object[name] = zeroOf(t)
			if part := element[name]; len(part) > 0 && string(part) != "null" {
				value, err := ctyjson.Unmarshal(part, t)
				if err != nil {
					return cty.DynamicVal, err
				}
				object[name] = value
			}
		}
		values = append(values, cty.ObjectVal(object))
	}
	return cty.ListVal(values), nil
}

// predicate answers true or false; anything else is an error that names the place.
func (e *itemExpression) predicate(item identity.Item) (bool, error) {
	if e.guard != nil {
		if says := e.guard.says(item); !says || e.guard.exact {
			return says, nil
		}
	}
	value, err := e.evaluate(item, cty.Bool)
	if err != nil {
		return false, err
	}
	if value.IsNull() || !value.IsKnown() {
		return false, fmt.Errorf("%s:%d: for %s the condition is neither true nor false",
			e.expr.Range().Filename, e.expr.Range().Start.Line, item.Address())
	}
	return value.True(), nil
}

// plainValue turns a value into plain Go by way of its JSON.
func plainValue(value cty.Value) (any, error) {
	encoded, err := json.Marshal(ctyjson.SimpleJSONValue{Value: value})
	if err != nil {
		return nil, err
	}
	var plain any
	if err := json.Unmarshal(encoded, &plain); err != nil {
		return nil, err
	}
	return plain, nil
}
