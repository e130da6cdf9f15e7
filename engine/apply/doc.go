// Package apply carries out an approved plan, and nothing else.
//
// In: the steps of a plan whose hash was approved, a Target to write to, a Journal to write down what happened. Out: an
// outcome for every step. It decides nothing: what to do is in the plan, what was done is in the journal. It imports
// the leaves, the data of engine/plan and the comparison of engine/merge; it knows neither plugins nor the store behind
// the Journal. What must still be true before the first write is in preconditions.go. Begin with Run in run.go; the
// order of steps is in schedule.go, the lease on the target in lease.go.
package apply
