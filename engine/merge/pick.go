package merge

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Picker finds the blocks that mean an item and remembers which blocks were used. Not safe for many goroutines.
type Picker struct {
	rules       []Rule
	skips       []Skip
	rulesByItem *blockIndex
	skipsByItem *blockIndex
	usedRules   []bool
	usedSkips   []bool
	twins       *twins
}

// NewPicker makes a picker over the blocks.
func NewPicker(rules []Rule, skips []Skip) *Picker {
	p := &Picker{
		rules: rules, rulesByItem: newBlockIndex(), usedRules: make([]bool, len(rules)),
		skips: skips, skipsByItem: newBlockIndex(), usedSkips: make([]bool, len(skips)), twins: &twins{},
	}
	for i, rule := range rules {
		p.rulesByItem.add(i, rule.Kind, rule.Keys)
	}
	for i, skip := range skips {
		p.skipsByItem.add(i, skip.Kind, skip.Keys)
	}
	return p
}

// Merge returns the merge block of an item, nil when there is none. Two blocks are an error that names both.
func (p *Picker) Merge(item identity.Item) (*Rule, diag.List) {
	var picked *Rule
	var problems diag.List
	for _, i := range p.rulesByItem.candidates(item) {
		rule := &p.rules[i]
		hit, problem := rule.block().means(item)
		problems = append(problems, problem...)
		if !hit {
			continue
		}
		p.usedRules[i] = true
		if twin := p.twins.of(rule.block(), rule.Keys, item); twin != nil {
			return nil, append(problems, *twin)
		}
		if picked != nil {
			d := at(diag.Errorf("merge-two-blocks", "Two merge blocks claim one item",
				"The blocks %s (%s:%d) and %s (%s:%d) both mean %s %q. Narrow the where of one of them.",
				picked.block(), picked.Range.File, picked.Range.Start.Line, rule.block(), rule.Range.File, rule.Range.Start.Line,
				item.Kind, item.Name), rule.Range)
			d.Address = item.Address().String()
			return nil, append(problems, d)
		}
		picked = rule
	}
	return picked, problems
}

// Skip returns the first skip block that means the item, nil when there is none.
func (p *Picker) Skip(item identity.Item) (*Skip, diag.List) {
	var picked *Skip
	var problems diag.List
	for _, i := range p.skipsByItem.candidates(item) {
		skip := &p.skips[i]
		hit, problem := skip.block().means(item)
		problems = append(problems, problem...)
		if !hit {
			continue
		}
		p.usedSkips[i] = true
		if twin := p.twins.of(skip.block(), skip.Keys, item); twin != nil {
			return nil, append(problems, *twin)
		}
		if picked == nil {
			picked = skip
		}
	}
	return picked, problems
}

// Unused warns of each block that meant no item. Call it after all items went by.
func (p *Picker) Unused() diag.List {
	var unused diag.List
	for i, rule := range p.rules {
		if !p.usedRules[i] {
			unused = append(unused, rule.block().unused())
		}
	}
	for i, skip := range p.skips {
		if !p.usedSkips[i] {
			unused = append(unused, skip.block().unused())
		}
	}
	return unused
}

// block is what all blocks about items have.
type block struct {
	word, name string
	kind       identity.Kind
	where      Where
	place      diag.Range
}

func (r *Rule) block() block { return block{"merge", r.Name, r.Kind, r.Where, r.Range} }
func (s *Skip) block() block { return block{"skip", s.Name, s.Kind, s.Where, s.Range} }
func (m *Map) block() block  { return block{"map", m.Name, m.Kind, m.Where, m.Range} }

func (b block) String() string { return fmt.Sprintf("%s %q %q", b.word, b.kind, b.name) }

// means asks the condition. An index may have left out what its keys do not admit; whether asked or not, the answer
// is the same.
func (b block) means(item identity.Item) (bool, diag.List) {
	if b.kind != item.Kind {
		return false, nil
	}
	if b.where == nil {
		return true, nil
	}
	hit, err := b.where(item)
	if err != nil {
		d := at(diag.Errorf("where-failed", "Condition cannot be evaluated",
			"The where of %s fails for %s: %v.", b, item.Address(), err), b.place)
		d.Address = item.Address().String()
		return false, diag.List{d}
	}
	return hit, nil
}

func (b block) unused() diag.Diagnostic {
	return at(diag.Warningf("block-matches-nothing", "Block matches nothing",
		"The block %s means no item of the snapshots. Correct its where, or remove it.", b), b.place)
}

func at(d diag.Diagnostic, place diag.Range) diag.Diagnostic {
	if place.File != "" {
		d.Subject = &place
	}
	return d
}
