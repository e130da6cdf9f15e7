package merge

import (
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/rehome-iam/rehome/engine/identity"
)

// KeyField is a field of an item by which blocks are looked up.
type KeyField string

// The fields.
const (
	KeyName KeyField = "name"
	KeyID   KeyField = "id"
)

// Key is a value that an item must have for a condition to be true.
type Key struct {
	Field KeyField
	Text  string // in Unicode NFC, as the language of conditions compares texts
}

// NewKey makes a key of a text in any form.
func NewKey(field KeyField, text string) Key { return Key{Field: field, Text: norm.NFC.String(text)} }

// Keys are all the keys that a condition can be true for. None at all means that any item may meet it.
type Keys []Key

func keysOf(item identity.Item) [2]Key {
	return [2]Key{NewKey(KeyName, item.Name), NewKey(KeyID, item.ID)}
}

// blockIndex finds the blocks that may mean an item without asking every one: a thousand blocks over a hundred
// thousand items would be a hundred million questions.
type blockIndex struct {
	open  map[identity.Kind][]int // positions of the blocks without keys, ascending
	keyed map[identity.Kind]map[Key][]int
}

func newBlockIndex() *blockIndex {
	return &blockIndex{open: map[identity.Kind][]int{}, keyed: map[identity.Kind]map[Key][]int{}}
}

// add takes the block at a position. Positions come in ascending order.
func (x *blockIndex) add(position int, kind identity.Kind, keys Keys) {
	if len(keys) == 0 {
		x.open[kind] = append(x.open[kind], position)
		return
	}
	if x.keyed[kind] == nil {
		x.keyed[kind] = map[Key][]int{}
	}
	for _, key := range keys {
		x.keyed[kind][key] = append(x.keyed[kind][key], position)
	}
}

// candidates are the positions of the blocks that may mean an item, ascending, each once. The caller does not change
// them.
func (x *blockIndex) candidates(item identity.Item) []int {
	open, keyed := x.open[item.Kind], x.keyed[item.Kind]
	if len(keyed) == 0 {
		return open
	}
	var hits []int
	for _, key := range keysOf(item) {
		hits = append(hits, keyed[key]...)
	}
	if len(hits) == 0 {
		return open
	}
	hits = append(hits, open...)
	slices.Sort(hits)
	return slices.Compact(hits)
}
