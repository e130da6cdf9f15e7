package merge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Wish is what one item would make, before anything is decided about it. Decided says that a create_new block means the
// item: what it makes is settled then, and only its key can still collide.
type Wish struct {
	Item    identity.Address
	Name    string
	Desired identity.Resource
	Decided bool
}

// Wishes finds items that would make the same resource, or of other sources one that is likely the same. Items of one
// source that are alike are two, because the source holds both; those of one key collide where they stand alone, such
// as two groups of one name.
type Wishes struct {
	index    *Index
	byKey    map[identity.ResourceID][]Wish
	evidence map[string][]Wish // type, attribute, value
}

// keyPosition stands for the key among the positions of evidence.
const keyPosition = -1

// NewWishes makes an empty one; the index knows the schemas.
func NewWishes(index *Index) *Wishes {
	return &Wishes{index: index, byKey: map[identity.ResourceID][]Wish{}, evidence: map[string][]Wish{}}
}

// Add takes one wish, in the order of the addresses of their items. One whose key depends on other items is left out:
// it collides where they do.
func (w *Wishes) Add(wish Wish) {
	schema := w.index.schemas[wish.Desired.Type]
	key, err := schema.Key(wish.Desired.Attributes)
	if err != nil || len(schema.ItemKinds) == 0 || OnlyKey(schema) {
		return
	}
	wish.Desired.Key = key
	folded := w.index.Fold(wish.Desired.ID())
	w.byKey[folded] = append(w.byKey[folded], wish)
	for _, name := range schema.Evidence {
		for _, value := range evidenceValues(wish.Desired.Attributes[name]) {
			place := evidencePlace(wish.Desired.Type, name, value)
			w.evidence[place] = append(w.evidence[place], wish)
		}
	}
}

// Others lists what other items would make, best first, each resource once, named by the first item that makes it.
func (w *Wishes) Others(item identity.Address, desired identity.Resource) []Candidate {
	if w == nil {
		return nil
	}
	found := map[identity.ResourceID]Candidate{}
	add := func(wish Wish, position int, reason string) {
		id := w.index.Fold(wish.Desired.ID())
		if wish.Item.Source == item.Source && (position != keyPosition || !w.apart(item, wish)) || found[id].By == BasisKey ||
			found[id].Item != "" && found[id].Item < wish.Item.String() {
			return
		}
		c := found[id]
		if c.Item != wish.Item.String() {
			c = Candidate{Resource: wish.Desired.ID(), Item: wish.Item.String()}
		}
		if position == keyPosition {
			c.By, c.Score, c.Reasons = BasisKey, 100, []string{reason}
		} else {
			c = c.with(position, reason)
		}
		found[id] = c
	}
	for _, wish := range w.byKey[w.index.Fold(desired.ID())] {
		add(wish, keyPosition, "same key as "+wish.label())
	}
	names := w.index.schemas[desired.Type].Evidence
	for position, name := range names {
		seen := map[string]bool{}
		for _, value := range evidenceValues(desired.Attributes[name]) {
			for _, wish := range w.evidence[evidencePlace(desired.Type, name, value)] {
				if !wish.Decided && !seen[wish.Item.String()] {
					seen[wish.Item.String()] = true
					add(wish, position, "same "+name+" as "+wish.label())
				}
			}
		}
	}
	others := make([]Candidate, 0, len(found))
	for _, c := range found {
		others = append(others, c)
	}
	slices.SortFunc(others, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Item, b.Item))
	})
	return others[:min(len(others), maxCandidates)]
}

// apart tells whether two items of one source must not become one resource by its key. Those of other kinds do on
// purpose: all routing rules of a provider are one organization.
func (w *Wishes) apart(item identity.Address, wish Wish) bool {
	return wish.Item != item && wish.Item.Kind == item.Kind && item.Kind.StandsAlone() &&
		slices.Contains(w.index.schemas[wish.Desired.Type].ItemKinds, item.Kind)
}

func (w Wish) label() string {
	return fmt.Sprintf("%s %q of %s", strings.ReplaceAll(string(w.Item.Kind), "_", " "), w.Name, w.Item.Source)
}

func evidencePlace(kind, name, value string) string { return kind + "\x00" + name + "\x00" + value }

// OnlyKey tells whether a resource of the type is nothing but its key, such as a role assignment: two of one key are
// the same.
func OnlyKey(schema identity.ResourceSchema) bool {
	for _, a := range schema.Attributes {
		if !a.Identity && !a.Computed {
			return false
		}
	}
	return true
}
