// Package okta reads an Okta org, classic or Identity Engine, as a source.
//
// In: the arguments of a source block and the org's management API (GET only). Out: items, redacted pages and gaps for
// a sdk.Sink. It imports sdk, the leaves of the engine and providers/sdk/reading; it knows nothing of targets, state or
// HCL. The SDK carries requests, authentication and paging only: bodies are decoded element by element by this package,
// because the SDK's types lose fields and fail a whole page for one odd element. Begin with Source in provider.go; what
// is read with which permission is in capabilities.go, the order of reading in read.go, what becomes of a body in
// convert*.go, which strings are secrets in redact.go.
package okta
