// Package contract is what the host and a provider say to each other: the schema of a provider, translations, steps and
// their results, the marker and its lease, and the one form of a provider's error.
//
// In: the neutral model of engine/identity. Out: the types that cross the connection to a plugin. It must not know how
// they cross it (providers/protocol) nor what the host decides. Begin with StepRequest in provider.go.
package contract
