package config

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
)

// Wave is a part of the move with a plan of its own. Where means items of Kinds only; no other item is part of it by
// itself.
type Wave struct {
	Name  string
	Kinds []identity.Kind
	Where merge.Where
	After []string // waves that must be applied before
	Range diag.Range
}

// VolumeGuard says how much of what is there a plan may change or delete. A share that was not set is negative.
type VolumeGuard struct {
	MaxChangedShare float64
	MaxDeletedShare float64
	AllowChanges    int
	AllowDeletes    int
	Reason          string
	Range           diag.Range
}

func (l *loader) waves(blocks []*hcl.Block) {
	names := map[string]bool{}
	for _, block := range blocks {
		names[block.Labels[0]] = true
	}
	for _, block := range blocks {
		f := l.content(block.Body, []string{"where"}, []string{"kinds", "after"})
		w := Wave{Name: block.Labels[0], After: f.list("after"), Range: rangeOf(block.DefRange)}
		for _, name := range w.After {
			if !names[name] {
				l.report(codeValueUnknown, "Unknown wave", f.attributes["after"].Expr.Range(), "There is no wave %q.%s", name,
					didYouMean(name, slices.Sorted(maps.Keys(names))))
			}
		}
		if w.Kinds, w.Where = l.waveItems(f); w.Where != nil {
			l.config.Waves = append(l.config.Waves, w)
		}
	}
	l.waveOrder(blocks)
}

// waveItems compiles the condition once for each kind that the wave means; applications unless kinds says otherwise.
func (l *loader) waveItems(f fields) ([]identity.Kind, merge.Where) {
	wanted := f.list("kinds")
	if f.attributes["kinds"] == nil {
		wanted = []string{string(identity.KindApplication)}
	}
	known := make([]string, 0, len(identity.Kinds()))
	for _, kind := range identity.Kinds() {
		known = append(known, string(kind))
	}
	var kinds []identity.Kind
	conditions := map[identity.Kind]*itemExpression{}
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			l.report(codeKindUnknown, "Unknown kind of item", f.attributes["kinds"].Expr.Range(), "%q is no kind of item.%s",
				name, didYouMean(name, known))
			return nil, nil
		}
		attribute := f.attributes["where"]
		if attribute == nil {
			return nil, nil
		}
		expression, problems := l.config.scope.itemExpression(identity.Kind(name), attribute.Expr)
		l.add(problems)
		if problems.HasErrors() {
			return nil, nil
		}
		kinds, conditions[identity.Kind(name)] = append(kinds, identity.Kind(name)), expression
	}
	return kinds, func(item identity.Item) (bool, error) {
		condition, means := conditions[item.Kind]
		if !means {
			return false, nil
		}
		return condition.predicate(item)
	}
}

// waveOrder reports waves that wait for each other: none of them could ever start.
func (l *loader) waveOrder(blocks []*hcl.Block) {
	after, places := map[string][]string{}, map[string]hcl.Range{}
	for _, block := range blocks {
		places[block.Labels[0]] = block.DefRange
	}
	for _, w := range l.config.Waves {
		after[w.Name] = w.After
	}
	for _, w := range l.config.Waves {
		seen := map[string]bool{}
		queue := append([]string(nil), w.After...)
		for len(queue) > 0 {
			name := queue[0]
			queue = queue[1:]
			if name == w.Name {
				l.report(codeArgumentConflict, "Waves wait for each other", places[w.Name], "Wave %q comes after itself.", w.Name)
				break
			}
			if !seen[name] {
				seen[name] = true
				queue = append(queue, after[name]...)
			}
		}
	}
}

func (l *loader) volumeGuard(block *hcl.Block) {
	f := l.content(block.Body, nil, []string{"max_changed_share", "max_deleted_share", "allow_changes",
		"allow_deletes", "reason"})
	g := VolumeGuard{MaxChangedShare: f.share("max_changed_share"), MaxDeletedShare: f.share("max_deleted_share"),
		AllowChanges: f.count("allow_changes"),
		AllowDeletes: f.count("allow_deletes"), Reason: f.text("reason"), Range: rangeOf(block.DefRange)}
	if g.AllowChanges+g.AllowDeletes > 0 && g.Reason == "" {
		l.report(codeArgumentMissing, "Missing required argument", block.DefRange,
			"allow_changes and allow_deletes need a reason.")
	}
	l.config.VolumeGuard = &g
}

// share is a number from 0 to 1; -1 when it was not set.
func (f fields) share(name string) float64 {
	value, ok := f.value(name, cty.Number)
	if !ok {
		return -1
	}
	number, _ := value.AsBigFloat().Float64()
	if number < 0 || number > 1 {
		f.l.report(codeArgumentInvalid, "Invalid share", f.attributes[name].Expr.Range(),
			"%s is a share from 0 to 1, such as 0.25.", name)
	}
	return number
}

func (f fields) count(name string) int {
	value, ok := f.value(name, cty.Number)
	if !ok {
		return 0
	}
	number, accuracy := value.AsBigFloat().Int64()
	if accuracy != 0 || number < 0 {
		f.l.report(codeArgumentInvalid, "Invalid number", f.attributes[name].Expr.Range(),
			"%s is a whole number, 0 or more.", name)
	}
	return int(number)
}
