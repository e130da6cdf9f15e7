package merge

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Picker finds the blocks that mean an item and remembers which blocks were used. Not safe for many goroutines.
type Picker struct {
	rules     []Rule
	skips     []Skip
	usedRules []bool
	usedSkips []bool
}

// NewPicker makes a picker over the blocks.
func NewPicker(rules []Rule, skips []Skip) *Picker {
	return &Picker{rules: rules, skips: skips, usedRules: make([]bool, len(rules)), usedSkips: make([]bool, len(skips))}
}

// Merge returns the merge block of an item, nil when there is none. Two blocks are an error that names both.
func (p *Picker) Merge(item identity.Item) (*Rule, diag.List) {
	var found *Rule
	var problems diag.List
	for i := range p.rules {
		rule := &p.rules[i]
		block := fmt.Sprintf("merge %q %q", rule.Kind, rule.Name)
		hit, problem := matches(rule.Kind, rule.Where, item, block, rule.File, rule.Line)
		problems = append(problems, problem...)
		if !hit {
			continue
		}
		p.usedRules[i] = true
		if found != nil {
			d := at(diag.Errorf("merge-two-blocks", "Two merge blocks claim one item",
				"The blocks merge %q %q (%s:%d) and %s (%s:%d) both mean %s %q. Narrow the where of one of them.",
				found.Kind, found.Name, found.File, found.Line, block, rule.File, rule.Line, item.Kind, item.Name), rule.File, rule.Line)
			d.Address = item.Address().String()
			return nil, append(problems, d)
		}
		found = rule
	}
	return found, problems
}

// Skip returns the first skip block that means the item, nil when there is none.
func (p *Picker) Skip(item identity.Item) (*Skip, diag.List) {
	var found *Skip
	var problems diag.List
	for i := range p.skips {
		skip := &p.skips[i]
		hit, problem := matches(skip.Kind, skip.Where, item, fmt.Sprintf("skip %q %q", skip.Kind, skip.Name), skip.File, skip.Line)
		problems = append(problems, problem...)
		if !hit {
			continue
		}
		p.usedSkips[i] = true
		if found == nil {
			found = skip
		}
	}
	return found, problems
}

// Unused warns of each block that meant no item. Call it after all items went by.
func (p *Picker) Unused() diag.List {
	var unused diag.List
	for i, rule := range p.rules {
		if !p.usedRules[i] {
			unused = append(unused, unusedBlock("merge", rule.Kind, rule.Name, rule.File, rule.Line))
		}
	}
	for i, skip := range p.skips {
		if !p.usedSkips[i] {
			unused = append(unused, unusedBlock("skip", skip.Kind, skip.Name, skip.File, skip.Line))
		}
	}
	return unused
}

func unusedBlock(word string, kind identity.Kind, name, file string, line int) diag.Diagnostic {
	return at(diag.Warningf("block-matches-nothing", "Block matches nothing",
		"The block %s %q %q means no item of the snapshots. Correct its where, or remove it.", word, kind, name), file, line)
}

func matches(kind identity.Kind, where Where, item identity.Item, block, file string, line int) (bool, diag.List) {
	if kind != item.Kind {
		return false, nil
	}
	if where == nil {
		return true, nil
	}
	hit, err := where(item)
	if err != nil {
		d := at(diag.Errorf("where-failed", "Condition cannot be evaluated",
			"The where of %s fails for %s: %v.", block, item.Address(), err), file, line)
		d.Address = item.Address().String()
		return false, diag.List{d}
	}
	return hit, nil
}

func at(d diag.Diagnostic, file string, line int) diag.Diagnostic {
	if file != "" {
		start := diag.Position{Line: line, Column: 1}
		d.Subject = &diag.Range{File: file, Start: start, End: start}
	}
	return d
}
