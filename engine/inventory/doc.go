// Package inventory collects: it lets a source read the incumbent and keeps what it reads as a snapshot. It also
// compares two such reads, and checks and exports the pages that prove one.
//
// In: a Source and a Handler; items of two snapshots; pages. Out: a completed read, or the reason and the page at
// fault; changes, one at a time; JSON lines. It imports the leaves only; it knows neither plugins nor the store behind
// the Handler. Begin with Collect in collect.go; what changed in an incumbent is told by Diff in diff.go, the proof is
// in evidence.go.
package inventory
