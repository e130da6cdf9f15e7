// Package merge pairs what items become with what already lives in the target, and applies the author's decisions.
//
// In: live resources, resource schemas, bindings of earlier runs, the merge, skip and map blocks as plain structs. Out:
// for each desired resource an Outcome: which live resource it is, what may be done with it, or why nothing is done;
// an Overlap says the same of an item to whoever decides. It imports the leaves only: no clock, no network, so a plan
// repeats byte for byte. Begin with the data in types.go; which live resource is meant is in match.go, what a decision
// does in decide.go.
package merge
