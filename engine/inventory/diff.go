package inventory

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/sorted"
	"github.com/rehome-iam/rehome/engine/value"
)

// ChangeType says what became of an item between two reads of one source.
type ChangeType string

// The types of change.
const (
	Added   ChangeType = "added"
	Removed ChangeType = "removed"
	Changed ChangeType = "changed"
)

// Change is one item that is not the same in two reads of one source. Before is nil for an added item, After for a
// removed one. Fields lists what differs of a changed one, sorted by name.
type Change struct {
	Type   ChangeType     `json:"type"`
	Kind   identity.Kind  `json:"kind"`
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Fields []FieldChange  `json:"fields,omitempty"`
	Before *identity.Item `json:"-"`
	After  *identity.Item `json:"-"`
}

// FieldChange is one attribute, or one of name, references, gaps, secrets and deleted, written as (name). Values are
// JSON; a field that one side does not have is null there. OrderOnly says that a list holds the same elements, in
// another order or not as often.
type FieldChange struct {
	Field     string          `json:"field"`
	Before    json.RawMessage `json:"before"`
	After     json.RawMessage `json:"after"`
	OrderOnly bool            `json:"order_only,omitempty"`
}

// Diff compares two reads of one source, item by item and field by field. Both must hold the same kinds in the same
// order: that of identity.Kinds, each kind sorted by id, as a store hands them out; an item out of order, or one that
// comes twice, is an error. Only one item of each side is in memory. Where an item came from (raw body, page, version
// of its kind) is not compared.
func Diff(before, after iter.Seq2[identity.Item, error]) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for pair, err := range sorted.Join(before, after, itemID, identity.ItemID.Compare) {
			var change Change
			differs := err != nil
			if err == nil {
				change, differs, err = changeOf(pair)
			}
			if (differs || err != nil) && !yield(change, err) || err != nil {
				return
			}
		}
	}
}

func itemID(item identity.Item) identity.ItemID { return identity.ItemID{Kind: item.Kind, ID: item.ID} }

// changeOf tells whether a pair differs, and in what.
func changeOf(pair sorted.Pair[identity.Item]) (Change, bool, error) {
	item, kind := pair.After, Added
	if item == nil {
		item, kind = pair.Before, Removed
	}
	change := Change{Type: kind, Kind: item.Kind, ID: item.ID, Name: item.Name, Before: pair.Before, After: pair.After}
	if pair.Before == nil || pair.After == nil {
		return change, true, nil
	}
	fields, err := DiffItem(*pair.Before, *pair.After)
	change.Type, change.Fields = Changed, fields
	return change, len(fields) > 0, err
}

// DiffItem names the fields in which two reads of one item differ, sorted; what is equal is said by package value.
// Beyond that an attribute that one side does not have at all, because its version of the kind did not know it,
// equals false and 0 too; and where a kind gives null a meaning of its own, null and empty differ.
func DiffItem(before, after identity.Item) ([]FieldChange, error) {
	var changes []FieldChange
	if !bytes.Equal(before.Attributes, after.Attributes) {
		old, err := attributesOf(before)
		if err != nil {
			return nil, err
		}
		renewed, err := attributesOf(after)
		if err != nil {
			return nil, err
		}
		changes = append(changes, diffAttributes(after.Kind, old, renewed)...)
	}
	changes = append(changes, diffRest(before, after)...)
	if changed, differs := diffName(before, after, changes); differs {
		changes = append(changes, changed)
	}
	sort.Slice(changes, func(i, j int) bool { return changes[i].Field < changes[j].Field })
	return changes, nil
}

func attributesOf(item identity.Item) (map[string]json.RawMessage, error) {
	attributes := map[string]json.RawMessage{}
	if len(item.Attributes) == 0 {
		return attributes, nil
	}
	if err := item.Decode(&attributes); err != nil {
		return nil, err
	}
	return attributes, nil
}

