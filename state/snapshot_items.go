package state

import (
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// The two values of a page: what is known of it, and its body.
const (
	headPart = "head"
	bodyPart = "body"
)

func pageKey(snapshot, part string, sequence int) string {
	return fmt.Sprintf("%s/%s/%08d", snapshot, part, sequence)
}

// Items streams the items of the given kinds: kind by kind in the given order, each kind sorted by id. It holds one
// chunk of each run that was flushed, whatever the size of the snapshot.
func (m *Migration) Items(snapshot string, kinds ...identity.Kind) iter.Seq2[identity.Item, error] {
	return func(yield func(identity.Item, error) bool) {
		for _, kind := range kinds {
			merged, err := m.runs(snapshot, kind)
			if err != nil {
				yield(identity.Item{}, err)
				return
			}
			for merged.Len() > 0 {
				if !yield(merged[0].items[0], nil) {
					return
				}
				if err := merged.advance(m.space); err != nil {
					yield(identity.Item{}, err)
					return
				}
			}
		}
	}
}

// Item finds one item of a snapshot, or ErrNotFound. It reads one chunk of each run.
func (m *Migration) Item(snapshot string, id identity.ItemID) (identity.Item, error) {
	for item, err := range m.Items(snapshot, id.Kind) {
		if err != nil {
			return identity.Item{}, err
		}
		if item.ID == id.ID {
			return item, nil
		}
		if item.ID > id.ID {
			break
		}
	}
	return identity.Item{}, fmt.Errorf("item %s of snapshot %s: %w", id, snapshot, ErrNotFound)
}

// run is a sorted sequence of chunks of which the first is in memory.
type run struct {
	items []identity.Item
	keys  []string // of the chunks that follow
}

// mergedRuns is a heap: the run with the smallest next id comes first.
type mergedRuns []*run

func (m mergedRuns) Len() int           { return len(m) }
func (m mergedRuns) Less(i, j int) bool { return m[i].items[0].ID < m[j].items[0].ID }
func (m mergedRuns) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }

// Push implements heap.Interface.
func (m *mergedRuns) Push(x any) { *m = append(*m, x.(*run)) }

// Pop implements heap.Interface.
func (m *mergedRuns) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// advance drops the item that was just handed out.
func (m *mergedRuns) advance(p space) error {
	first := (*m)[0]
	first.items = first.items[1:]
	if len(first.items) == 0 {
		if err := first.load(p); err != nil {
			return err
		}
	}
	if len(first.items) == 0 {
		heap.Pop(m)
		return nil
	}
	heap.Fix(m, 0)
	return nil
}

// load reads the next chunk; without one the items are empty.
func (r *run) load(p space) error {
	r.items = nil
	for len(r.items) == 0 && len(r.keys) > 0 {
		if err := p.get(bucketItems, r.keys[0], &r.items); err != nil {
			return err
		}
		r.keys = r.keys[1:]
	}
	return nil
}

func (m *Migration) runs(snapshot string, kind identity.Kind) (mergedRuns, error) {
	keys, err := m.keys(bucketItems, snapshot+"/"+string(kind)+"/")
	if err != nil {
		return nil, err
	}
	var merged mergedRuns
	last := ""
	for _, key := range keys {
		name := key[:strings.LastIndexByte(key, '/')]
		if name != last {
			merged, last = append(merged, &run{}), name
		}
		current := merged[len(merged)-1]
		current.keys = append(current.keys, key)
	}
	filled := merged[:0]
	for _, r := range merged {
		if err := r.load(m.space); err != nil {
			return nil, err
		}
		if len(r.items) > 0 {
			filled = append(filled, r)
		}
	}
	heap.Init(&filled)
	return filled, nil
}

// PageHeads streams what is known of each page of a snapshot, without the bodies, in order.
func (m *Migration) PageHeads(snapshot string) iter.Seq2[identity.PageEvidence, error] {
	return func(yield func(identity.PageEvidence, error) bool) {
		keys, err := m.keys(bucketPages, snapshot+"/"+headPart+"/")
		if err != nil {
			yield(identity.PageEvidence{}, err)
			return
		}
		for _, key := range keys {
			var page identity.PageEvidence
			err := m.get(bucketPages, key, &page)
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// Pages streams the page evidence of a snapshot in order, a body in memory at a time.
func (m *Migration) Pages(snapshot string) iter.Seq2[identity.PageEvidence, error] {
	return func(yield func(identity.PageEvidence, error) bool) {
		for page, err := range m.PageHeads(snapshot) {
			if err == nil {
				page.Body, err = m.getRaw(bucketPages, pageKey(snapshot, bodyPart, page.Sequence))
			}
			if errors.Is(err, ErrNotFound) {
				err = fmt.Errorf("%w: page %d of snapshot %s has no body", ErrCorrupt, page.Sequence, snapshot)
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}
