package pseudonym

import (
	"encoding/json"
	"strings"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
)

// hidden stands where a value was that may name a person.
const hidden = "(hidden)"

// Item is the item as it may leave the terminal: a person is a pseudonym, and what is known of one is left out, because
// fields and raw payloads name people in too many ways. A nil masker names them, here and below.
func (m *Masker) Item(item identity.Item) identity.Item {
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

// Change names the fields that changed of a person, and not their values.
func (m *Masker) Change(c inventory.Change) inventory.Change {
	item := c.After
	if item == nil {
		item = c.Before
	}
	if m == nil || item == nil || item.Person() == "" {
		return c
	}
	masked := m.Item(*item)
	c.ID, c.Name = masked.ID, masked.Name
	fields := make([]inventory.FieldChange, len(c.Fields))
	for i, f := range c.Fields {
		f.Before, f.After = json.RawMessage(`"`+hidden+`"`), json.RawMessage(`"`+hidden+`"`)
		fields[i] = f
	}
	c.Fields = fields
	return c
}

// address masks the address and name of a result about a person. Of a membership it knows the id only, which ends
// with the person's.
func (m *Masker) address(address identity.Address, name string) (identity.Address, string) {
	if m == nil || !address.Kind.IsPeople() {
		return address, name
	}
	person := address.ID[strings.LastIndexAny(address.ID, ":/")+1:]
	masked := m.Pseudonym(address.Source, person)
	address.ID = strings.TrimSuffix(address.ID, person) + masked
	return address, masked
}

// Result is a verdict as it may leave the terminal.
func (m *Masker) Result(r assess.Result) assess.Result {
	r.Address, r.Name = m.address(r.Address, r.Name)
	return r
}

// Verdict is a change of a verdict as it may leave the terminal.
func (m *Masker) Verdict(c assess.Change) assess.Change {
	c.Address, c.Name = m.address(c.Address, c.Name)
	return c
}
