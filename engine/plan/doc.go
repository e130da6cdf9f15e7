// Package plan is the plan as a document: its steps, impacts and books, the hash of what would be done, the file that
// it is written to, and the gates that stand before it.
//
// In: values of package draft, or of package rollback for the way back; the bytes of a plan file. Out: a plan with its
// hash and status, what is open, what differs between two plans. It is pure: no context, clock, network, disk or
// randomness. It must not know how a plan is made, shown or applied.
//
// Begin with the data in types.go. The gates and the status are in gates.go, the hash in hash.go over the content that
// content.go encodes, the counts in summary.go; the plan file is in file.go, its seal in seal.go.
package plan
