// Package state keeps what rehome must remember: snapshots, assessments, bindings, plans, runs and the audit chain.
//
// In: records of the other packages. Out: the same records, decrypted and checked. Every value is encrypted with a
// random data key that is wrapped for the team's age recipients; keys that would name people or things are keyed
// hashes. It knows nothing of HCL, providers or the network. Backend (backend.go) is what a database must offer;
// state/bolt is the default. Begin with Open in store.go; encryption is in crypt.go, the audit chain in audit.go.
package state
