// Package history says what runs did: which steps are done, which run goes on, which one took back which, and what
// became of a plan.
//
// In: runs with the outcomes of their steps, as a journal or a state remembers them, and the plans that they carried
// out. Out: answers about them. It is pure, and the only place that interprets an outcome: statuses and outcomes are
// its constants and plan.Status, never texts. It knows no storage, target or clock. Read run.go first.
package history
