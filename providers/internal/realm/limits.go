package realm

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// WithinLimits makes what was translated fit the columns of the server: ornaments are shortened, what is worth
// nothing in part is left out, each with a note; a name or an address that does not fit leaves nothing to create.
func WithinLimits(t contract.Translation) contract.Translation {
	var findings []fidelity.Finding
	for i, r := range t.Resources {
		for _, f := range TypeOf(r.Type).fields {
			if value, set := r.Attributes[f.name]; set && f.limit > 0 {
				findings = append(findings, fit(t.Resources[i].Attributes, f, value)...)
			}
		}
	}
	t.Findings = append(t.Findings, findings...)
	if slices.ContainsFunc(findings, func(f fidelity.Finding) bool { return f.Type == fidelity.Invalid }) {
		t.Resources = nil
	}
	return t
}

func fit(a identity.Attributes, f field, value any) []fidelity.Finding {
	switch v := value.(type) {
	case string:
		if length(v) <= f.limit {
			return nil
		}
		switch f.long {
		case shortened:
			a[f.name] = fitting(v, f.limit)
			return []fidelity.Finding{lost(f.name, fmt.Sprintf("shortened to %d of %d characters, which is what the "+
				"server keeps", f.limit, length(v)))}
		case leftOut:
			delete(a, f.name)
			return []fidelity.Finding{lost(f.name, fmt.Sprintf("left out: it has %d characters, and the server keeps %d",
				length(v), f.limit))}
		}
		return []fidelity.Finding{tooLong(f.name, f.limit)}
	case []any:
		if slices.ContainsFunc(object.Texts(v), func(text string) bool { return length(text) > f.limit }) {
			return []fidelity.Finding{tooLong(f.name, f.limit)}
		}
	case map[string]any: // or a reference to an item
		if f.form == asTable {
			return fitTable(a, f, v)
		}
	}
	return nil
}

// fitTable leaves values of custom attributes out that the server does not keep. Half of a distinguished name is
// nobody's.
func fitTable(a identity.Attributes, f field, table map[string]any) []fidelity.Finding {
	var findings []fidelity.Finding
	kept := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		values := slices.DeleteFunc(object.Texts(table[name]), func(text string) bool { return length(text) > f.limit })
		if length(name) > f.limit {
			values = nil
		}
		if left := len(object.Texts(table[name])) - len(values); left > 0 {
			findings = append(findings, lost(f.name+"."+name, fmt.Sprintf("left out: a value of more than %d characters, "+
				"which the server does not keep", f.limit)))
		}
		if len(values) > 0 || len(object.Texts(table[name])) == 0 {
			kept[name] = object.List(values)
		}
	}
	a[f.name] = kept
	return findings
}

// lengths blocks what a block of the configuration, or the address of an item, made longer than the server keeps: a
// translation fits, and is changed afterwards.
func (c *checker) lengths(desired []identity.Resource) {
	for _, r := range desired {
		for _, f := range TypeOf(r.Type).fields {
			// An alias has a check of its own, which says more.
			if f.limit == 0 || f.computed || r.Type == TypeProvider && f.name == "alias" || !f.exceeded(r.Attributes[f.name]) {
				continue
			}
			why := tooLong(f.name, f.limit)
			c.block(r.ID(), f.name, why.Summary, "Choose a shorter one where it is set: in a map or merge block, or at the "+
				"source.")
		}
		if taggedByAttribute(r.Type) && length(r.Tag) > column {
			c.block(r.ID(), "", fmt.Sprintf("the address of its item, which is its mark, is longer than the %d characters that "+
				"the server keeps", column), "Give the source a shorter name.")
		}
	}
}

// taggedByAttribute tells whether the mark of a resource stands in an attribute of a group: organizations are kept as
// groups.
func taggedByAttribute(resourceType string) bool {
	return resourceType == TypeGroup || resourceType == TypeOrganization
}

// exceeded tells whether a value has a text that is longer than the row allows.
func (f field) exceeded(value any) bool {
	switch v := value.(type) {
	case string:
		return length(v) > f.limit
	case []any:
		return slices.ContainsFunc(object.Texts(v), func(text string) bool { return length(text) > f.limit })
	case map[string]any:
		for name, each := range v {
			if f.form == asTable && (length(name) > f.limit || f.exceeded(each)) {
				return true
			}
		}
	}
	return false
}

func lost(field, summary string) fidelity.Finding {
	return fidelity.Finding{Type: fidelity.Lost, Field: field, Summary: summary}
}

func tooLong(field string, limit int) fidelity.Finding {
	return fidelity.Finding{Type: fidelity.Invalid, Field: field,
		Summary: fmt.Sprintf("longer than the %d characters that the server keeps", limit),
		Action:  "Choose a shorter one with set in a map block, and tell everybody who uses the old one."}
}

// Fits tells whether a text fits the column of an attribute.
func Fits(resourceType, attribute, text string) bool {
	limit := limitOf(resourceType, attribute)
	return limit == 0 || length(text) <= limit
}

// TooLong is the finding about a text that does not fit the column of an attribute, under the name of the item's own
// field.
func TooLong(resourceType, attribute, field, text string) []fidelity.Finding {
	if Fits(resourceType, attribute, text) {
		return nil
	}
	return []fidelity.Finding{tooLong(field, limitOf(resourceType, attribute))}
}

// FittingName makes a name of ours, such as that of a mapper, fit its column.
func FittingName(name string) string {
	if length(name) <= column {
		return name
	}
	return fitting(name, column)
}
