// Package reading is what a source needs to read an incumbent over HTTP, whoever writes that source.
//
// In: requests to one origin, response bodies, lists of names that hold secrets. Out: responses that are whole, JSON
// and of that origin; redacted bodies; elements of pages; page evidence; sums of sign-ins; and *identity.ProviderError.
// It imports the leaves of the engine only and names no incumbent: header names that differ come in through Options.
// Begin with Transport in transport.go; redaction is in redact.go, lists in pages.go, errors in errors.go.
//
// What callers branch on: *Fault, the error of the transport.
package reading
