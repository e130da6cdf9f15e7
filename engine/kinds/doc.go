// Package kinds says what an item of each kind holds: one struct a kind, whose fields are the documented attributes
// that expressions in HCL name.
//
// In: nothing. Out: the structs, and their fields for the reference and for the checks of expressions. It must not know
// providers or targets. Begin with Application in kinds.go.
package kinds
