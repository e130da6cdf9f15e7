package gating

import (
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// The house is what a realm demands of whoever signs in: the flow that it has bound. The gates stand behind a copy of
// it, so that a second factor, a condition or a directory of the realm is asked at a gated application too. Nothing is
// put into the copy, and when the bound flow changes, or another one is bound, a new copy takes the place of the old.

// Priorities in the top-level flow of a place.
const (
	HousePriority = 10
	GatesPriority = 20
)

// boundFlows are the flows of a realm that gates stand behind, by their places.
func boundFlows(realm object.Object) map[Place]string {
	bound := map[Place]string{PlaceBrowser: "browser", PlaceDirect: "direct grant"} // where a file does not say
	for place, setting := range map[Place]string{PlaceBrowser: "browserFlow", PlaceDirect: "directGrantFlow"} {
		if alias := object.Text(realm, setting); alias != "" {
			bound[place] = alias
		}
	}
	return bound
}

// Houses are the names that the copy of a place takes in turn: the next one is complete before the last one goes.
func (place Place) Houses() []string {
	return []string{TopFlow(place) + " house 1", TopFlow(place) + " house 2"}
}

// HasHouse tells whether a flow of the realm stands before the gates of a place.
func (place Place) HasHouse() bool { return place.kind() != PlaceBroker }

// IsFormer tells whether a step of the top-level flow of a place is what an earlier version put before the gates: a
// sign-in of its own.
func (place Place) IsFormer(name string) bool {
	switch place {
	case PlaceBrowser:
		return name == TopFlow(place)+" sign-in"
	case PlaceDirect:
		return name == TopFlow(place)+" second factor" || name == "direct-grant-validate-username" ||
			name == "direct-grant-validate-password"
	}
	return false
}

func (place Place) description() string {
	switch {
	case place != place.kind():
		return "What a flow of single clients demands, then the gates."
	case place == PlaceBrowser:
		return "Sign-in as the realm demands it, then the gates."
	case place == PlaceDirect:
		return "Password grant as the realm demands it, then the gates."
	}
	return "The gates after a sign-in at an upstream: the browser flow is not resumed then."
}

// Top is the top-level flow of a place without anything in it.
func (place Place) Top() Flow {
	return Flow{Alias: TopFlow(place), Description: place.description(), TopLevel: true}
}

// Bound is the alias of the flow that the gates of a place stand behind a copy of: the one that the realm has bound, or
// the one that single clients are bound to. Empty where nobody knows it any more.
func (s FlowSet) Bound(place Place) string {
	if place == place.kind() {
		return s.bound[place]
	}
	for alias, flow := range s.flows {
		if object.Truth(flow, "topLevel") && On(place.kind(), alias) == place {
			return alias
		}
	}
	return ""
}

// source is the flow that the gates of a place stand behind a copy of; false when nobody knows it. A file need not hold
// the flows that every realm is made with.
func (s FlowSet) source(place Place) (Flow, bool) {
	alias := s.Bound(place)
	if alias == "" || IsOurs(alias) {
		return Flow{}, false // a copy of the gates before the gates
	}
	if tree, exists := s.Tree(alias); exists {
		return tree, true
	}
	for _, flow := range builtinFlows() {
		if flow.Alias == alias {
			return flow, true
		}
	}
	return Flow{}, false
}

// housed is the flow of a place with a copy of what the realm demands; without one, where nobody knows what that is, it
// lets nobody in.
func (s FlowSet) housed(place Place) Flow {
	top := place.Top()
	if house, known := s.NewHouse(place); known {
		top.Executions = append(top.Executions, house)
	}
	top.Executions = append(top.Executions, gatesOf(place, GatesPriority))
	return top
}

// NewHouse is a copy of what the realm demands as it is attached to the flow of a place; false where nobody knows what
// that is.
func (s FlowSet) NewHouse(place Place) (Execution, bool) {
	source, known := s.source(place)
	house := CopyOf(source, place.Houses()[0])
	return Execution{Flow: &house, Requirement: Required, Priority: HousePriority}, known
}

// isHoused tells whether the flow of a place is what the realm demands today, and then the gates.
func (s FlowSet) isHoused(place Place, top Flow) bool {
	steps := top.Executions
	if place.HasHouse() {
		source, known := s.source(place)
		if len(steps) == 0 || steps[0].Requirement != Required || !isHouse(steps[0].Flow, place, source, known) {
			return false
		}
		steps = steps[1:]
	}
	return len(steps) == 1 && steps[0].Flow != nil && steps[0].Flow.Alias == GateParent(place) &&
		s.whole[GateParent(place)]
}

// isHouse tells whether a flow is the copy that a place must have. When the flow of single clients is gone, its copy is all
// that is left of what they demand, and stays.
func isHouse(house *Flow, place Place, source Flow, known bool) bool {
	if house == nil || !slices.Contains(place.Houses(), house.Alias) {
		return false
	}
	if !known {
		return place != place.kind()
	}
	return sameFlow(*house, CopyOf(source, house.Alias))
}

// House finds the copy of a place that is as the realm demands it today, empty when there is none.
func (s FlowSet) House(place Place) string {
	source, known := s.source(place)
	for _, alias := range place.Houses() {
		if house, exists := s.child(TopFlow(place), alias, Required); exists && isHouse(&house, place, source, known) {
			return alias
		}
	}
	return ""
}

// GatesStand tells whether what holds the gates of a place is there and as it must be.
func (s FlowSet) GatesStand(place Place) bool { return s.whole[GateParent(place)] }

// RanBefore is the setting of a condition that names a sub-flow.
const RanBefore = "flow_to_check"

// CopyOf is the copy of a flow under another name. The server names everything below as this does. Its copy of a
// condition still asks for the sub-flow of the original, which never runs in it, so that what should be asked then is
// not (26.7.4); here it asks for the copy.
func CopyOf(flow Flow, alias string) Flow {
	below := map[string]bool{}
	flow.collect(below)
	made := flow.copy(alias, alias, below)
	made.TopLevel = false
	return made
}

func (f Flow) collect(into map[string]bool) {
	for _, e := range f.Executions {
		if e.Flow != nil {
			into[e.Flow.Alias] = true
			e.Flow.collect(into)
		}
	}
}

func (f Flow) copy(alias, prefix string, below map[string]bool) Flow {
	made := f
	made.Alias, made.Executions = alias, make([]Execution, len(f.Executions))
	for i, e := range f.Executions {
		if e.Flow != nil {
			inner := e.Flow.copy(prefix+" "+e.Flow.Alias, prefix, below)
			e.Flow = &inner
		}
		if e.Config != nil {
			values := maps.Clone(e.Config.Values)
			if name := values[RanBefore]; below[name] {
				values[RanBefore] = prefix + " " + name
			}
			e.Config = &Config{Alias: prefix + " " + e.Config.Alias, Values: values}
		}
		made.Executions[i] = e
	}
	return made
}

// sameFlow tells whether two flows do the same under the same names.
func sameFlow(one, other Flow) bool {
	return one.Alias == other.Alias && slices.EqualFunc(one.Executions, other.Executions, func(a, b Execution) bool {
		return a.Requirement == b.Requirement && a.Authenticator == b.Authenticator && (a.Flow == nil) == (b.Flow == nil) &&
			maps.Equal(a.settings(), b.settings()) && (a.Flow == nil || sameFlow(*a.Flow, *b.Flow))
	})
}

func (e Execution) settings() map[string]string {
	if e.Config == nil {
		return nil
	}
	return e.Config.Values
}

// builtinFlows are the flows that a new realm has bound, as Keycloak 26.7.4 makes them.
func builtinFlows() []Flow {
	organization := Flow{Alias: "Organization", Executions: []Execution{{Requirement: Conditional, Priority: 10,
		Flow: &Flow{Alias: "Browser - Conditional Organization",
			Description: "Flow to determine if the organization identity-first login is to be used",
			Executions: []Execution{step("conditional-user-configured", Required, 10),
				step("organization", Alternative, 20)}}}}}
	secondFactor := Flow{Alias: "Browser - Conditional 2FA",
		Description: "Flow to determine if any 2FA is required for the authentication", Executions: []Execution{
			step("conditional-user-configured", Required, 10),
			{Authenticator: "conditional-credential", Requirement: Required, Priority: 20, Config: &Config{
				Alias: "browser-conditional-credential", Values: map[string]string{"credentials": "webauthn-passwordless"}}},
			step("auth-otp-form", Alternative, 30), step("webauthn-authenticator", Disabled, 40),
			step("auth-recovery-authn-code-form", Disabled, 50)}}
	forms := Flow{Alias: "forms", Description: "Username, password, otp and other auth forms.", Executions: []Execution{
		step("auth-username-password-form", Required, 10), {Flow: &secondFactor, Requirement: Conditional, Priority: 20}}}
	password := Flow{Alias: "Direct Grant - Conditional OTP",
		Description: "Flow to determine if the OTP is required for the authentication", Executions: []Execution{
			step("conditional-user-configured", Required, 10), step("direct-grant-validate-otp", Required, 20)}}
	return []Flow{
		{Alias: "browser", Description: "Browser based authentication", TopLevel: true, Executions: []Execution{
			step("auth-cookie", Alternative, 10), step("auth-spnego", Disabled, 20),
			step("identity-provider-redirector", Alternative, 25), {Flow: &organization, Requirement: Alternative, Priority: 26},
			{Flow: &forms, Requirement: Alternative, Priority: 30}}},
		{Alias: "direct grant", Description: "OpenID Connect Resource Owner Grant", TopLevel: true, Executions: []Execution{
			step("direct-grant-validate-username", Required, 10), step("direct-grant-validate-password", Required, 20),
			{Flow: &password, Requirement: Conditional, Priority: 30}}},
	}
}
