package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"

	"github.com/rehome-iam/rehome/engine/identity"
)

// guard answers a condition, or its beginning, without the language: it is a fiftieth of the work. Where it says no
// the condition is false, whatever follows. Where it says yes the condition is true if the guard is exact, and else
// the language is asked.
//
// It knows texts that every item has (id, name, kind, source), constants, ==, !=, &&, ||, !, contains, startswith,
// endswith, strcontains, lower and upper. None of these can fail, so a guard keeps the errors of the language: of a
// && b, b counts only where a is known whole, because an a that fails must be heard.
type guard struct {
	says  func(identity.Item) bool
	exact bool
}

// guardOf compiles a condition; nil when even its beginning is beyond a guard.
func (s *scope) guardOf(expr hcl.Expression) *guard {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return s.guardOf(e.Expression)
	case *hclsyntax.UnaryOpExpr:
		if inner := s.guardOf(e.Val); e.Op == hclsyntax.OpLogicalNot && inner != nil && inner.exact {
			return &guard{says: func(item identity.Item) bool { return !inner.says(item) }, exact: true}
		}
		return nil
	case *hclsyntax.BinaryOpExpr:
		return s.guardOfOperation(e)
	case *hclsyntax.FunctionCallExpr:
		return s.guardOfCall(e)
	}
	if value := s.constant(expr); value.Type() == cty.Bool && !value.IsNull() {
		answer := value.True()
		return &guard{says: func(identity.Item) bool { return answer }, exact: true}
	}
	return nil
}

func (s *scope) guardOfOperation(e *hclsyntax.BinaryOpExpr) *guard {
	switch e.Op {
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		left, right := s.text(e.LHS), s.text(e.RHS)
		if left == nil || right == nil {
			return nil
		}
		equal := e.Op == hclsyntax.OpEqual
		return &guard{says: func(item identity.Item) bool { return (left(item) == right(item)) == equal }, exact: true}
	case hclsyntax.OpLogicalAnd:
		left, right := s.guardOf(e.LHS), s.guardOf(e.RHS)
		if left == nil || !left.exact {
			return left
		}
		if right == nil {
			return &guard{says: left.says}
		}
		return &guard{says: func(item identity.Item) bool { return left.says(item) && right.says(item) }, exact: right.exact}
	case hclsyntax.OpLogicalOr:
		left, right := s.guardOf(e.LHS), s.guardOf(e.RHS)
		if left == nil || right == nil {
			return nil
		}
		either := func(item identity.Item) bool { return left.says(item) || right.says(item) }
		return &guard{says: either, exact: left.exact && right.exact}
	}
	return nil
}

func (s *scope) guardOfCall(e *hclsyntax.FunctionCallExpr) *guard {
	if len(e.Args) != 2 || e.ExpandFinal {
		return nil
	}
	tests := map[string]func(string, string) bool{
		"startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "strcontains": strings.Contains,
	}
	if test := tests[e.Name]; test != nil {
		text, part := s.text(e.Args[0]), s.text(e.Args[1])
		if text == nil || part == nil {
			return nil
		}
		return &guard{says: func(item identity.Item) bool { return test(text(item), part(item)) }, exact: true}
	}
	texts, constant := s.constantTexts(e.Args[0])
	text := s.text(e.Args[1])
	if e.Name != "contains" || !constant || text == nil {
		return nil
	}
	return &guard{says: func(item identity.Item) bool { return slices.Contains(texts, text(item)) }, exact: true}
}

// text compiles an expression that is a text of every item; nil when it is anything else. Texts are in NFC, as the
// language's are.
func (s *scope) text(expr hcl.Expression) func(identity.Item) string {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return s.text(e.Expression)
	case *hclsyntax.ScopeTraversalExpr:
		if len(e.Traversal) == 2 && e.Traversal.RootName() == "item" {
			name, _ := stepName(e.Traversal)
			return ownText(name)
		}
	case *hclsyntax.FunctionCallExpr:
		change := map[string]func(string) string{"lower": strings.ToLower, "upper": strings.ToUpper}[e.Name]
		if change != nil && len(e.Args) == 1 && !e.ExpandFinal {
			if inner := s.text(e.Args[0]); inner != nil {
				return func(item identity.Item) string { return norm.NFC.String(change(inner(item))) }
			}
			return nil
		}
	}
	value := s.constant(expr)
	if value.IsNull() || value.Type() != cty.String {
		return nil
	}
	text := value.AsString()
	return func(identity.Item) string { return text }
}

// ownText reads what ownValue gives to the language; nil for what is no text.
func ownText(name string) func(identity.Item) string {
	switch name {
	case "id":
		return func(item identity.Item) string { return norm.NFC.String(item.ID) }
	case "name":
		return func(item identity.Item) string { return norm.NFC.String(item.Name) }
	case "kind":
		return func(item identity.Item) string { return norm.NFC.String(string(item.Kind)) }
	case "source":
		return func(item identity.Item) string { return norm.NFC.String(item.Source) }
	}
	return nil
}

// constant evaluates an expression in which nothing of the item occurs. Anything else is null, and so is what must
// not be shown.
func (s *scope) constant(expr hcl.Expression) cty.Value {
	for _, traversal := range expr.Variables() {
		if traversal.RootName() == "item" {
			return cty.NullVal(cty.DynamicPseudoType)
		}
	}
	value, problems := expr.Value(s.ctx)
	if problems.HasErrors() || value.ContainsMarked() || !value.IsWhollyKnown() {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return value
}

// constantTexts evaluates a list of texts in which nothing of the item occurs.
func (s *scope) constantTexts(expr hcl.Expression) ([]string, bool) {
	value := s.constant(expr)
	if kind := value.Type(); value.IsNull() || !kind.IsListType() && !kind.IsSetType() && !kind.IsTupleType() {
		return nil, false
	}
	var texts []string
	for it := value.ElementIterator(); it.Next(); {
		_, element := it.Element()
		if element.IsNull() || element.Type() != cty.String {
			return nil, false
		}
		texts = append(texts, element.AsString())
	}
	return texts, true
}
