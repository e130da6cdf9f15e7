// Package rehearsal judges a rehearsal: a plan that is carried out on a throw-away target, verified, taken back and
// verified again.
//
// In: the live resources before and after, what each part took, and the steps of the real plan. Out: why a target may
// not be rehearsed on, what differs from the start, and what the real run will need. Pure: no clock, network, disk or
// randomness; it knows no target by name. Begin with Compare in compare.go; what came of a rehearsal is in
// engine/history; who may be written to is in guard.go.
package rehearsal
