// Package renametest walks a target through every kind of rename.
//
// In: a place with a target, and how an administrator gives something there another name. Out: failed tests, where a
// plan shows more than updates, an apply fails, a second plan is not empty, somebody loses a grant, or the way back does
// not give the old name back. It is apart because every target that rehome writes must pass it. Begin with Walk in
// walk.go.
package renametest
