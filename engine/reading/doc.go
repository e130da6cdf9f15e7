// Package reading is the use case of everything that is read of an incumbent and judged: collect a source into a
// snapshot, push the items of a snapshot through map blocks, the target's translation and the classifier, keep the
// assessment, and look at what was kept before.
//
// In: an opened project, a source block, or a word that names a snapshot or assessment. Out: snapshots, assessments,
// streams of items and results, as values. It prints nothing and must not know commands, flags or how a value is shown;
// what is about people is shown or hidden by its caller with the functions of people.go.
// Nothing here holds a whole snapshot: items and results stream in batches.
// Begin with Translated in pipe.go, the one way of an item from the snapshot to its class.
package reading
