package realm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Situation is what the doors of one gated client are judged by: as it is at the server, or as it will be when a plan
// is done.
type Situation struct {
	Realm     identity.Attributes   // of TypeRealm
	Providers []identity.Attributes // of TypeProvider, all of the realm
	Client    identity.Attributes   // of TypeClient
	Gate      identity.Attributes   // of TypeGate, nil when no part of one is there
	Flows     identity.Attributes   // of TypeGateFlows, nil when they are not known
	// FlowsPlanned says that the flow after a provider is yet to be made
	FlowsPlanned bool
	Others       []identity.Attributes // of TypeClient, as far as they are known
}

// openDoor is a way into a gated client that leads around its gate.
type openDoor struct {
	Field  string // the attribute that opens it
	Why    string
	Action string // what closes it
}

// door is one way into a client that may lead around its gate. Every row was tried on Keycloak 26.7.4 with somebody
// who must not come in.
type door struct {
	field  string
	reads  string // where the server keeps it
	action string // what closes it
	// advice is what closes it where that depends on the situation; nil for action
	advice func(s Situation) string
	// open says in what way it is open, once for each thing that opens it; nil where every thing is shut.
	open func(s Situation) []string
}

func doors() []door {
	return slices.Concat([]door{gateDoor(), houseDoor(), providerDoor()}, realmDoors(), clientDoors(),
		[]door{exchangeDoor()})
}

// OpenDoors lists what leads around the gate of a client.
func OpenDoors(s Situation) []openDoor {
	var found []openDoor
	for _, d := range doors() {
		action := d.action
		if d.advice != nil {
			action = d.advice(s)
		}
		for _, why := range d.open(s) {
			found = append(found, openDoor{Field: d.field, Why: why, Action: action})
		}
	}
	return found
}

// StaysShut says why a client is not opened, and what to do about each door.
func StaysShut(clientID string, open []openDoor) string {
	said := make([]string, len(open))
	for i, d := range open {
		said[i] = d.Why + " (" + strings.TrimSuffix(d.Action, ".") + ")"
	}
	return fmt.Sprintf("the client %s stays closed, because it would let in who is not assigned: %s", clientID,
		strings.Join(said, "; "))
}

// StaysOpen says why a client that people use today gets no gate.
func StaysOpen(clientID string, open []openDoor) string {
	_, why, _ := strings.Cut(StaysShut(clientID, open), ": ")
	return fmt.Sprintf("the client %s is in use and gets no gate, because it would still let in who is not assigned: %s",
		clientID, why)
}

func when(open bool, why string) []string {
	if !open {
		return nil
	}
	return []string{why}
}

func gateDoor() door {
	return door{field: "gate",
		reads:  "flows that begin with \"rehome gate\", flow overrides and default scopes of the client",
		action: "Plan again: the plan puts the gate right.",
		open: func(s Situation) []string {
			return when(s.Gate["intact"] != true, "the gate is not whole: its flows, its marker scopes or the client's flow "+
				"overrides were changed")
		}}
}

// houseDoor: whoever passes the gate has done what the realm demands of everybody, and not what it demanded once.
func houseDoor() door {
	return door{field: "flows",
		reads:  "browserFlow and directGrantFlow of the realm, what is below them, and the copies that gates stand behind",
		action: "Plan again: the plan puts a copy of today before the gates.",
		open: func(s Situation) []string {
			present := object.Texts(s.Flows["flows"])
			return when(s.Flows != nil && !(slices.Contains(present, gating.TopFlow(gating.PlaceBrowser)) &&
				slices.Contains(present, gating.TopFlow(gating.PlaceDirect))),
				"the gates do not stand behind what the realm demands today of whoever signs in")
		}}
}

