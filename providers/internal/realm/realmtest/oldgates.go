// Package realmtest makes what tests of several ways to write a realm need.
//
// In: a client. Out: parts of a realm as an earlier version of rehome made them. It is apart because no program makes
// them any more.
package realmtest

import "github.com/rehome-iam/rehome/providers/internal/realm/gating"

// OldGates is what holds the gates of a place in the shape before, with that of one client: it let through whom nothing
// refused, and refused in a way that counted against the person.
func OldGates(place gating.Place, clientID string) gating.Flow {
	allow := gating.Execution{Authenticator: "allow-access-authenticator", Requirement: gating.Required, Priority: 1000000}
	scope := func(flow, name string) gating.Execution {
		return gating.Execution{Authenticator: "conditional-client-scope", Requirement: gating.Required,
			Config: &gating.Config{Alias: flow + " client", Values: map[string]string{"client_scope": name}}}
	}
	alias := place.OldGate(clientID)
	member := gating.Flow{Alias: alias + " member", Executions: []gating.Execution{
		{Authenticator: "conditional-user-role", Requirement: gating.Required, Config: &gating.Config{
			Alias:  alias + " member role",
			Values: map[string]string{"condUserRole": clientID + ".access", "negate": "false"}}}, allow}}
	refuse := gating.Flow{Alias: alias + " refuse", Executions: []gating.Execution{
		{Authenticator: "conditional-sub-flow-executed", Requirement: gating.Required, Config: &gating.Config{
			Alias:  alias + " refuse check",
			Values: map[string]string{"flow_to_check": member.Alias, "check_result": "not-executed"}}},
		{Authenticator: "deny-access-authenticator", Requirement: gating.Required, Priority: 10}}}
	gate := gating.Flow{Alias: alias, Executions: []gating.Execution{scope(alias, gating.MarkerScope(clientID)),
		{Flow: &member, Requirement: gating.Conditional, Priority: 10},
		{Flow: &refuse, Requirement: gating.Conditional, Priority: 20}}}
	chunk := gating.Flow{Alias: gating.TopFlow(place) + " oidc-0", Executions: []gating.Execution{
		scope(gating.TopFlow(place)+" oidc-0", gating.ChunkScope(gating.ProtocolOIDC, clientID)),
		{Flow: &gate, Requirement: gating.Conditional, Priority: 10}, allow}}
	return gating.Flow{Alias: place.OldParent(), Executions: []gating.Execution{
		{Flow: &chunk, Requirement: gating.Conditional, Priority: 10}, allow}}
}
