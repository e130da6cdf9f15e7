// Package leasing says who this process is when it takes the lease of a target, and waits for it.
//
// In: an opened project, the id of the lease and the run that it is for. Out: a claim for engine/apply, which takes and
// renews leases. Whether a holder is a process of ours that has ended is told by its journal. Begin with Claim in
// lease.go.
package leasing
