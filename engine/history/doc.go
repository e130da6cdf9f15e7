// Package history says what runs did: which steps are done, which run goes on, which one took back which, and what
// became of a plan.
//
// In: runs with the outcomes of their steps, as a journal or a state remembers them. Out: answers about them. It is
// pure, and the only place that interprets an outcome: the statuses of runs and plans and the outcomes of steps are its
// constants, never texts. What a plan says of its steps stands above it, so it knows steps by their ids, and no
// storage, target or clock. Read run.go first.
package history
