// Package undoing is the use case of the way back: find the run that is to be taken back, look at the target, compute
// the inverse as a plan, record it.
//
// In: an opened project and the id of a run, or none for the newest. Out: a prepared plan, like that of the way
// forward, or what going back would cost. It writes nothing to the target and prints nothing. Which run may be taken
// back, and what the inverse of a step is, is decided in engine/rollback. Begin with Prepare in prepare.go.
package undoing
