package reading

import (
	"encoding/json"
	"strings"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

// A person in JSON is a pseudonym, and what is known of one is left out: fields and raw payloads name people in too
// many ways. With
// -show-people the masker is nil and all is told.

// hidden stands where a value was that may name a person.
const hidden = "(hidden)"

// HideItem is the item as it may leave the terminal.
func HideItem(m *pseudonym.Masker, item identity.Item) identity.Item {
	person := item.Person()
	if m == nil || person == "" {
		return item
	}
	name := m.Pseudonym(item.Source, person)
	item.ID, item.Name = strings.ReplaceAll(item.ID, person, name), name
	item.Attributes, item.Raw = json.RawMessage(`"`+hidden+`"`), nil
	references := make([]identity.Reference, len(item.References))
	for i, r := range item.References {
		if r.ID == person {
			r.ID = name
		}
		references[i] = r
	}
	item.References = references
	return item
}

// HideChange names the fields that changed of a person, and not their values.
func HideChange(m *pseudonym.Masker, c inventory.Change) inventory.Change {
	item := c.After
	if item == nil {
		item = c.Before
	}
	if m == nil || item == nil || item.Person() == "" {
		return c
	}
	masked := HideItem(m, *item)
	c.ID, c.Name = masked.ID, masked.Name
	fields := make([]inventory.FieldChange, len(c.Fields))
	for i, f := range c.Fields {
		f.Before, f.After = json.RawMessage(`"`+hidden+`"`), json.RawMessage(`"`+hidden+`"`)
		fields[i] = f
	}
	c.Fields = fields
	return c
}

// hideAddress masks the address and name of a result about a person. Of a membership it knows the id only, which ends
// with the person's.
func hideAddress(m *pseudonym.Masker, address identity.Address, name string) (identity.Address, string) {
	if m == nil || !address.Kind.IsPeople() {
		return address, name
	}
	person := address.ID[strings.LastIndexAny(address.ID, ":/")+1:]
	masked := m.Pseudonym(address.Source, person)
	address.ID = strings.TrimSuffix(address.ID, person) + masked
	return address, masked
}

// HideResult is a verdict as it may leave the terminal.
func HideResult(m *pseudonym.Masker, r assess.Result) assess.Result {
	r.Address, r.Name = hideAddress(m, r.Address, r.Name)
	return r
}

// HideVerdict is a change of a verdict as it may leave the terminal.
func HideVerdict(m *pseudonym.Masker, c assess.Change) assess.Change {
	c.Address, c.Name = hideAddress(m, c.Address, c.Name)
	return c
}
