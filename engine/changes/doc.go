// Package changes holds the writes that a target recorded by itself against the steps that a run says it did.
//
// In: a plan, what came of its steps and when, and the target's record. Out: a verdict: which steps the record proves,
// which writes of ours belong to no step, and what others wrote meanwhile. It reads nothing and knows no target; the
// same input gives the same verdict, with a state or without. Begin with Check in check.go.
package changes
