package realm

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// Place is one of the ways to sign in that a gate must stand in. Each has its own copy of every gate: a sub-flow that
// two flows share is deleted with either of them and takes every sign-in down.
type Place string

// The places of a gate.
const (
	PlaceBrowser Place = "browser"
	PlaceDirect  Place = "direct grant"
	PlaceBroker  Place = "after broker"
)

// Places lists all places of a gate.
func Places() []Place { return []Place{PlaceBrowser, PlaceDirect, PlaceBroker} }

// Aliases of the flows of a first sign-in through a provider.
const (
	FirstBrokerCreate = "rehome first sign-in create only"
	FirstBrokerLinked = "rehome first sign-in linked only"
)

// Requirements of an execution.
const (
	Required    = "REQUIRED"
	Alternative = "ALTERNATIVE"
	Conditional = "CONDITIONAL"
)

// Protocols of clients and client scopes.
const (
	ProtocolOIDC = "openid-connect"
	ProtocolSAML = "saml"
)

// lastPriority puts an execution behind everything that is added later.
const lastPriority = 1000000

// chunkCount spreads the gates, so that a sign-in looks at about a sixteenth of them; flat gates grow worse than
// linearly.
const chunkCount = 16

// Flow is an authentication flow with everything below it.
type Flow struct {
	Alias       string
	Description string
	TopLevel    bool
	Executions  []Execution
}

// Execution is one line of a flow: an authenticator, or a sub-flow.
type Execution struct {
	Authenticator string // empty for a sub-flow
	Flow          *Flow
	Requirement   string
	Priority      int
	Config        *Config
}

// Config is the configuration of an authenticator.
type Config struct {
	Alias  string
	Values map[string]string
}

// TopFlow is the alias of the top-level flow of a place.
func TopFlow(place Place) string { return "rehome gate " + string(place) }

// GateParent is the alias of the sub-flow that holds the chunks of a place.
func GateParent(place Place) string { return TopFlow(place) + " gates" }

// BaseFlows are the top-level flows, complete but without a gate: they let everybody through who signs in.
func BaseFlows() []Flow {
	return []Flow{browserFlow(), directFlow(), brokerFlow(), createOnlyFlow(), linkedOnlyFlow()}
}

// GateKey is a name of a client that is safe in an alias, a scope name and an address. It ends with the whole digest:
// two client ids can be made that share a part of it, and the gate of one would then be that of the other.
func GateKey(clientID string) string {
	var slug strings.Builder
	for _, r := range strings.ToLower(clientID) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			slug.WriteRune(r)
		case slug.Len() > 0 && !strings.HasSuffix(slug.String(), "-"):
			slug.WriteByte('-')
		}
		if slug.Len() >= 32 {
			break
		}
	}
	digest := sha256.Sum256([]byte(clientID))
	return strings.Trim(slug.String(), "-") + "-" + hex.EncodeToString(digest[:])
}

const (
	markerPrefix = "rehome-gate-"
	chunkPrefix  = "rehome-chunk-"
)

// MarkerScope is the name of the client scope by which a gate knows its client.
func MarkerScope(clientID string) string { return markerPrefix + GateKey(clientID) }

// ChunkScope is the name of the client scope by which the chunk of a client is entered.
func ChunkScope(protocol, clientID string) string {
	short := "oidc"
	if protocol == ProtocolSAML {
		short = "saml"
	}
	digest := sha256.Sum256([]byte(clientID))
	return chunkPrefix + short + "-" + strconv.Itoa(int(digest[31])%chunkCount)
}

// IsGateScope tells whether a client scope is one that gates use, and no scope of the operator.
func IsGateScope(name string) bool {
	return strings.HasPrefix(name, markerPrefix) || strings.HasPrefix(name, chunkPrefix)
}

// GateScopes are the two scopes that a gated client must have by default.
func GateScopes(protocol, clientID string) []string {
	return []string{ChunkScope(protocol, clientID), MarkerScope(clientID)}
}

// ScopeObject is the representation of a scope that gates use.
func ScopeObject(name, protocol string) Object {
	return Object{
		"name": name, "protocol": protocol, "description": "Used by rehome to know gated clients. Do not remove.",
		"attributes": Object{"include.in.token.scope": "false", "display.on.consent.screen": "false"},
	}
}

// ChunkAlias is the alias of the chunk flow that holds the gate of a client. Its parent is GateParent(place).
func ChunkAlias(place Place, protocol, clientID string) string {
	return TopFlow(place) + " " + strings.TrimPrefix(ChunkScope(protocol, clientID), chunkPrefix)
}

// ChunkFlow is the chunk of a client, still without a gate. It is attached CONDITIONAL with ChunkPriority.
func ChunkFlow(place Place, protocol, clientID string) Flow {
	return chunkFlow(ChunkAlias(place, protocol, clientID), ChunkScope(protocol, clientID))
}

func chunkFlow(alias, scope string) Flow {
	return Flow{Alias: alias, Description: "Gates of some clients.", Executions: []Execution{
		scopeCondition(alias, scope),
		// Without a closing allow a chunk turns the members of its own clients away.
		allow(lastPriority),
	}}
}

// Priorities with which chunks are attached to their parent and gates to their chunk: behind the condition, before the
// allow.
const (
	ChunkPriority = 10
	GatePriority  = 10
)

// GateAlias is the alias of the sub-flow that guards a client at a place. Its parent is ChunkAlias.
func GateAlias(place Place, clientID string) string {
	return TopFlow(place) + " for " + GateKey(clientID)
}

