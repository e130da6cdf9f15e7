// Package recording keeps the record of a run: every step before it is asked for and what came of it in the journal,
// durably, and the run, its plan and what people must do in the state, which follows the journal.
//
// In: an opened project and a plan. Out: a Book, which engine/apply writes into, and which knows what an earlier part
// of a run did that did not end. What the journal refuses goes into a rescue file. It asks no target; what may be run,
// and in which order, is decided elsewhere. Begin with Book in book.go; what is read back is in earlier.go.
package recording
