package config

import (
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/engine/identity"
)

// equality is a condition that begins with item.name == "text" or item.id == "text"; the zero value is any other condition.
type equality struct {
	field, text string
}

// equalityOf looks at the first conjunct only: when it is false nothing behind it is evaluated, so leaving the block out
// gives the same answer as asking it.
func equalityOf(expr hcl.Expression) equality {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return equalityOf(e.Expression)
	case *hclsyntax.BinaryOpExpr:
		if e.Op == hclsyntax.OpLogicalAnd {
			return equalityOf(e.LHS)
		}
		if e.Op == hclsyntax.OpEqual {
			return compared(e.LHS, e.RHS)
		}
	}
	return equality{}
}

func compared(left, right hcl.Expression) equality {
	traversal, ok := left.(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(traversal.Traversal) != 2 || traversal.Traversal.RootName() != "item" || len(right.Variables()) > 0 || len(functionCalls(right)) > 0 {
		return equality{}
	}
	name, _ := stepName(traversal.Traversal)
	value, problems := right.Value(nil)
	if (name != "name" && name != "id") || problems.HasErrors() || value.Type() != cty.String || value.IsNull() || !value.IsKnown() {
		return equality{}
	}
	return equality{field: name, text: value.AsString()}
}

// ruleIndex holds the positions of blocks by the kind of item that they are about, and by their equality.
type ruleIndex struct {
	byKind map[identity.Kind]map[equality][]int
}

func (c *Config) index() {
	c.skips, c.maps, c.merges = newIndex(), newIndex(), newIndex()
	for i, rule := range c.Skips {
		c.skips.add(rule.Kind, rule.key, i)
	}
	for i, rule := range c.Maps {
		c.maps.add(rule.Kind, rule.key, i)
	}
	for i, rule := range c.Merges {
		c.merges.add(rule.Kind, rule.key, i)
	}
}

func newIndex() *ruleIndex { return &ruleIndex{byKind: map[identity.Kind]map[equality][]int{}} }

func (r *ruleIndex) add(kind identity.Kind, key equality, position int) {
	if r.byKind[kind] == nil {
		r.byKind[kind] = map[equality][]int{}
	}
	r.byKind[kind][key] = append(r.byKind[kind][key], position)
}

// candidates are the blocks that may mean an item, in the order of the configuration.
func (r *ruleIndex) candidates(item identity.Item) []int {
	byKey := r.byKind[item.Kind]
	if len(byKey) == 0 {
		return nil
	}
	// cty compares texts after Unicode NFC; the keys went through it, so these must too.
	named := equality{field: "name", text: cty.StringVal(item.Name).AsString()}
	identified := equality{field: "id", text: cty.StringVal(item.ID).AsString()}
	found := append([]int(nil), byKey[equality{}]...)
	found = append(append(found, byKey[named]...), byKey[identified]...)
	sort.Ints(found)
	return found
}

// matching returns the positions of the blocks that mean an item, and the first error of a condition.
func (r *ruleIndex) matching(item identity.Item, where func(int) ItemPredicate) ([]int, error) {
	var found []int
	for _, i := range r.candidates(item) {
		match, err := where(i)(item)
		if err != nil {
			return found, err
		}
		if match {
			found = append(found, i)
		}
	}
	return found, nil
}

// SkipsOf returns the positions in Skips of the blocks that mean an item, in the order of the configuration.
func (c *Config) SkipsOf(item identity.Item) ([]int, error) {
	return c.skips.matching(item, func(i int) ItemPredicate { return c.Skips[i].Where })
}

// MapsOf returns the positions in Maps of the blocks that mean an item.
func (c *Config) MapsOf(item identity.Item) ([]int, error) {
	return c.maps.matching(item, func(i int) ItemPredicate { return c.Maps[i].Where })
}

// MergesOf returns the positions in Merges of the blocks that mean an item.
func (c *Config) MergesOf(item identity.Item) ([]int, error) {
	return c.merges.matching(item, func(i int) ItemPredicate { return c.Merges[i].Where })
}
