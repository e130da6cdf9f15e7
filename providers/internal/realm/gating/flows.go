package gating

import (
	"cmp"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// basicFlow is the kind of all flows but those of forms with several parts.
const basicFlow = "basic-flow"

// FlowSet is the authentication flows of a realm as they are. It is made once and then only read.
type FlowSet struct {
	flows   map[string]object.Object // by alias
	configs map[string]object.Object // by alias
	// below holds the executions of the gates' flows that are flows themselves, by the alias of the outer and of the
	// inner flow. Each client is looked up in it: the trees hold the gates of all clients, and a walk for each would
	// grow with the square.
	below map[string]map[string]Execution
	// whole holds the aliases of chunks, and of what holds them, that do what they must, whatever gates are in them
	whole map[string]bool
	byID  map[string]string // aliases of top-level flows
	bound map[Place]string  // aliases of the flows that the realm itself signs people in with
}

// ParseFlows takes a realm file or a partial export: the sections authenticationFlows and authenticatorConfig, and which
// flows the realm has bound.
func ParseFlows(realm object.Object) FlowSet {
	s := FlowSet{flows: map[string]object.Object{}, configs: map[string]object.Object{}, bound: boundFlows(realm),
		byID: map[string]string{}}
	for _, f := range object.Objects(realm["authenticationFlows"]) {
		s.flows[object.Text(f, "alias")] = f
		if id := object.Text(f, "id"); id != "" && object.Truth(f, "topLevel") {
			s.byID[id] = object.Text(f, "alias")
		}
	}
	for _, c := range object.Objects(realm["authenticatorConfig"]) {
		s.configs[object.Text(c, "alias")] = object.Peek(c, "config")
	}
	s.below, s.whole = map[string]map[string]Execution{}, map[string]bool{}
	for _, place := range s.Places() {
		if top, exists := s.Tree(TopFlow(place)); exists {
			s.index(top)
		}
		if parent, exists := s.child(TopFlow(place), GateParent(place), Required); exists {
			s.whole[parent.Alias] = Covers(parent, place.Admission(nil))
		}
		for alias, e := range s.below[GateParent(place)] {
			scope := chunkPrefix + strings.TrimPrefix(alias, TopFlow(place)+chunkMark)
			s.whole[alias] = e.Requirement == place.chunkRequirement() && Covers(*e.Flow, chunkFlow(place, alias, scope))
		}
	}
	return s
}

// index remembers what is below a flow. Of two executions of one flow the first counts, as at a sign-in.
func (s FlowSet) index(flow Flow) {
	inner := map[string]Execution{}
	for _, e := range flow.Executions {
		if e.Flow == nil {
			continue
		}
		if _, twice := inner[e.Flow.Alias]; !twice {
			inner[e.Flow.Alias] = e
			s.index(*e.Flow)
		}
	}
	s.below[flow.Alias] = inner
}

// child finds a flow right below another one, with a requirement.
func (s FlowSet) child(outer, inner, requirement string) (Flow, bool) {
	e, exists := s.below[outer][inner]
	if !exists {
		return Flow{}, false
	}
	return *e.Flow, e.Requirement == requirement
}

// ID is the server's id of a flow, empty when it is not there.
func (s FlowSet) ID(alias string) string { return object.Text(s.flows[alias], "id") }

// Tree builds a flow with everything below it; false when it is not there. A flow that holds itself is cut off.
func (s FlowSet) Tree(alias string) (Flow, bool) { return s.tree(alias, map[string]bool{}) }

func (s FlowSet) tree(alias string, above map[string]bool) (Flow, bool) {
	o, exists := s.flows[alias]
	if !exists || above[alias] {
		return Flow{}, false
	}
	above[alias] = true
	defer delete(above, alias)
	flow := Flow{Alias: alias, Description: object.Text(o, "description"), TopLevel: object.Truth(o, "topLevel")}
	if provider := object.Text(o, "providerId"); provider != basicFlow {
		flow.Provider = provider
	}
	for _, e := range object.Objects(o["authenticationExecutions"]) {
		execution := Execution{Authenticator: object.Text(e, "authenticator"), Requirement: object.Text(e, "requirement"),
			Priority: PriorityOf(e)}
		if name := object.Text(e, "authenticatorConfig"); name != "" {
			execution.Config = &Config{Alias: name, Values: map[string]string{}}
			for field := range s.configs[name] {
				execution.Config.Values[field] = object.Text(s.configs[name], field)
			}
		}
		if child := object.Text(e, "flowAlias"); child != "" {
			below, ok := s.tree(child, above)
			if !ok {
				below = Flow{Alias: child}
			}
			execution.Flow = &below
		}
		flow.Executions = append(flow.Executions, execution)
	}
	sort.SliceStable(flow.Executions,
		func(i, j int) bool { return flow.Executions[i].Priority < flow.Executions[j].Priority })
	return flow, true
}

// PriorityOf is the place of an execution of a realm file among those of its flow.
func PriorityOf(execution object.Object) int {
	priority, _ := object.WholeNumber(execution["priority"])
	return int(priority)
}

// Covers tells whether a flow that is there does what the wanted one does: the same executions in the same order with
// the same requirements and settings. Executions that hold sub-flows not in wanted may come in between when they are
// chunks or gates.
func Covers(live, wanted Flow) bool {
	left := live.Executions
	for _, want := range wanted.Executions {
		found := false
		for len(left) > 0 && !found {
			have := left[0]
			left = left[1:]
			if sameExecution(have, want) {
				found = true
			} else if !isGateExecution(have) {
				return false
			}
		}
		if !found {
			return false
		}
	}
	for _, rest := range left {
		if !isGateExecution(rest) {
			return false
		}
	}
	return true
}

// isGateExecution tells whether an execution is a chunk or a gate: parts that come and go. A gate only opens, to members
// of its client, so one that stands elsewhere opens to nobody else.
func isGateExecution(e Execution) bool {
	if e.Flow == nil {
		return false
	}
	place, rest, ours := placeIn(e.Flow.Alias)
	switch {
	case !ours:
		return false
	case strings.HasPrefix(rest, chunkMark+"oidc-") || strings.HasPrefix(rest, chunkMark+"saml-"):
		return e.Requirement == place.chunkRequirement()
	}
	return strings.HasPrefix(rest, gateMark) && e.Requirement == Alternative
}

func sameExecution(have, want Execution) bool {
	if have.Requirement != want.Requirement || have.Authenticator != want.Authenticator ||
		(have.Flow == nil) != (want.Flow == nil) {
		return false
	}
	if want.Config != nil {
		if have.Config == nil {
			return false
		}
		for field, value := range want.Config.Values {
			if have.Config.Values[field] != value {
				return false
			}
		}
	}
	return want.Flow == nil || (have.Flow.Alias == want.Flow.Alias && Covers(*have.Flow, *want.Flow))
}

// Gate makes the gate resource of a client (with its defaultClientScopes); false when the client has no part of a gate.
func (s FlowSet) Gate(client object.Object) (identity.Resource, bool) {
	id, protocol := object.Text(client, "clientId"), object.Text(client, "protocol")
	if protocol == "" {
		protocol = ProtocolOIDC
	}
	scopes := map[string]bool{}
	for _, scope := range object.Texts(client["defaultClientScopes"]) {
		scopes[scope] = true
	}
	places := s.PlacesFor(client)
	_, flowThere := s.flows[GateAlias(places[0], id)]
	strays := StrayScopes(client)
	if !flowThere && !scopes[MarkerScope(id)] && len(strays) == 0 {
		return identity.Resource{}, false
	}
	intact := scopes[MarkerScope(id)] && scopes[ChunkScope(protocol, id)] && len(strays) == 0 && s.isBound(client)
	for _, place := range places {
		intact = intact && s.stands(place, protocol, id)
	}
	return identity.Resource{Type: Type, Key: id, Attributes: identity.Attributes{
		"client": id, "protocol": protocol, "intact": intact,
	}}, true
}

func (s FlowSet) isBound(client object.Object) bool {
	overrides := object.Peek(client, "authenticationFlowBindingOverrides")
	for _, b := range Bindings() {
		id := s.ID(TopFlow(s.PlaceFor(client, b)))
		if id == "" || object.Text(overrides, b.Field) != id {
			return false
		}
	}
	return true
}

// stands tells whether the gate of a client is where it must be below the top-level flow of a place.
func (s FlowSet) stands(place Place, protocol, clientID string) bool {
	if !s.whole[GateParent(place)] || !s.whole[place.Chunk(protocol, clientID)] {
		return false
	}
	gate, exists := s.child(place.Gates(protocol, clientID), GateAlias(place, clientID), Alternative)
	return exists && Covers(gate, place.gate(clientID))
}

// FormerGate is the gate of a client as a step that gives it another name knows it. Its client has the new id by then, and
// what stands is the gate of the former one, or a part of either where an earlier try was cut off: all of it is made anew.
func FormerGate(step contract.StepRequest, gate identity.Resource) identity.Resource {
	former := object.Text(step.Before, "client")
	if step.Action == contract.ActionUpdate && former != "" && former != step.Resource.Key &&
		!object.Truth(gate.Attributes, "intact") {
		gate.Attributes = step.Before.Clone()
	}
	return gate
}

// GateFlows lists those of our top-level flows that are as they must be: without gates of the shape before, and behind
// what the realm demands today.
func (s FlowSet) GateFlows() []string {
	var found []string
	for _, flow := range BaseFlows() {
		if s.IsWhole(flow) {
			found = append(found, flow.Alias)
		}
	}
	return found
}

// IsWhole tells whether a top-level flow of ours is as it must be.
func (s FlowSet) IsWhole(wanted Flow) bool {
	live, exists := s.Tree(wanted.Alias)
	if !exists || !live.TopLevel {
		return false
	}
	place, ours := PlaceOf(wanted.Alias)
	if !ours {
		return Covers(live, wanted)
	}
	for _, like := range s.Places() { // what stands behind flows of single clients goes with that of the realm
		if top, _ := s.Tree(TopFlow(like)); like.kind() == place && !s.isHoused(like, top) {
			return false
		}
	}
	return true
}

// OldGates lists the clients that have a gate of the shape before at a place.
func (s FlowSet) OldGates(place Place) []Gated {
	var found []Gated
	for _, chunk := range sortedFlows(s.below[place.OldParent()]) {
		protocol := ProtocolOIDC
		if strings.HasPrefix(chunk, TopFlow(place)+" saml-") {
			protocol = ProtocolSAML
		}
		for _, gate := range sortedFlows(s.below[chunk]) {
			if !place.IsGate(gate) {
				continue
			}
			role := object.Text(s.configs[gate+" member role"], "condUserRole")
			if clientID, ours := strings.CutSuffix(role, roleMark); ours && place.OldGate(clientID) == gate {
				found = append(found, Gated{ClientID: clientID, Protocol: protocol})
			}
		}
	}
	return found
}

func sortedFlows(flows map[string]Execution) []string {
	names := make([]string, 0, len(flows))
	for name := range flows {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Objects makes the flow and everything below it as a realm file has them. id makes the id of a flow out of its alias.
func (f Flow) Objects(id func(alias string) string) (flows, configs []object.Object) {
	executions := []any{}
	for _, e := range f.Executions {
		executions = append(executions, e.Object())
		if e.Config != nil {
			configs = append(configs, e.Config.Object())
		}
		if e.Flow != nil {
			below, belowConfigs := e.Flow.Objects(id)
			flows = append(flows, below...)
			configs = append(configs, belowConfigs...)
		}
	}
	own := object.Object{
		"id": id(f.Alias), "alias": f.Alias, "description": f.Description, "providerId": cmp.Or(f.Provider, basicFlow),
		"topLevel": f.TopLevel, "builtIn": false, "authenticationExecutions": executions,
	}
	return append([]object.Object{own}, flows...), configs
}

// Object is the execution as a realm file has it.
func (e Execution) Object() object.Object {
	o := object.Object{"requirement": e.Requirement, "priority": float64(e.Priority), "authenticatorFlow": e.Flow != nil}
	if e.Flow != nil {
		o["flowAlias"] = e.Flow.Alias
	}
	if e.Authenticator != "" {
		o["authenticator"] = e.Authenticator
	}
	if e.Config != nil {
		o["authenticatorConfig"] = e.Config.Alias
	}
	return o
}

// Object is the configuration as a realm file has it.
func (c Config) Object() object.Object {
	values := object.Object{}
	for field, value := range c.Values {
		values[field] = value
	}
	return object.Object{"alias": c.Alias, "config": values}
}
