package apply

import (
	"container/heap"
	"fmt"

	"github.com/rehome-iam/rehome/engine/plan"
)

// schedule gives out steps whose dependencies are done, lowest rank first. It is not safe for many goroutines:
// one coordinator owns it.
type schedule struct {
	steps      []plan.Step
	waiting    []int   // number of unfinished dependencies, by rank
	dependants [][]int // by rank
	ready      ranks
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
			heap.Push(&s.ready, i)
		}
	}
	return s, nil
}

// next gives out a ready step.
func (s *schedule) next() (int, bool) {
	if len(s.ready) == 0 {
		return 0, false
	}
	return heap.Pop(&s.ready).(int), true
}

// done frees what waited for the step.
func (s *schedule) done(i int) {
	s.open--
	for _, d := range s.dependants[i] {
		s.waiting[d]--
		if _, gone := s.dropped[d]; s.waiting[d] == 0 && !gone {
			heap.Push(&s.ready, d)
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

// ranks is a heap of step positions.
type ranks []int

func (r ranks) Len() int           { return len(r) }
func (r ranks) Less(i, j int) bool { return r[i] < r[j] }
func (r ranks) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *ranks) Push(x any)        { *r = append(*r, x.(int)) }
func (r *ranks) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}
