// Package sorted walks two sorted streams side by side, so that two reads of millions of things are compared with one
// of each in memory.
//
// In: two streams, what their elements are known by, and the order of that. Out: pairs. It knows nothing of what it
// pairs and imports nothing of ours. Beside it stands a queue that gives out the smallest first, for whoever puts steps
// in order. Begin with Join in join.go.
package sorted
