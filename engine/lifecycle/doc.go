// Package lifecycle decides what may change when: the life of a migration and its sources, from the first declaration
// to the archive.
//
// In: what is recorded, what the configuration declares, who asks and when. Out: what to record next with its audit
// events, or a
// *Refusal that names the rule. It is pure: it reads no clock, no state and no file. Read migration.go first.
package lifecycle
