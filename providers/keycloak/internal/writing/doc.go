// Package writing changes a realm: one writer a resource type.
//
// In: steps, and what is there (package current). Out: requests to the Admin API, in an order that leaves nothing open
// when it is cut off. It is apart because nothing else writes: whoever asks what a run may do to a realm reads it
// here. What is decided about a step is in providers/sdk/steps. Begin with Writers in writers.go.
package writing