func providerDoor() door {
	return door{field: "identity_provider", reads: "postBrokerLoginFlowAlias of every provider that is enabled",
		action: fmt.Sprintf("Set the post-broker flow %q on it, or disable it.", gating.TopFlow(gating.PlaceBroker)),
		// A flow that is not there cannot be set, and a plan that waits for it does not make it.
		advice: func(s Situation) string {
			top := gating.TopFlow(gating.PlaceBroker)
			if !s.FlowsPlanned {
				return fmt.Sprintf("Set the post-broker flow %q on it, or disable it.", top)
			}
			return fmt.Sprintf("Disable it until this plan is applied, which makes the flow %q; then set that as its "+
				"post-broker flow and enable it again.", top)
		},
		open: func(s Situation) []string {
			var found []string
			for _, p := range s.Providers {
				if object.Truth(p, "enabled") && object.Text(p, "post_broker_flow") != gating.TopFlow(gating.PlaceBroker) {
					found = append(found, fmt.Sprintf("people who sign in with the provider %s come around the gate",
						object.Text(p, "alias")))
				}
			}
			return found
		}}
}

func realmDoors() []door {
	return []door{
		{field: "reset_password_allowed", reads: "resetPasswordAllowed, and force-login below resetCredentialsFlow",
			action: "Switch resetPasswordAllowed off in the realm, or set force-login to true on every " +
				"reset-credential-email of its reset flow.",
			open: func(s Situation) []string {
				return when(object.Truth(s.Realm, "reset_password_allowed") && s.Realm["reset_forces_sign_in"] != true,
					"the forgotten-password link leads around the gate")
			}},
		{field: "registration_allowed", reads: "registrationAllowed",
			action: "Switch registrationAllowed off in the realm.",
			open: func(s Situation) []string {
				return when(object.Truth(s.Realm, "registration_allowed"), "self-registration leads around the gate")
			}},
		{field: "flow_policies", reads: "client policies whose profile has the executor auth-flow-enforcer",
			action: fmt.Sprintf("Take the executor auth-flow-enforcer out of its profile, disable the policy, or let it name "+
				"the flow %q.", gating.TopFlow(gating.PlaceBrowser)),
			open: func(s Situation) []string {
				var found []string
				for _, policy := range object.Texts(s.Realm["flow_policies"]) {
					found = append(found, fmt.Sprintf("the client policy %s puts another flow in the place of the gate", policy))
				}
				return found
			}},
	}
}

// clientDoors are switches of a client behind which no flow of the client runs.
func clientDoors() []door {
	flag := func(name, at, why, action string) door {
		return door{field: name, reads: at, action: action,
			open: func(s Situation) []string { return when(object.Truth(s.Client, name), why) }}
	}
	attribute := func(name, why string) door {
		return door{field: name, reads: "attributes/" + name, action: "Set " + name + " of the client to false.",
			open: func(s Situation) []string { return when(object.Truth(peekAny(s.Client, "attributes"), name), why) }}
	}
	return []door{
		flag("direct_access_grants", "directAccessGrantsEnabled", "the password grant of a gated client must stay off",
			"Take direct_access_grants out of the map block, and switch directAccessGrantsEnabled of the client off."),
		flag("authorization_services", "authorizationServicesEnabled",
			"the client's authorization services give tokens for it to whom a permission names",
			"Switch authorizationServicesEnabled of the client off."),
		attribute("oidc.ciba.grant.enabled", "a backchannel sign-in runs past the gate"),
		attribute("oauth2.jwt.authorization.grant.enabled",
			"an assertion of a provider is exchanged for tokens past the gate"),
		attribute("standard.token.exchange.enabled", "tokens of others are exchanged past the gate"),
		attribute("saml.allow.ecp.flow", "a sign-in by an enhanced client runs past the gate"),
		{field: "protocol", reads: "protocol", action: "Leave it ungated: the server has one flow for all such clients.",
			open: func(s Situation) []string {
				protocol := object.Text(s.Client, "protocol")
				return when(protocol != "" && protocol != gating.ProtocolOIDC && protocol != gating.ProtocolSAML,
					"no gate holds for the protocol "+protocol)
			}},
	}
}

