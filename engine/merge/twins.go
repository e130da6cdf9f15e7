package merge

import (
	"slices"
	"sync"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// twins notices blocks that mean two items by a name that they do not share: spelt in different forms of Unicode they
// look the same, and who wrote the block saw one of them. It is safe for many goroutines.
type twins struct {
	named sync.Map // namedBy to identity.Item
}

// namedBy is a name, in its normal form, by which a block finds items.
type namedBy struct {
	block, text string
}

// of refuses an item that has a twin. A block that names the item by its id means it.
func (t *twins) of(block block, keys Keys, item identity.Item) *diag.Diagnostic {
	key := NewKey(KeyName, item.Name)
	if !slices.Contains(keys, key) || slices.Contains(keys, NewKey(KeyID, item.ID)) {
		return nil
	}
	known, _ := t.named.LoadOrStore(namedBy{block.String(), key.Text}, item)
	first, is := known.(identity.Item)
	if !is || first.Name == item.Name {
		return nil
	}
	d := at(diag.Errorf("block-names-twins", "Block means two items of different names",
		"%s means %s and %s. Their names look the same and are spelt differently (%+q, %+q), so they are not decided "+
			"together.\nName one with item.id in the where, and write another block for the other.",
		block, first.Address(), item.Address(), first.Name, item.Name), block.place)
	d.Address = item.Address().String()
	return &d
}
