// Package standing is the use case of the question where a migration stands: what was read, judged, planned, applied
// and verified, what is left for people, and the one thing to do next.
//
// In: an opened project, and a port that says what going back would cost. Out: one report. It gathers facts from state
// and configuration and asks neither side; what the facts mean is said by package handoff, which is pure. It changes
// nothing, prints nothing and must not know how a report is shown. Begin with Of in standing.go.
package standing
