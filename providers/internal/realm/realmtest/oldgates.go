// Package realmtest makes what tests of several ways to write a realm need.
//
// In: a client. Out: parts of a realm as an earlier version of rehome made them. It is apart because no program makes
// them any more.
package realmtest

import "github.com/rehome-iam/rehome/providers/internal/realm"

// OldGates is what holds the gates of a place in the shape before, with that of one client: it let through whom nothing
// refused, and refused in a way that counted against the person.
func OldGates(place realm.Place, clientID string) realm.Flow {
	allow := realm.Execution{Authenticator: "allow-access-authenticator", Requirement: realm.Required, Priority: 1000000}
	scope := func(flow, name string) realm.Execution {
		return realm.Execution{Authenticator: "conditional-client-scope", Requirement: realm.Required,
			Config: &realm.Config{Alias: flow + " client", Values: map[string]string{"client_scope": name}}}
	}
	alias := place.OldGate(clientID)
	member := realm.Flow{Alias: alias + " member", Executions: []realm.Execution{
		{Authenticator: "conditional-user-role", Requirement: realm.Required, Config: &realm.Config{
			Alias:  alias + " member role",
			Values: map[string]string{"condUserRole": clientID + ".access", "negate": "false"}}}, allow}}
	refuse := realm.Flow{Alias: alias + " refuse", Executions: []realm.Execution{
		{Authenticator: "conditional-sub-flow-executed", Requirement: realm.Required, Config: &realm.Config{
			Alias:  alias + " refuse check",
			Values: map[string]string{"flow_to_check": member.Alias, "check_result": "not-executed"}}},
		{Authenticator: "deny-access-authenticator", Requirement: realm.Required, Priority: 10}}}
	gate := realm.Flow{Alias: alias, Executions: []realm.Execution{scope(alias, realm.MarkerScope(clientID)),
		{Flow: &member, Requirement: realm.Conditional, Priority: 10},
		{Flow: &refuse, Requirement: realm.Conditional, Priority: 20}}}
	chunk := realm.Flow{Alias: realm.TopFlow(place) + " oidc-0", Executions: []realm.Execution{
		scope(realm.TopFlow(place)+" oidc-0", realm.ChunkScope(realm.ProtocolOIDC, clientID)),
		{Flow: &gate, Requirement: realm.Conditional, Priority: 10}, allow}}
	return realm.Flow{Alias: place.OldParent(), Executions: []realm.Execution{
		{Flow: &chunk, Requirement: realm.Conditional, Priority: 10}, allow}}
}
