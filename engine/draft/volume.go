package draft

import (
	"fmt"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// leastVolume is how many changes of one type are never too many: a share of a handful says nothing.
const leastVolume = 5

// VolumeLimits say how much of what is there a plan may change or delete. Shares are from 0 to 1. AllowChanges and
// AllowDeletes are the explicit word: so many are meant.
type VolumeLimits struct {
	MaxChangedShare float64
	MaxDeletedShare float64
	AllowChanges    int
	AllowDeletes    int
}

// DefaultVolume is what holds without a volume_guard block.
func DefaultVolume() VolumeLimits { return VolumeLimits{MaxChangedShare: 0.25, MaxDeletedShare: 0.05} }

// Volume compares what the steps change and delete with what is there, by type, and returns a blocker for what is
// unusual. A plan that takes a run back deletes what that run made, by definition, and is not judged.
func Volume(p *plan.Plan, live []identity.Resource, limits VolumeLimits) []plan.Blocker {
	if p.Rollback != nil {
		return nil
	}
	standing := map[string]int{}
	for _, r := range live {
		standing[r.Type]++
	}
	changes, deletes := map[string]int{}, map[string]int{}
	allChanges, allDeletes := 0, 0
	for _, step := range p.Steps {
		if step.Disposition != plan.DispositionPlanned {
			continue
		}
		switch step.Action {
		case plan.ActionUpdate:
			changes[step.Resource.Type]++
			allChanges++
		case plan.ActionDelete:
			deletes[step.Resource.Type]++
			allDeletes++
		case plan.ActionCreate, plan.ActionMap, plan.ActionNone:
		}
	}
	var items []string
	if allChanges > limits.AllowChanges {
		items = append(items, unusual(changes, standing, limits.MaxChangedShare, leastVolume, "changed")...)
	}
	if allDeletes > limits.AllowDeletes {
		items = append(items, unusual(deletes, standing, limits.MaxDeletedShare, 0, "deleted")...)
	}
	if len(items) == 0 {
		return nil
	}
	return []plan.Blocker{{
		Code: plan.BlockerVolume, Items: items,
		Summary: fmt.Sprintf("the plan changes %d and deletes %d of what is there, which is more than volume_guard lets pass",
			allChanges, allDeletes),
		Next: fmt.Sprintf("read the changes; when all are meant, write volume_guard { allow_changes = %d, "+
			"allow_deletes = %d, reason = … }", allChanges, allDeletes),
	}}
}

func unusual(counts, standing map[string]int, share float64, least int, word string) []string {
	var texts []string
	for kind, n := range counts {
		if n > least && float64(n) > share*float64(standing[kind]) {
			texts = append(texts, fmt.Sprintf("%s: %d of %d %s", kind, n, standing[kind], word))
		}
	}
	slices.Sort(texts)
	return texts
}
