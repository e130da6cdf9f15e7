// Package inventory collects: it lets a source read the incumbent and keeps what it reads as a snapshot.
//
// In: a Source and a Writer. Out: a completed snapshot, or a failed one with the reason and the page at fault.
// It imports the leaves only; it knows neither plugins nor the store behind the Writer.
// Begin with Collect in collect.go.
package inventory
