package sorted

import (
	"cmp"
	"container/heap"
)

// Queue gives out the smallest of what it holds. The zero value is an empty one. It is not safe for many goroutines.
type Queue[T cmp.Ordered] struct{ waiting smallestFirst[T] }

// Len is how many it holds.
func (q *Queue[T]) Len() int { return len(q.waiting) }

// Push adds one.
func (q *Queue[T]) Push(value T) { heap.Push(&q.waiting, value) }

// Pop takes the smallest out; the zero value when there is none.
func (q *Queue[T]) Pop() T {
	var smallest T
	if len(q.waiting) > 0 {
		smallest, _ = heap.Pop(&q.waiting).(T)
	}
	return smallest
}

// smallestFirst is what package heap asks for.
type smallestFirst[T cmp.Ordered] []T

func (s smallestFirst[T]) Len() int           { return len(s) }
func (s smallestFirst[T]) Less(i, j int) bool { return s[i] < s[j] }
func (s smallestFirst[T]) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push is called by package heap.
func (s *smallestFirst[T]) Push(value any) { *s = append(*s, value.(T)) }

// Pop is called by package heap.
func (s *smallestFirst[T]) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
