// Package keycloaktest runs a real Keycloak for tests.
//
// In: a JDK, and Maven or a distribution that an earlier run left in the user's cache folder. Out: a Server on loopback
// ports, with realms of random names that go away with the test that asked for them. It knows nothing of rehome's
// resources. Begin with Start in server.go; how the distribution gets here is in install.go, ways to bring in a realm
// file are in importing.go.
package keycloaktest
