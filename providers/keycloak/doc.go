// Package keycloak is the target that writes a realm of a running Keycloak through its Admin API.
//
// In: the arguments of a target block, and steps. Out: the live resources of the realm, the outcome of each step, the
// marker. What a realm holds and what becomes of an item is decided in providers/internal/realm; here is only how to
// read and write it. It knows nothing of plans, state or incumbents. Begin with Target in provider.go. Below it stand,
// by subject: admin (asking the server), current (what the realm holds), writing (one writer a resource type), probing
// (trying it from outside), connecting (the facts of an application's sheet), records (what happened) and blueprint.
//
// What callers branch on: *contract.ProviderError.
package keycloak
