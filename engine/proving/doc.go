// Package proving is the use case of showing that the target is what was applied: it is read back and tried, the
// incumbents are read again, the target's own record is held against a run.
//
// In: an opened project and values. Out: reports of what was found, which are kept as evidence on the runs. It changes
// nothing in a target; it knows neither flags nor how a report is shown. What a finding means is decided in
// engine/verify and engine/changes. Begin with Verify in verify.go.
package proving
