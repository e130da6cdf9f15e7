// Package delivering gives one-time secrets to those who need them: each to the owner of its application, into new
// files that are encrypted where a key is known, or to a terminal.
//
// In: an opened project, the steps that make secrets, and where these may go. Out: a Vault, which engine/apply hands
// secrets to. A secret is on disk before Deliver returns, and nothing is written over. It knows neither targets nor
// runs. Begin with Open in vault.go.
package delivering
