package sorted

import (
	"math/rand"
	"slices"
	"testing"
)

func TestQueue_GivesOutTheSmallestFirst(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	var queue Queue[int]
	var held, want, got []int
	for range 1000 {
		if len(held) > 0 && random.Intn(3) == 0 {
			slices.Sort(held)
			want, held = append(want, held[0]), held[1:]
			got = append(got, queue.Pop())
			continue
		}
		n := random.Intn(50)
		held = append(held, n)
		queue.Push(n)
	}
	if !slices.Equal(got, want) || queue.Len() != len(held) {
		t.Errorf("%v, not %v; %d left", got, want, queue.Len())
	}
	if empty := (&Queue[string]{}).Pop(); empty != "" {
		t.Errorf("an empty one gave out %q", empty)
	}
}
