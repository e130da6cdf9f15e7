package assess

import (
	"iter"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/sorted"
)

// ChangeType says what became of a result between two assessments.
type ChangeType string

// The types of change.
const (
	Added   ChangeType = "added"
	Removed ChangeType = "removed"
	Changed ChangeType = "changed"
)

// Change is one item that two assessments judge differently, or that only one of them has. Class is that of the later
// one, or of the earlier one where it is gone. Fields lists what differs, in the order of Result.
type Change struct {
	Type    ChangeType       `json:"type"`
	Address identity.Address `json:"address"`
	Name    string           `json:"name"`
	Class   Class            `json:"class"`
	Fields  []FieldChange    `json:"fields,omitempty"`
}

// FieldChange is one part of a result both ways: text, or a list of texts.
type FieldChange struct {
	Field  string `json:"field"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// Diff compares two assessments of one snapshot, or of two of one source: class, contract, notes, missing evidence,
// blocked reason, to-do and impacts. Both have the order of items: kinds as identity.Kinds lists them, each sorted by
// id. One result of each is in memory.
func Diff(before, after iter.Seq2[Result, error]) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for pair, err := range sorted.Join(before, after, resultID, identity.ItemID.Compare) {
			if err != nil {
				yield(Change{}, err)
				return
			}
			if change, differs := changeOf(pair); differs && !yield(change, nil) {
				return
			}
		}
	}
}

func resultID(r Result) identity.ItemID {
	return identity.ItemID{Kind: r.Address.Kind, ID: r.Address.ID}
}

func changeOf(pair sorted.Pair[Result]) (Change, bool) {
	result, kind := pair.After, Added
	if result == nil {
		result, kind = pair.Before, Removed
	}
	change := Change{Type: kind, Address: result.Address, Name: result.Name, Class: result.Class}
	if pair.Before == nil || pair.After == nil {
		return change, true
	}
	change.Type, change.Fields = Changed, diffResults(*pair.Before, *pair.After)
	return change, len(change.Fields) > 0
}

func diffResults(a, b Result) []FieldChange {
	var changes []FieldChange
	text := func(field, before, after string) {
		if before != after {
			changes = append(changes, FieldChange{Field: field, Before: before, After: after})
		}
	}
	list := func(field string, before, after []string) {
		if !slices.Equal(before, after) {
			changes = append(changes, FieldChange{Field: field, Before: orEmpty(before), After: orEmpty(after)})
		}
	}
	text("class", string(a.Class), string(b.Class))
	text("contract", a.Contract, b.Contract)
	list("notes", a.Notes, b.Notes)
	list("missing", a.Missing, b.Missing)
	text("blocked_reason", a.BlockedReason, b.BlockedReason)
	text("to_do", a.ToDo, b.ToDo)
	text("operator_impact", string(a.OperatorImpact), string(b.OperatorImpact))
	text("user_impact", string(a.UserImpact), string(b.UserImpact))
	return changes
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
