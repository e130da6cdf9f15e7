// Package sorted walks two sorted streams side by side, so that two reads of millions of things are compared with one
// of each in memory.
//
// In: two streams in the order of the model: kinds as identity.Kinds lists them, each kind sorted by id. Out: pairs. It
// knows nothing of what it pairs and imports identity only. Beside it stands a queue that gives out the smallest first,
// for whoever puts steps in order. Begin with Join in join.go.
package sorted
