package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/merge"
)

// Proposal is what a merge block about one overlap would say. Overwrite is not nil for a reconcile.
type Proposal struct {
	Decision  string
	Target    string
	Rename    string
	Overwrite []string
}

// Bulk says how many overlaps are decided alike. Suffix makes the rename of a create_new whose key is taken; without it
// such an item stays a follow-up. Pending names the items (by address) that wait for a decision themselves.
type Bulk struct {
	Decision  merge.Decision
	Suffix    string
	Overwrite []string
	Pending   map[string]bool
}

// Propose makes the decision about one pending overlap, or says why it must be left to a person: nothing is guessed
// where two candidates are equally good or the best one is weak.
func Propose(o merge.Overlap, bulk Bulk) (Proposal, string) {
	if !slices.Contains(o.Decisions, string(bulk.Decision)) {
		return Proposal{}, fmt.Sprintf("%s is not possible here; possible are %s", bulk.Decision,
			strings.Join(o.Decisions, ", "))
	}
	p := Proposal{Decision: string(bulk.Decision)}
	switch bulk.Decision {
	case merge.DecisionMap:
		best, problem := bulk.best(o.Matches)
		p.Target = best
		return p, problem
	case merge.DecisionReconcile:
		var live []merge.Candidate
		for _, m := range o.Matches {
			if m.Item == "" {
				live = append(live, m)
			}
		}
		best, problem := bulk.best(live)
		p.Target, p.Overwrite = best, append([]string{}, bulk.Overwrite...)
		return p, problem
	case merge.DecisionCreate:
		if o.NeedsRename && bulk.Suffix != "" {
			if o.RenameFrom == "" {
				return p, "it cannot be renamed"
			}
			p.Rename = o.RenameFrom + bulk.Suffix
		}
	case merge.DecisionSkip:
	}
	return p, ""
}

func (b Bulk) best(matches []merge.Candidate) (target, problem string) {
	if len(matches) == 0 {
		return "", "nothing matches it"
	}
	best := matches[0]
	var equal []string
	for _, m := range matches {
		if m.Score == best.Score {
			equal = append(equal, m.Resource.String())
		}
	}
	switch {
	case len(equal) > 1:
		return "", "equally good are " + strings.Join(equal, ", ")
	case best.Score < merge.Strong:
		return "", fmt.Sprintf("the best match is weak: %s", best)
	case b.Pending[best.Item]:
		return "", fmt.Sprintf("%s waits for a decision itself; decide that first", best.Item)
	}
	return best.Resource.String(), ""
}
