// Package rehearsing is the use case of a rehearsal: the plan is carried out on a throw-away target, verified, taken
// back and verified again.
//
// In: an opened project with a rehearsal block, and the part of the move to rehearse. Out: the report of package
// rehearsal, which judges what was found and is pure. It works with a state of its own in a folder beside that of the
// project, which gets the report alone; the real target is only read. It prints nothing and must not know commands,
// flags or how a value is shown.
// Begin with Rehearse in rehearse.go; its parts, in their order, are in parts.go, the state of its own in scratch.go.
package rehearsing
