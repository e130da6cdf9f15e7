// Package keeping looks after a project: its plugins and lock file, its configuration, state, keys, credentials and
// locks.
//
// In: an opened project and values. Out: reports, and what is kept: a lock file, a state, formatted files. It moves
// nothing: reading, planning and applying do. It prints nothing and asks through the port of the project; what a
// person may be asked or told is in the reports and refusals.
// Begin with Initialise in init.go, then Validate in validate.go.
package keeping
