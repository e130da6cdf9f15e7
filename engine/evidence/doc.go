// Package evidence writes and checks the bundle that proves a run to a stranger.
//
// In: named documents, made by the caller, and a key to sign with. Out: one deterministic zip with a manifest of
// checksums. Checking needs the file alone: no state, no configuration, no network. It finds what was changed, is
// missing or was added, checks the audit chain, that the steps of the plan give the plan hash, and (parts.go) that run,
// journal, probes and report are those that the chain tells of.
//
// What names a person may be withheld: a step then has its hash only, a record of the audit chain its place in the
// chain only. Check says how many there are and what that leaves unproven. It imports the leaves, engine/history, engine/plan and
// the standard library. Begin with the documents in bundle.go; what is checked is in check.go.
package evidence
