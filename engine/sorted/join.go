package sorted

import (
	"fmt"
	"iter"
)

// Pair is what two streams have under one key. Before or After is nil where one stream does not have it.
type Pair[T any] struct {
	Before, After *T
}

// Join pairs two streams by key, in the order that compare tells. An element out of order, or one that comes twice, is
// an error, as is an error of a stream; it ends the walk. One element of each stream is in memory.
func Join[T, K any](
	before, after iter.Seq2[T, error], key func(T) K, compare func(a, b K) int,
) iter.Seq2[Pair[T], error] {
	return func(yield func(Pair[T], error) bool) {
		left, stopLeft := newSide("earlier", before, key, compare)
		defer stopLeft()
		right, stopRight := newSide("later", after, key, compare)
		defer stopRight()
		for {
			switch {
			case left.err != nil:
				yield(Pair[T]{}, left.err)
				return
			case right.err != nil:
				yield(Pair[T]{}, right.err)
				return
			case left.done && right.done:
				return
			}
			if !yield(next(left, right), nil) {
				return
			}
		}
	}
}

// next takes the smaller of the two next elements, or both when they have one key.
func next[T, K any](left, right *side[T, K]) Pair[T] {
	order := left.compareTo(right)
	var pair Pair[T]
	if order <= 0 {
		element := left.element
		pair.Before = &element
		left.advance()
	}
	if order >= 0 {
		element := right.element
		pair.After = &element
		right.advance()
	}
	return pair
}

// side is one of the two streams, with its next element.
type side[T, K any] struct {
	name    string
	pull    func() (T, error, bool)
	key     func(T) K
	compare func(a, b K) int
	element T
	id      K
	begun   bool
	done    bool
	err     error
}

func newSide[T, K any](
	name string, elements iter.Seq2[T, error], key func(T) K, compare func(a, b K) int,
) (*side[T, K], func()) {
	pull, stop := iter.Pull2(elements)
	s := &side[T, K]{name: name, pull: pull, key: key, compare: compare}
	s.advance()
	return s, stop
}

func (s *side[T, K]) advance() {
	element, err, ok := s.pull()
	if !ok || err != nil {
		s.done = !ok
		if err != nil {
			s.err = fmt.Errorf("reading the %s one: %w", s.name, err)
		}
		return
	}
	id := s.key(element)
	if s.begun && s.compare(id, s.id) <= 0 {
		s.err = fmt.Errorf("the %s one is out of order: %v comes after %v", s.name, id, s.id)
		return
	}
	s.element, s.id, s.begun = element, id, true
}

// compareTo orders the next elements; a side that is done comes last.
func (s *side[T, K]) compareTo(other *side[T, K]) int {
	switch {
	case s.done:
		return 1
	case other.done:
		return -1
	}
	return s.compare(s.id, other.id)
}
