// Package attesting is the use case of the evidence of a move: what proves it and what it still lacks, the bundle that
// proves a run to a stranger, and the check of one.
//
// In: an opened project and values; where an application stands is told by a port, Applications. Out: reports, and
// files that were named. What is declared about a plan is recorded on it; else it changes nothing. Criteria are those
// of engine/handoff, the bundle is that of engine/evidence; people are kept out by mask.go. Begin with Evidence in
// evidence.go and Bundle in bundle.go.
package attesting
