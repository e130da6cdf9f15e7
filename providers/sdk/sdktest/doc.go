// Package sdktest is the conformance kit for providers: what rehome relies on, as tests that a provider's own tests
// call.
//
// In: a Source or Target and arguments that work, usually against a server on loopback. Out: failures of the test.
// It imports sdk, protocol and the leaves of the engine; it knows no technology.
// Begin with Source in source.go and Target in target.go.
package sdktest
