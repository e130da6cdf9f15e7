// Package applying is the use case of an apply: find the approved plan, ask whether it may still be carried out, run
// its steps under the lease of the target with a journal, and go on with a run that did not end.
//
// In: an opened project, the hash that was approved, and where secrets go. Out: a Report of what came of each step. It
// prints nothing and must not know commands or flags. Whether a plan is approved and its preconditions hold, and how
// steps are scheduled, is decided in engine/apply; what runs did, in engine/history. Begin with Apply in apply.go and
// execution.go.
package applying
