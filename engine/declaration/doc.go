// Package declaration holds what the configuration declares about a move beside its resources: the way back, the
// evidence that people vouch for, what is decided about single resources on the way back, and how old snapshots may be.
//
// In: values of blocks that config read. Out: what differs between two readings of them. It knows no plan, state or
// configuration. Begin with Declared in declared.go.
package declaration
