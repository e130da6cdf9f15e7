// Package realmfile is a target that writes a Keycloak realm file instead of a server.
//
// In: steps, as every target gets them. Out: a JSON file that Keycloak 26.7 imports, made where there is none and
// merged where there is one; fields that rehome does not know stay. It opens no connection. How resources look in a
// realm is in providers/internal/realm; what is decided about a step is in providers/sdk/steps. During a run the realm
// is in memory and the steps stand beside the file. Begin with Target in provider.go, then write.go; the file is in
// client.go, what stands beside it in pending.go.
package realmfile
