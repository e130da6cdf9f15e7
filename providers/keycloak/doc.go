// Package keycloak is the target that writes a realm of a running Keycloak through its Admin API.
//
// In: the arguments of a target block, and steps. Out: the live resources of the realm, the outcome of each step, the
// marker. What a realm holds and what becomes of an item is decided in providers/internal/realm; here is only how to
// read and write it. It knows nothing of plans, state or incumbents. Begin with Target in provider.go; reading is in
// read.go, the steps start at write.go, the HTTP part is client.go.
//
// What callers branch on: *identity.ProviderError.
package keycloak
