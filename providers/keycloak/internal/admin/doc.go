// Package admin asks one realm of a running Keycloak through its Admin API.
//
// In: an address with credentials, and requests. Out: answers, or errors that say what the server said and which right
// it misses. It is apart because the token, what may be sent twice, pages and how many requests run at a time are
// decided once, whatever is asked. It knows no resource. Begin with Client in client.go.
//
// What callers branch on: *contract.ProviderError; IsAbsent, IsTaken, IsLost and IsForbidden.
package admin
