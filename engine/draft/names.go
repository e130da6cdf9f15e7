package draft

import "github.com/rehome-iam/rehome/engine/identity"

// nameAssignments gives assignments a name that a reader knows, "Finance -> Expenses", where the source gave ids only.
// Names are not part of the hash.
func (b *builder) nameAssignments() {
	for _, item := range b.items {
		if item.of.Kind != identity.KindAppAssignment {
			continue
		}
		application, known := b.nameOf(item, "application")
		if !known {
			continue
		}
		principal, known := b.nameOf(item, "principal")
		if !known {
			principal = item.of.Name
		}
		item.of.Name = principal + " -> " + application
	}
}

// nameOf is the name of the item that the role points to.
func (b *builder) nameOf(item *itemState, role string) (string, bool) {
	reference, ok := item.of.Refer(role)
	if !ok {
		return "", false
	}
	other := b.byID[identity.Address{Source: item.of.Source, Kind: reference.Kind, ID: reference.ID}.String()]
	if other == nil || other.of.Name == "" {
		return "", false
	}
	return other.of.Name, true
}
