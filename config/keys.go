package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/engine/merge"
)

// keysOf finds the names or ids that an item must have for a condition to be true, so that the engine need not ask
// the condition of every item. It knows item.name == "a", "a" == item.name, contains(["a", "b"], item.name), the same
// of item.id, these joined by ||, and whatever follows one by &&. Constants may be variables and local values. None
// means that any item may meet the condition.
//
// Of a && b only a counts: where it is false, b is not evaluated and cannot fail either.
func (s *scope) keysOf(expr hcl.Expression) merge.Keys {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return s.keysOf(e.Expression)
	case *hclsyntax.BinaryOpExpr:
		switch e.Op {
		case hclsyntax.OpLogicalAnd:
			return s.keysOf(e.LHS)
		case hclsyntax.OpLogicalOr:
			left, right := s.keysOf(e.LHS), s.keysOf(e.RHS)
			if len(left) > 0 && len(right) > 0 {
				return append(left, right...)
			}
		case hclsyntax.OpEqual:
			if field, ok := keyField(e.LHS); ok {
				return s.textKey(field, e.RHS)
			}
			if field, ok := keyField(e.RHS); ok {
				return s.textKey(field, e.LHS)
			}
		}
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "contains" && len(e.Args) == 2 && !e.ExpandFinal {
			if field, ok := keyField(e.Args[1]); ok {
				return s.listKeys(field, e.Args[0])
			}
		}
	}
	return nil
}

func keyField(expr hcl.Expression) (merge.KeyField, bool) {
	traversal, ok := expr.(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(traversal.Traversal) != 2 || traversal.Traversal.RootName() != "item" {
		return "", false
	}
	name, _ := stepName(traversal.Traversal)
	field := merge.KeyField(name)
	return field, field == merge.KeyName || field == merge.KeyID
}

func (s *scope) textKey(field merge.KeyField, expr hcl.Expression) merge.Keys {
	value := s.constant(expr)
	if value.IsNull() || value.Type() != cty.String {
		return nil
	}
	return merge.Keys{merge.NewKey(field, value.AsString())}
}

func (s *scope) listKeys(field merge.KeyField, expr hcl.Expression) merge.Keys {
	texts, _ := s.constantTexts(expr)
	var keys merge.Keys
	for _, text := range texts {
		keys = append(keys, merge.NewKey(field, text))
	}
	return keys
}
