package plan

import (
	"fmt"
)

// counts are those of a summary that follow from the steps.
type counts struct{ create, update, remove, mapped, unchanged, notMoved, manual, blocked, skipped int }

func (s *Summary) counts() counts {
	return counts{s.Create, s.Update, s.Delete, s.Map, s.Unchanged, s.NotMoved, s.ManualFollowUp, s.Blocked, s.Skipped}
}

func countsOf(steps []Step) counts {
	var s Summary
	s.recount(steps)
	return s.counts()
}

// recount counts the steps anew. A crowd for which nothing is to be done is no step that is unchanged, and one that is
// skipped counts as many as it has.
func (s *Summary) recount(steps []Step) {
	*s = Summary{Classes: s.Classes, Books: s.Books}
	for i := range steps {
		step := &steps[i]
		idle := step.Disposition == DispositionPlanned || step.Disposition == DispositionUnchanged
		switch {
		case step.Crowd == nil:
			s.count(step)
		case step.Disposition == DispositionSkipped:
			s.Skipped += step.Crowd.Count
		case !idle:
			s.count(step)
		}
	}
}

func (s *Summary) count(step *Step) {
	switch step.Disposition {
	case DispositionManual:
		s.ManualFollowUp++
		return
	case DispositionBlocked:
		s.Blocked++
		return
	case DispositionSkipped:
		s.Skipped++
		return
	}
	switch step.Action {
	case ActionCreate:
		s.Create++
	case ActionUpdate:
		s.Update++
	case ActionDelete:
		s.Delete++
	case ActionMap:
		s.Map++
	case ActionNone:
		if step.Resource.Type == "" || step.Withdrawn {
			s.NotMoved++
			return
		}
		s.Unchanged++
	}
}

// Reconcile fails when the books do not account for every item.
func (b Books) Reconcile() error {
	sum := b.Done + b.Folded + b.Manual + b.Blocked + b.Visible + b.Skipped
	if sum != b.Items {
		return fmt.Errorf("the books do not reconcile: %d items, %d accounted for", b.Items, sum)
	}
	return nil
}
