// Package sdk is what the author of a provider needs: the two interfaces to fill and Serve to run them as a plugin.
//
// In: a Source or a Target written by the author. Out: a process that speaks providers/protocol to rehome. It imports
// the leaves of the engine and providers/protocol; it knows nothing of hosts, state or HCL. Begin with Source and
// Target in interfaces.go; serving is in serve.go. Below it: args checks arguments, reading speaks HTTP, steps carries
// out a step of a target, sdktest is the conformance kit. docs/providers.md explains all of it to an author.
package sdk
