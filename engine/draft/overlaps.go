package draft

import (
	"cmp"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// overlaps lists every item that overlaps with something or that a merge block decides, by kind, name and address: as a
// person wants to read and decide them.
func (b *builder) overlaps() []merge.Overlap {
	var all []merge.Overlap
	for _, item := range b.items {
		if item.left {
			continue
		}
		if item.rule != nil && item.disposition == plan.DispositionSkipped && item.rule.Decision == merge.DecisionSkip {
			all = append(all, b.skipped(item))
		}
		for _, n := range item.nodes {
			if overlaps(n) {
				all = append(all, b.overlapOf(n))
			}
		}
	}
	place := map[identity.Kind]int{}
	for i, kind := range identity.Kinds() {
		place[kind] = i
	}
	slices.SortStableFunc(all, func(a, b merge.Overlap) int {
		return cmp.Or(cmp.Compare(place[a.Item.Kind], place[b.Item.Kind]), cmp.Compare(a.Item.Name, b.Item.Name),
			cmp.Compare(a.Item.Address().String(), b.Item.Address().String()))
	})
	return all
}

// overlaps tells whether a node is worth a decision: what follows from the item's main resource is decided with it.
func overlaps(n *node) bool {
	switch n.outcome.Verdict {
	case merge.VerdictPending:
		return true
	case merge.VerdictOurs, merge.VerdictEqual, "":
		return false
	case merge.VerdictCreate: // the overlap is that of the item with the later address
		return n.primary && n.outcome.Rule != nil
	}
	return n.primary && (n.outcome.Rule != nil || len(n.outcome.Matches) > 0)
}

func (b *builder) overlapOf(n *node) merge.Overlap {
	out := n.outcome
	o := merge.Overlap{Item: n.item.named(), Wanted: n.resource.ID(), Matches: orNone(out.Matches), Reason: out.Reason}
	o.Decisions, o.NeedsRename = allowed(n)
	o.RenameFrom, _ = n.resource.Attributes[n.schema.RenameBy].(string)
	if live := b.index.ByKey(n.resource.ID()); live != nil {
		o.Sides = merge.Sides(nil, n.resource.Attributes, live.Attributes, n.schema)
	}
	if out.Rule != nil && n.primary {
		o.Decision, o.DecidedBy = string(out.Rule.Decision), out.Rule.Place()
	}
	id := n.id
	switch out.Verdict {
	case merge.VerdictPending:
		o.Status = merge.OverlapPending
	case merge.VerdictManual:
		o.Status = merge.OverlapFollowUp
	case merge.VerdictBlocked:
		if o.Status = merge.OverlapBlocked; out.Rule != nil {
			o.Status = merge.OverlapInvalid
		}
	default:
		o.Status, o.Resource = merge.OverlapDecided, &id
		if out.Rule == nil && out.Previous {
			o.Decision = string(merge.DecisionMap)
		}
	}
	return o
}

// skipped is the overlap of an item that a merge block skips; what it could have been is still told.
func (b *builder) skipped(item *itemState) merge.Overlap {
	o := merge.Overlap{Item: item.named(), Status: merge.OverlapDecided, Decision: string(merge.DecisionSkip),
		DecidedBy: item.decidedBy, Reason: item.reason, Matches: []merge.Candidate{}, Decisions: []string{}}
	if len(item.translation.Resources) == 0 {
		return o
	}
	desired := item.translation.Resources[b.primaryIndex(item)]
	key, err := b.schemas[desired.Type].Key(desired.Attributes)
	if err != nil {
		return o
	}
	desired.Key = key
	o.Wanted, o.Matches = desired.ID(), orNone(b.index.Matches(desired))
	return o
}

func orNone(matches []merge.Candidate) []merge.Candidate {
	if matches == nil {
		return []merge.Candidate{}
	}
	return matches
}

// allowed lists the decisions that a block may take about the node, the safest first.
func allowed(n *node) (decisions []string, needsRename bool) {
	live, taken := false, false
	for _, m := range n.outcome.Matches {
		live = live || m.Item == ""
		taken = taken || m.By == merge.BasisKey
	}
	if len(n.outcome.Matches) > 0 {
		decisions = append(decisions, string(merge.DecisionMap))
	}
	if !taken || n.schema.RenameBy != "" {
		decisions = append(decisions, string(merge.DecisionCreate))
	}
	if live {
		decisions = append(decisions, string(merge.DecisionReconcile))
	}
	return append(decisions, string(merge.DecisionSkip)), taken
}
