// Package parity holds what the incumbents grant against what the target grants.
//
// In: the newest completed snapshot of each source, the bindings of the migration, the live resources that a
// verification has read. Out: a verify.Incumbent with the assignments that hold in the target and those that do not,
// with how many people hang on them, and a result for each application whose target grants more than its source. It
// compares grants, not persons: who comes in through a grant is not its to say. It reads no source and no target
// itself. Begin with Grants in parity.go; the comparison is in compare.go.
package parity
