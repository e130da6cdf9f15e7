// Package rotating is the use case of a new secret for one client that rehome made: it is delivered durably, then set.
//
// In: an opened project, the key of the client, and where the secret goes. Out: where it is. It writes to the target
// under its lease, with an audit event on either side. Which clients have a secret is decided in engine/apply. Begin
// with Rotate in rotate.go.
package rotating
