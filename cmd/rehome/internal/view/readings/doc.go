// Package readings renders what was read of an incumbent and how it was judged: snapshots, assessments, their items and
// what differs between two of them.
//
// In: the records of the state and the streams of engine/reading. Out: text and JSON, written as the elements come, so
// that a million items are never held. Begin with Snapshot in snapshot.go; assessments are in assessment.go.
package readings
