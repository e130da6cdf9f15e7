// Package cutover is the use case of the days in which applications change over: the page for each owner, what was
// given to whom and confirmed by whom, and who signs in on which side.
//
// In: an opened project, the name of an application, the words of an owner. Out: sheets, records and reports as values;
// what is worked out of them is in package handoff, which is pure. It prints nothing and must not know commands, flags
// or how a value is shown. Users of applications are named in the overview, which can hide them.
// Begin with desk in desk.go, what all of it works on.
package cutover
