// Package identity is the neutral model: what an incumbent has (items) and what a target has (resources).
//
// In: nothing. Out: the types that every other package speaks: Kind, Item, Reference, Resource, Translation.
// It imports the standard library only and names no product, so that a new provider needs no change here.
// Begin with Item in item.go; the documented fields of each kind are in kinds.go; what a target says about
// an item is in translation.go.
package identity
