// Package gating is what guards a client by its access role: the flows of every place of sign-in, the gate of each
// client in them, and what shows a refusal.
//
// In: client ids and protocols; the flows of a realm as JSON. Out: flows to be made, the names of their parts, and
// whether the gate of a client stands whole. It opens no connection and no file. Begin with BaseFlows in gate.go; what
// stands in a realm is read in flows.go, what a refusal needs is in refusal.go.
package gating
