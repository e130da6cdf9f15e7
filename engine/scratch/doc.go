// Package scratch makes what a rehearsal works on: a state of its own, filled with the newest snapshots, and a
// throw-away target, which for a file is a copy of it.
//
// In: an opened project with a rehearsal block. Out: a Scratch, whose project is the real one but for a migration, a
// state and a target of its own; and the settings that a throw-away target on a server is made of. The real target is
// only read. Whether a target may be rehearsed on is decided in engine/rehearsal. Begin with Open in scratch.go.
package scratch
