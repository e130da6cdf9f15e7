package apply

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/sorted"
)

// schedule gives out steps whose dependencies are done, lowest rank first. It is not safe for many goroutines:
// one coordinator owns it.
type schedule struct {
	steps      []plan.Step
	waiting    []int   // number of unfinished dependencies, by rank
	dependants [][]int // by rank
	ready      sorted.Queue[int]
	open       int
	dropped    map[int]int // rank → rank of the step that failed and took it along
}

// newSchedule orders the planned steps. Dependencies on steps that are not planned (unchanged, mapped) count as done.
func newSchedule(steps []plan.Step) (*schedule, error) {
	rank := make(map[string]int, len(steps))
	for i, step := range steps {
		if _, twice := rank[step.ID]; twice {
			return nil, fmt.Errorf("step %s is in the plan twice", step.ID)
		}
		rank[step.ID] = i
	}
	s := &schedule{steps: steps, waiting: make([]int, len(steps)), dependants: make([][]int, len(steps)), open: len(steps),
		dropped: map[int]int{}}
	for i, step := range steps {
		for _, id := range step.DependsOn {
			if before, planned := rank[id]; planned {
				s.waiting[i]++
				s.dependants[before] = append(s.dependants[before], i)
			}
		}
		if s.waiting[i] == 0 {
			s.ready.Push(i)
		}
	}
	return s, nil
}

// next gives out a ready step.
func (s *schedule) next() (int, bool) {
	if s.ready.Len() == 0 {
		return 0, false
	}
	return s.ready.Pop(), true
}

// done frees what waited for the step.
func (s *schedule) done(i int) {
	s.open--
	for _, d := range s.dependants[i] {
		s.waiting[d]--
		if _, gone := s.dropped[d]; s.waiting[d] == 0 && !gone {
			s.ready.Push(d)
		}
	}
}

// failed takes everything that waits for the step, directly or not, out of the run.
func (s *schedule) failed(i int) {
	s.open--
	s.drop(i, i)
}

func (s *schedule) drop(i, cause int) {
	for _, d := range s.dependants[i] {
		if _, gone := s.dropped[d]; gone {
			continue
		}
		s.dropped[d] = cause
		s.open--
		s.drop(d, cause)
	}
}
