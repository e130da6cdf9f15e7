// Package issuertest is a small OpenID provider for tests, as httptest is a small server.
//
// In: claims as a test wants them. Out: signed tokens, good ones and forged ones, and the keys to check them with.
// Only tests import it. Begin with Issuer in issuer.go.
package issuertest
