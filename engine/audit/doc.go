// Package audit is the form of the audit chain and its check.
//
// In: records, in order. Out: the first record that does not fit, by number. A record's hash covers its sequence, the
// hash before it and its event, so that a changed, removed, reordered or cut record is found without the state that
// wrote it. It imports the standard library only: the state appends with it, an evidence bundle is checked with it.
// Begin with Verify in chain.go; a chain of any length is followed record by record in follow.go.
package audit
