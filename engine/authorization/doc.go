// Package authorization decides whether a verified token may use a migration.
//
// In: the access rules (or none), what a verified token says, the tenants of the migration, what the command needs.
// Out: one Decision. It is pure and knows no tokens, HCL, state or commands: verifying a token and recording a denial
// is its caller's work. Begin with Decide in decide.go.
package authorization
