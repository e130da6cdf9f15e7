// Package proving shows that the target is what was applied, and that nobody changed the records of it.
//
// In: an opened project and values. Out: reports: what verifying the target, the incumbents or the target's own record
// found, the evidence of a move and the bundle that proves it to a stranger, and the audit chain. What is found is kept
// as evidence on the runs. It changes nothing in a target; it knows neither flags nor how a report is shown. Where an
// application stands is told to it: Applications is a port.
// Begin with Verify in verify.go, then Evidence in evidence.go and Bundle in bundle.go.
package proving