// GateFlow guards a client at a place. It is attached CONDITIONAL with GatePriority, last of all that is made.
//
// It has a nested shape that stays closed when the role or the client is renamed: only a known member is let through.
func GateFlow(place Place, clientID, denyMessage string) Flow {
	alias := GateAlias(place, clientID)
	member := alias + " member"
	refuse := alias + " refuse"
	return Flow{Alias: alias, Description: "Gate of one client.", Executions: []Execution{
		scopeCondition(alias, MarkerScope(clientID)),
		{Flow: &Flow{Alias: member, Description: "Lets members through.", Executions: []Execution{
			{Authenticator: "conditional-user-role", Requirement: Required, Priority: 0,
				Config: &Config{Alias: member + " role", Values: map[string]string{"condUserRole": clientID + "." + AccessRole,
					"negate": "false"}}},
			allow(10),
		}}, Requirement: Conditional, Priority: 10},
		{Flow: &Flow{Alias: refuse, Description: "Turns everybody else away.", Executions: []Execution{
			{Authenticator: "conditional-sub-flow-executed", Requirement: Required, Priority: 0,
				Config: &Config{Alias: refuse + " check", Values: map[string]string{"flow_to_check": member,
					"check_result": "not-executed"}}},
			{Authenticator: "deny-access-authenticator", Requirement: Required, Priority: 10,
				Config: &Config{Alias: DenyConfig(place, clientID), Values: map[string]string{"denyErrorMessage": denyMessage}}},
		}}, Requirement: Conditional, Priority: 20},
	}}
}

// DenyConfig is the alias of the configuration that holds the deny message of a gate.
func DenyConfig(place Place, clientID string) string { return GateAlias(place, clientID) + " message" }

func scopeCondition(flow, scope string) Execution {
	return Execution{Authenticator: "conditional-client-scope", Requirement: Required, Priority: 0,
		Config: &Config{Alias: flow + " client", Values: map[string]string{"client_scope": scope}}}
}

func allow(priority int) Execution {
	return Execution{Authenticator: "allow-access-authenticator", Requirement: Required, Priority: priority}
}

func gatesOf(place Place, priority int) Execution {
	return Execution{Requirement: Required, Priority: priority, Flow: &Flow{
		Alias: GateParent(place), Description: "One sub-flow a chunk of gated clients.",
		Executions: []Execution{allow(lastPriority)},
	}}
}

func step(authenticator, requirement string, priority int) Execution {
	return Execution{Authenticator: authenticator, Requirement: requirement, Priority: priority}
}

func browserFlow() Flow {
	top := TopFlow(PlaceBrowser)
	secondFactor := &Flow{Alias: top + " second factor", Executions: []Execution{
		step("conditional-user-configured", Required, 10), step("auth-otp-form", Alternative, 20),
		step("webauthn-authenticator", Alternative, 30),
	}}
	forms := &Flow{Alias: top + " forms", Executions: []Execution{
		step("auth-username-password-form", Required, 10),
		{Flow: secondFactor, Requirement: Conditional, Priority: 20},
	}}
	byOrganization := &Flow{Alias: top + " organization by e-mail", Executions: []Execution{
		step("conditional-user-configured", Required, 10), step("organization", Alternative, 20),
	}}
	organization := &Flow{Alias: top + " organization", Executions: []Execution{
		{Flow: byOrganization, Requirement: Conditional, Priority: 10},
	}}
	signIn := &Flow{Alias: top + " sign-in", Description: "Every way to sign in.", Executions: []Execution{
		step("auth-cookie", Alternative, 10), step("identity-provider-redirector", Alternative, 20),
		{Flow: organization, Requirement: Alternative, Priority: 25},
		{Flow: forms, Requirement: Alternative, Priority: 30},
	}}
	return Flow{Alias: top, Description: "Browser sign-in that ends at the gates.", TopLevel: true,
		Executions: []Execution{
			{Flow: signIn, Requirement: Required, Priority: 10}, gatesOf(PlaceBrowser, 20),
		}}
}

func directFlow() Flow {
	top := TopFlow(PlaceDirect)
	secondFactor := &Flow{Alias: top + " second factor", Executions: []Execution{
		step("conditional-user-configured", Required, 10), step("direct-grant-validate-otp", Required, 20),
	}}
	return Flow{Alias: top, Description: "Password grant that ends at the gates.", TopLevel: true, Executions: []Execution{
		step("direct-grant-validate-username", Required, 10), step("direct-grant-validate-password", Required, 20),
		{Flow: secondFactor, Requirement: Conditional, Priority: 30}, gatesOf(PlaceDirect, 40),
	}}
}

func brokerFlow() Flow {
	return Flow{Alias: TopFlow(PlaceBroker), Description: "The gates after a sign-in at an upstream: the browser flow " +
		"is not resumed then.", TopLevel: true, Executions: []Execution{gatesOf(PlaceBroker, 10)}}
}

// Neither flow of a first sign-in links an account that is there: idp-auto-link takes an account over by its e-mail
// address, unproved or not, and by its user name, those of administrators included (26.7.4). Links are written
// before, by the subject at the upstream; whoever has one comes in without either flow.

// createOnlyFlow makes an account; where one of the same name or address is there, the person reads that it exists
// already.
func createOnlyFlow() Flow {
	return Flow{Alias: FirstBrokerCreate, Description: "Makes an account, and links none that is there.", TopLevel: true,
		Executions: []Execution{step("idp-create-user-if-unique", Required, 10)}}
}

// linkedOnlyFlow turns everybody away who has no link. Nobody is known yet when it runs, so no refusal counts against
// an account.
func linkedOnlyFlow() Flow {
	return Flow{Alias: FirstBrokerLinked, Description: "Lets nobody in whose account is not linked before.",
		TopLevel: true, Executions: []Execution{step("deny-access-authenticator", Required, 10)}}
}
