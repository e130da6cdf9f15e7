// Package identity is the neutral model: what an incumbent has (items) and what a target has (resources).
//
// In: nothing. Out: the types that every other package speaks: Kind, Item, Reference, Resource, Attributes. It imports
// the standard library only and names no product, so that a new provider needs no change here. Begin with Item in
// item.go; what an item of each kind holds is in engine/kinds, what a target says about one in engine/fidelity.
package identity