// exchangeDoor is another client that may exchange tokens and names this one as audience.
func exchangeDoor() door {
	return door{field: "audience", reads: "oidc-audience-mapper and standard.token.exchange.enabled of all clients",
		action: "Take the audience mapper off that client, or switch its standard.token.exchange.enabled off.",
		open: func(s Situation) []string {
			id := object.Text(s.Client, "client_id")
			var found []string
			for _, other := range s.Others {
				if id == "" || object.Text(other, "client_id") == id ||
					!object.Truth(peekAny(other, "attributes"), "standard.token.exchange.enabled") {
					continue
				}
				if slices.ContainsFunc(object.Objects(other["protocol_mappers"]), func(mapper object.Object) bool {
					config := peekAny(mapper, "config")
					return object.Text(mapper, "type") == "oidc-audience-mapper" &&
						(object.Text(config, "included.client.audience") == id || object.Text(config, "included.custom.audience") == id)
				}) {
					found = append(found, fmt.Sprintf("the client %s may exchange tokens of its people for tokens for this one",
						object.Text(other, "client_id")))
				}
			}
			return found
		}}
}

// Exchangers are those of clients that may exchange tokens: the ones that the judge of another client looks at.
func Exchangers(clients []object.Object) []identity.Attributes {
	var found []identity.Attributes
	for _, o := range clients {
		if object.Truth(object.Peek(o, "attributes"), "standard.token.exchange.enabled") {
			found = append(found, ReadClient(o).Attributes)
		}
	}
	return found
}

// peekAny returns the object under a name of attributes, nil when there is none.
func peekAny(o map[string]any, name string) object.Object {
	switch child := o[name].(type) {
	case map[string]any:
		return child
	case identity.Attributes:
		return child
	}
	return nil
}

// resetForcesSignIn tells whether whoever sets a new password by e-mail has to sign in again, and so passes the gate.
// Where nobody may reset, there is nothing to force.
func resetForcesSignIn(doc object.Object) bool {
	if !object.Truth(doc, "resetPasswordAllowed") {
		return false
	}
	top := object.Text(doc, "resetCredentialsFlow")
	if top == "" {
		top = "reset credentials"
	}
	flows, configs := object.Objects(doc["authenticationFlows"]), object.Objects(doc["authenticatorConfig"])
	mails, forced := 0, 0
	seen := map[string]bool{}
	var walk func(alias string)
	walk = func(alias string) {
		at := slices.IndexFunc(flows, func(o object.Object) bool { return object.Text(o, "alias") == alias })
		if at < 0 || seen[alias] {
			return
		}
		seen[alias] = true
		for _, e := range object.Objects(flows[at]["authenticationExecutions"]) {
			switch below := object.Text(e, "flowAlias"); {
			case object.Text(e, "requirement") == "DISABLED":
			case below != "":
				walk(below)
			case object.Text(e, "authenticator") == "reset-credential-email":
				mails++
				config := slices.IndexFunc(configs, func(o object.Object) bool {
					return object.Text(o, "alias") == object.Text(e, "authenticatorConfig")
				})
				if config >= 0 && object.Text(object.Peek(configs[config], "config"), "force-login") == "true" {
					forced++
				}
			}
		}
	}
	walk(top)
	return mails > 0 && mails == forced
}

// flowPolicies lists the client policies that put a flow of their own in the place of the one that a client is bound
// to, whatever they demand: with some conditions the requester decides whether they are met.
func flowPolicies(doc object.Object) []string {
	names := map[string]bool{}
	profiles := object.Peek(doc, "clientProfiles")
	for _, profile := range append(slices.Clone(object.Objects(profiles["profiles"])),
		object.Objects(profiles["globalProfiles"])...) {
		for _, executor := range object.Objects(profile["executors"]) {
			if object.Text(executor, "executor") == "auth-flow-enforcer" &&
				object.Text(object.Peek(executor, "configuration"), "auth-flow-alias") != gating.TopFlow(gating.PlaceBrowser) {
				names[object.Text(profile, "name")] = true
			}
		}
	}
	policies := object.Peek(doc, "clientPolicies")
	var found []string
	for _, policy := range append(slices.Clone(object.Objects(policies["policies"])),
		object.Objects(policies["globalPolicies"])...) {
		if enabled, said := policy["enabled"].(bool); said && !enabled {
			continue
		}
		if slices.ContainsFunc(object.Texts(policy["profiles"]), func(name string) bool { return names[name] }) {
			found = append(found, object.Text(policy, "name"))
		}
	}
	return found
}