func diffAttributes(kind identity.Kind, before, after map[string]json.RawMessage) []FieldChange {
	names := map[string]json.RawMessage{}
	maps.Copy(names, before)
	maps.Copy(names, after)
	var changes []FieldChange
	for name := range names {
		old, had := before[name]
		renewed, has := after[name]
		if bytes.Equal(old, renewed) || !had && isUnset(renewed) || !has && isUnset(old) {
			continue
		}
		x, y := decoded(old), decoded(renewed)
		if value.Equal(x, y) && !(had && has && (x == nil) != (y == nil) && nullMeans(kind, name)) {
			continue
		}
		changes = append(changes, FieldChange{Field: name, Before: orNull(old), After: orNull(renewed),
			OrderOnly: areLists(x, y) && value.EqualSets(x, y)})
	}
	return changes
}

func orNull(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("null")
	}
	return text
}

// decoded reads JSON with its numbers as they were written. What does not read is its own text.
func decoded(text json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if len(text) > 0 && decoder.Decode(&v) != nil {
		return string(text)
	}
	return v
}

// isUnset tells whether an attribute has the value that it gets where nobody set it.
func isUnset(text json.RawMessage) bool {
	v := decoded(text)
	return value.IsNothing(v) || value.Equal(v, false) || value.Equal(v, 0)
}

func nullMeans(kind identity.Kind, name string) bool {
	return slices.ContainsFunc(kinds.Fields(kind), func(f kinds.Field) bool { return f.Name == name && f.Nullable })
}

func areLists(a, b any) bool {
	_, left := a.([]any)
	_, right := b.([]any)
	return left && right
}

// text is a value as JSON; what is compared here always encodes.
func text(v any) json.RawMessage { return json.RawMessage(value.Text(v)) }

// diffRest compares what is no attribute.
func diffRest(before, after identity.Item) []FieldChange {
	var changes []FieldChange
	compare := func(field string, old, renewed any, same bool) {
		if !same {
			changes = append(changes, FieldChange{Field: field, Before: text(old), After: text(renewed)})
		}
	}
	compare("(deleted)", before.Deleted, after.Deleted, before.Deleted == after.Deleted)
	compare("(references)", before.References, after.References, slices.Equal(before.References, after.References))
	compare("(gaps)", before.Gaps, after.Gaps, slices.Equal(before.Gaps, after.Gaps))
	compare("(secrets)", before.Secrets, after.Secrets, slices.Equal(before.Secrets, after.Secrets))
	return changes
}

// diffName tells of a new name once: not where an attribute says the same, nor of an item that joins two others and
// is called as one of them.
func diffName(before, after identity.Item, said []FieldChange) (FieldChange, bool) {
	if before.Name == after.Name {
		return FieldChange{}, false
	}
	switch after.Kind {
	case identity.KindMembership, identity.KindAppAssignment, identity.KindRoleAssignment:
		return FieldChange{}, false
	}
	change := FieldChange{Field: "(name)", Before: text(before.Name), After: text(after.Name)}
	for _, other := range said {
		if value.Equal(other.Before, before.Name) && value.Equal(other.After, after.Name) {
			return FieldChange{}, false
		}
	}
	return change, true
}

// DiffGaps lists what only one of two reads could not read. What is missing from a kind with a gap may still be
// there.
func DiffGaps(before, after []identity.Gap) (opened, closed []identity.Gap) {
	missing := func(from, in []identity.Gap) []identity.Gap {
		var only []identity.Gap
		for _, gap := range from {
			if !slices.ContainsFunc(in, func(other identity.Gap) bool {
				return other.Kind == gap.Kind &&
					other.Path == gap.Path
			}) {
				only = append(only, gap)
			}
		}
		return only
	}
	return missing(after, before), missing(before, after)
}

// Tally counts changes by kind and type, and holds nothing else.
type Tally map[identity.Kind]map[ChangeType]int

// Add counts one change.
func (t Tally) Add(c Change) {
	if t[c.Kind] == nil {
		t[c.Kind] = map[ChangeType]int{}
	}
	t[c.Kind][c.Type]++
}

// Total is the number of changes of a type over all kinds; without a type, of all changes.
func (t Tally) Total(types ...ChangeType) int {
	total := 0
	for _, counts := range t {
		for kind, n := range counts {
			if len(types) == 0 || slices.Contains(types, kind) {
				total += n
			}
		}
	}
	return total
}
