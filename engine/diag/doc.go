// Package diag is the one form in which rehome tells a person what is wrong.
//
// In: facts that any other package finds. Out: a plain struct that crosses JSON and gRPC unchanged.
// It imports the standard library only, so that every package can speak it.
// Begin with Diagnostic in diag.go; the list of stable codes is in codes.go.
package diag
