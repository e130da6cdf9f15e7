// Package surveying is the use case of the snapshot of a target: an encrypted file of what it holds, for those who may
// plan and have no credential of it.
//
// In: an opened project, a file, and the keys that shall open it. Out: the snapshot, which answers as the live target
// would have answered then. What the stream in the file is, is decided in engine/targetfile. It changes nothing in the
// target. Begin with Take in file.go.
package surveying
