package gating

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
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

// AccessRole is the client role that lets its holder use the client.
const AccessRole = "access"

// Type is the resource type of the gate of one client.
const Type = "gate"

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
	Disabled    = "DISABLED"
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
	Provider    string // empty for basic-flow
	TopLevel    bool
	Executions  []Execution
}

// Execution is one line of a flow: an authenticator, or a sub-flow.
type Execution struct {
	Authenticator string // empty for a sub-flow, unless it is a form
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

// GateParent is the alias of the sub-flow that holds the chunks of a place. Nobody passes it whom no gate below it
// lets through.
func GateParent(place Place) string { return TopFlow(place) + " admission" }

// OldParent is the alias of what held the chunks in the shape before: it let through whom no gate refused, and each
// refusal counted as a failed sign-in of the person.
func (place Place) OldParent() string { return TopFlow(place) + " gates" }

// BaseFlows are the top-level flows of a new realm, complete but without a gate. A client that is bound to them without
// a gate of its own lets nobody in; whoever signs in through a provider at a client that is not gated passes.
func BaseFlows() []Flow { return ParseFlows(nil).BaseFlows() }

// BaseFlows are the top-level flows as this realm needs them: what it demands of whoever signs in stands before the
// gates.
func (s FlowSet) BaseFlows() []Flow {
	return []Flow{refusalFlow(), s.housed(PlaceBrowser), s.housed(PlaceDirect), brokerFlow(), createOnlyFlow(),
		linkedOnlyFlow()}
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

// StrayScopes are the scopes of gates that a client has by default and that are not those of its own gate: of the one
// that it had under another id, or of another client, whose members they would let in.
func StrayScopes(client object.Object) []string {
	own := GateScopes(ProtocolOf(client), object.Text(client, "clientId"))
	return slices.DeleteFunc(slices.Clone(object.Texts(client["defaultClientScopes"])), func(scope string) bool {
		return !IsGateScope(scope) || slices.Contains(own, scope)
	})
}

// StrayGate is the name of the gate that a stray marker scope belongs to, as GateKey makes it; empty for another scope.
func StrayGate(scope string) string {
	key, marks := strings.CutPrefix(scope, markerPrefix)
	if !marks {
		return ""
	}
	return key
}

// AliasOf is the alias at a place of the gate of a client whose GateKey is known.
func (place Place) AliasOf(key string) string { return TopFlow(place) + gateMark + key }

// ProtocolOf a client is OpenID Connect where its representation does not say it.
func ProtocolOf(client object.Object) string {
	if protocol := object.Text(client, "protocol"); protocol != "" {
		return protocol
	}
	return ProtocolOIDC
}

// GateScopes are the two scopes that a gated client must have by default.
func GateScopes(protocol, clientID string) []string {
	return []string{ChunkScope(protocol, clientID), MarkerScope(clientID)}
}

// ScopeObject is the representation of a scope that gates use.
func ScopeObject(name, protocol string) object.Object {
	return object.Object{
		"name": name, "protocol": protocol, "description": "Used by rehome to know gated clients. Do not remove.",
		"attributes": object.Object{"include.in.token.scope": "false", "display.on.consent.screen": "false",
			"include.in.openid.provider.metadata": "false"},
	}
}

// Chunk is the alias of the flow that holds the gates of a sixteenth of the clients. Its parent is GateParent.
func (place Place) Chunk(protocol, clientID string) string {
	return TopFlow(place) + chunkMark + strings.TrimPrefix(ChunkScope(protocol, clientID), chunkPrefix)
}

// chunk is the chunk of a client, still without a gate. It is attached with chunkRequirement and chunkPriority.
func (place Place) chunk(protocol, clientID string) Flow {
	return chunkFlow(place, place.Chunk(protocol, clientID), ChunkScope(protocol, clientID))
}

// chunkFlow: a condition in an alternative sub-flow is passed over (Keycloak 26.7.4), so it stands in one below. After
// a sign-in through a provider the clients that have no gate come by as well, so there a chunk is passed over by whom
// it does not concern, and refuses the others itself.
func chunkFlow(place Place, alias, scope string) Flow {
	gates := Flow{Alias: alias + " apps", Description: "The gates themselves; who passes none of them is refused."}
	if place.kind() == PlaceBroker {
		gates.Executions = []Execution{refusal(alias+" refuse", lastPriority)}
	}
	inside := []Execution{scopeCondition(alias, scope), {Flow: &gates, Requirement: Required, Priority: 10}}
	chunk := Flow{Alias: alias, Description: "Gates of some clients.", Executions: inside}
	if place.kind() != PlaceBroker {
		chunk.Executions = []Execution{{Requirement: Conditional, Priority: 10,
			Flow: &Flow{Alias: alias + " if", Description: "Whom it concerns.", Executions: inside}}}
	}
	return chunk
}

// chunkRequirement is how a chunk is attached to its parent at a place.
func (place Place) chunkRequirement() string {
	if place.kind() == PlaceBroker {
		return Conditional
	}
	return Alternative
}

// chunkPriority and gatePriority come before the refusal, or the allow.
const (
	chunkPriority = 10
	gatePriority  = 10
)

// The words by which the name of a chunk and of a gate begin behind the name of their top-level flow. A key of a client
// holds no blank, so neither is ever taken for the other.
const (
	chunkMark = " chunk "
	gateMark  = " of "
)

// Gates is the alias of the flow in the chunk of a client that holds the gates.
func (place Place) Gates(protocol, clientID string) string {
	return place.Chunk(protocol, clientID) + " apps"
}

// GateAlias is the alias of the sub-flow that guards a client at a place. Its parent is called by Gates.
func GateAlias(place Place, clientID string) string {
	return place.AliasOf(GateKey(clientID))
}

// OldGate is the alias that a gate had in the shape before.
func (place Place) OldGate(clientID string) string {
	return TopFlow(place) + oldGateMark + GateKey(clientID)
}

const oldGateMark = " for "

// IsGate tells whether a flow is a gate of a place, of either shape.
func (place Place) IsGate(alias string) bool {
	for _, mark := range []string{gateMark, oldGateMark} {
		if rest, ours := strings.CutPrefix(alias, TopFlow(place)+mark); ours && !strings.Contains(rest, " ") {
			return true
		}
	}
	return false
}

// IsGate tells whether a flow is a gate of any place, of either shape.
func IsGate(alias string) bool {
	place, _, ours := placeIn(alias)
	return ours && place.IsGate(alias)
}

// HoldsPart tells whether a flow is a chunk or a gate of a place, or a part of one.
func (place Place) HoldsPart(alias string) bool {
	return strings.HasPrefix(alias, TopFlow(place)+chunkMark) || strings.HasPrefix(alias, TopFlow(place)+gateMark)
}

// IsGatePart tells whether a flow or a configuration belongs to a chunk or a gate of any place.
func IsGatePart(name string) bool {
	place, _, ours := placeIn(name)
	return ours && place.HoldsPart(name)
}

// Gate is the gate of a client at a place, as it is attached to the flow called Gates.
func (place Place) Gate(clientID string) Execution {
	flow := place.gate(clientID)
	return Execution{Flow: &flow, Requirement: Alternative, Priority: gatePriority}
}

// FirstGate is the chunk of a client with its gate, as it is attached to GateParent.
func (place Place) FirstGate(client Gated) Execution {
	return place.Admission([]Gated{client}).Executions[0]
}

// gate lets the members of a client through at a place, and concerns nobody else. It is attached ALTERNATIVE with
// gatePriority, last of all that is made: a gate only opens, and what is gone of it or of what it names refuses.
func (place Place) gate(clientID string) Flow {
	alias := GateAlias(place, clientID)
	member := alias + " member"
	return Flow{Alias: alias, Description: "Gate of one client.", Executions: []Execution{
		{Requirement: Conditional, Priority: 10, Flow: &Flow{Alias: member, Description: "Lets members through.",
			Executions: []Execution{
				scopeCondition(member, MarkerScope(clientID)),
				{Authenticator: "conditional-user-role", Requirement: Required, Priority: 5,
					Config: &Config{Alias: member + " role", Values: map[string]string{
						"condUserRole": clientID + roleMark, "negate": "false"}}},
				allow(10),
			}}},
	}}
}

// roleMark is what follows the client in the name of the role that a gate asks for.
const roleMark = "." + AccessRole

// Gated is a client behind a gate.
type Gated struct{ ClientID, Protocol string }

// Admission is everything that holds the gates of a place, with the gates of clients.
func (place Place) Admission(clients []Gated) Flow {
	parent := Flow{Alias: GateParent(place), Description: "One sub-flow a chunk of gated clients."}
	chunks := map[string]*Flow{}
	for _, client := range clients {
		alias := place.Chunk(client.Protocol, client.ClientID)
		if chunks[alias] == nil {
			chunk := place.chunk(client.Protocol, client.ClientID)
			chunks[alias] = chunk.below(place.Gates(client.Protocol, client.ClientID))
			parent.Executions = append(parent.Executions,
				Execution{Flow: &chunk, Requirement: place.chunkRequirement(), Priority: chunkPriority})
		}
		chunks[alias].Executions = append([]Execution{place.Gate(client.ClientID)}, chunks[alias].Executions...)
	}
	switch place.kind() {
	case PlaceBrowser:
		parent.Executions = append(parent.Executions, refusal(parent.Alias+" refuse", lastPriority))
	case PlaceBroker:
		parent.Executions = append(parent.Executions, allow(lastPriority))
	case PlaceDirect: // no page can be shown there: a flow that ends without success refuses and counts against nobody
	}
	return parent
}

// below finds a flow somewhere below another one by its alias, nil when it is not there.
func (f *Flow) below(alias string) *Flow {
	for i := range f.Executions {
		child := f.Executions[i].Flow
		if child == nil {
			continue
		}
		if child.Alias == alias {
			return child
		}
		if found := child.below(alias); found != nil {
			return found
		}
	}
	return nil
}

// refusal turns a person away without a failed sign-in that would count against him: deny-access counts, and two
// refusals within a second lock an account (Keycloak 26.7.4). The browser is sent to a provider that leads to a client
// of the same realm whose flow does nothing but deny, where nobody is known. Where that provider is not there, as in a
// realm file, whose author knows no address, the flow just does not succeed.
//
// A kc_idp_hint of the request beats the provider that is named here, and would send the person round for ever: whoever
// comes by again ends there.
func refusal(alias string, priority int) Execution {
	seen := alias + " seen"
	return Execution{Requirement: Alternative, Priority: priority, Flow: &Flow{Alias: alias,
		Description: "Turns everybody else away.", Executions: []Execution{
			{Requirement: Conditional, Priority: 10, Flow: &Flow{Alias: alias + " again", Executions: []Execution{
				{Authenticator: "conditional-sub-flow-executed", Requirement: Required, Priority: 0, Config: &Config{
					Alias: alias + " check", Values: map[string]string{"flow_to_check": seen, "check_result": "executed"}}},
				{Flow: &Flow{Alias: alias + " end", Description: "Empty: nobody passes it."}, Requirement: Required,
					Priority: 10},
			}}},
			{Requirement: Required, Priority: 20, Flow: &Flow{Alias: seen, Executions: []Execution{allow(10)}}},
			{Authenticator: "identity-provider-redirector", Requirement: Required, Priority: 30, Config: &Config{
				Alias: alias + " provider", Values: map[string]string{"defaultProvider": RefusalName}}},
		}}}
}

func scopeCondition(flow, scope string) Execution {
	return Execution{Authenticator: "conditional-client-scope", Requirement: Required, Priority: 0,
		Config: &Config{Alias: flow + " client", Values: map[string]string{"client_scope": scope}}}
}

func allow(priority int) Execution {
	return Execution{Authenticator: "allow-access-authenticator", Requirement: Required, Priority: priority}
}

func gatesOf(place Place, priority int) Execution {
	admission := place.Admission(nil)
	return Execution{Requirement: Required, Priority: priority, Flow: &admission}
}

func step(authenticator, requirement string, priority int) Execution {
	return Execution{Authenticator: authenticator, Requirement: requirement, Priority: priority}
}

func brokerFlow() Flow {
	return Flow{Alias: TopFlow(PlaceBroker), Description: PlaceBroker.description(), TopLevel: true,
		Executions: []Execution{gatesOf(PlaceBroker, GatesPriority)}}
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
