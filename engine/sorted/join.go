package sorted

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Pair is what two streams have under one key. Before or After is nil where one stream does not have it.
type Pair[T any] struct {
	Before, After *T
}

// Join pairs two streams by key. An element out of order, or one that comes twice, is an error, as is an error of a
// stream; it ends the walk. One element of each stream is in memory.
func Join[T any](before, after iter.Seq2[T, error], key func(T) identity.ItemID) iter.Seq2[Pair[T], error] {
	return func(yield func(Pair[T], error) bool) {
		left, stopLeft := newSide("earlier", before, key)
		defer stopLeft()
		right, stopRight := newSide("later", after, key)
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
func next[T any](left, right *side[T]) Pair[T] {
	order := compare(left, right)
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
type side[T any] struct {
	name    string
	pull    func() (T, error, bool)
	key     func(T) identity.ItemID
	element T
	id      identity.ItemID
	rank    int // of the kind
	begun   bool
	done    bool
	err     error
}

func newSide[T any](name string, elements iter.Seq2[T, error], key func(T) identity.ItemID) (*side[T], func()) {
	pull, stop := iter.Pull2(elements)
	s := &side[T]{name: name, pull: pull, key: key}
	s.advance()
	return s, stop
}

func (s *side[T]) advance() {
	element, err, ok := s.pull()
	if !ok || err != nil {
		s.done = !ok
		if err != nil {
			s.err = fmt.Errorf("reading the %s one: %w", s.name, err)
		}
		return
	}
	id, rank := s.key(element), s.rank
	if !s.begun || id.Kind != s.id.Kind {
		rank = slices.Index(identity.Kinds(), id.Kind)
	}
	if s.begun && (rank < s.rank || rank == s.rank && id.ID <= s.id.ID) {
		s.err = fmt.Errorf("the %s one is out of order: %s comes after %s", s.name, id, s.id)
		return
	}
	s.element, s.id, s.rank, s.begun = element, id, rank, true
}

// compare orders the next elements; a side that is done comes last.
func compare[T any](left, right *side[T]) int {
	switch {
	case left.done:
		return 1
	case right.done:
		return -1
	case left.rank != right.rank:
		return left.rank - right.rank
	}
	return strings.Compare(left.id.ID, right.id.ID)
}
