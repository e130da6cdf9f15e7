// Package auditing is the use case of the audit chain: list its records, export it, show that nobody changed it.
//
// In: an opened project and values. Out: records, one at a time, and reports. It changes nothing; what makes a chain
// whole is decided in engine/audit, which a stranger can use. Begin with List in chain.go.
package auditing
