// Package targetfile is what a target held at one time, as a stream: who it is, its marker, its resources.
//
// In: what a target plugin reads. Out: the same, from a file, so that a plan can be made where no credential of the
// target may be. It imports identity only; encrypting the stream is its caller's work, and so is deciding whether it is
// too old. Begin with Write and Read in file.go.
package targetfile
