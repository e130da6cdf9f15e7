package realm

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Check is the second pass: what only the whole desired set, next to the live one, can show. References in desired are
// resolved.
func Check(desired, live []identity.Resource) []contract.CheckFinding {
	c := checker{live: byID(live), desired: byID(desired)}
	c.gates()
	c.signIns()
	c.gateNames(gating.GateKey)
	c.organizations(desired, live)
	c.providers(desired)
	c.references(desired)
	c.features(desired)
	c.lengths(desired)
	return c.found
}

type checker struct {
	desired, live map[identity.ResourceID]identity.Resource
	found         []contract.CheckFinding
}

func byID(resources []identity.Resource) map[identity.ResourceID]identity.Resource {
	all := make(map[identity.ResourceID]identity.Resource, len(resources))
	for _, r := range resources {
		all[r.ID()] = r
	}
	return all
}

func (c *checker) block(id identity.ResourceID, field, summary, action string) {
	c.found = append(c.found, contract.CheckFinding{Resource: id, Finding: fidelity.Finding{
		Type: fidelity.Blocked, Field: field, Summary: summary, Action: action}})
}

func (c *checker) ofType(in map[identity.ResourceID]identity.Resource, kind string) []identity.Resource {
	keys := object.Object{}
	for id := range in {
		if id.Type == kind {
			keys[id.Key] = true
		}
	}
	var out []identity.Resource
	for _, key := range sortedKeys(keys) {
		out = append(out, in[identity.ResourceID{Type: kind, Key: key}])
	}
	return out
}

// gates looks for ways around a gate that are open when the plan is done. Where the gate is made now, it waits, and the
// opening with it; where it is there already, the opening waits.
func (c *checker) gates() {
	judged := map[string]identity.ResourceID{}
	for _, opening := range c.ofType(c.desired, TypeEnablement) {
		id := object.Text(opening.Attributes, "client")
		_, gateLives := c.live[identity.ResourceID{Type: TypeGate, Key: id}]
		if object.Truth(opening.Attributes, "enabled") && (gateLives || object.Truth(opening.Attributes, "gated")) {
			judged[id] = opening.ID()
		}
	}
	for _, gate := range c.ofType(c.desired, TypeGate) {
		id := object.Text(gate.Attributes, "client")
		judged[id] = gate.ID()
		c.undecided(gate.ID(), id)
	}
	c.house()
	if len(judged) == 0 {
		return
	}
	s := Situation{Realm: c.realm(), Providers: c.endOf(TypeProvider), Others: c.endOf(TypeClient),
		Flows: c.end(identity.ResourceID{Type: TypeGateFlows, Key: GateFlowsKey})}
	present := object.Texts(c.live[identity.ResourceID{Type: TypeGateFlows, Key: GateFlowsKey}].Attributes["flows"])
	s.FlowsPlanned = !slices.Contains(present, gating.TopFlow(gating.PlaceBroker))
	for _, id := range slices.Sorted(maps.Keys(judged)) {
		s.Client = c.end(identity.ResourceID{Type: TypeClient, Key: id})
		s.Gate = c.end(identity.ResourceID{Type: TypeGate, Key: id})
		for _, open := range OpenDoors(s) {
			c.block(judged[id], open.Field, open.Why, open.Action)
		}
	}
}

// undecided blocks the gate of a client that lives and that rehome did not make, until somebody says that only who is
// assigned shall use it. What it demands itself is asked as before.
func (c *checker) undecided(gate identity.ResourceID, clientID string) {
	client, lives := c.live[identity.ResourceID{Type: TypeClient, Key: clientID}]
	if _, gated := c.live[gate]; gated || !lives || client.Tag != "" {
		return
	}
	opening := c.desired[identity.ResourceID{Type: TypeEnablement, Key: clientID}]
	if !object.Truth(opening.Attributes, "gated") {
		c.block(gate, "gated", fmt.Sprintf("everybody of the realm may use the client %s today, and its gate would shut out "+
			"whoever is not assigned, which nobody has decided", clientID),
			fmt.Sprintf("Write a merge block for the application with decision = \"reconcile\", target = \"%s:%s\" and "+
				"overwrite = [\"gated\"], or leave the client as it is with a skip block.", TypeClient, clientID))
	}
	if object.Truth(client.Attributes, "own_flow") {
		c.found = append(c.found, contract.CheckFinding{Resource: gate, Finding: fidelity.Finding{
			Type: fidelity.Approximation, Field: "own_flow", Direction: fidelity.DirectionSame,
			Summary: "the client keeps the sign-in flow of its own: the gate stands behind a copy of it, and the way back binds " +
				"the client to it again"}})
	}
}

// house says what the gates will stand behind where that is made or changed, and refuses what they cannot stand behind.
func (c *checker) house() {
	flows, changes := c.desired[identity.ResourceID{Type: TypeGateFlows, Key: GateFlowsKey}]
	realm := c.realm()
	if !changes || realm == nil {
		return
	}
	present := object.Texts(c.live[flows.ID()].Attributes["flows"])
	for setting, place := range map[string]gating.Place{"browser_flow": gating.PlaceBrowser,
		"direct_grant_flow": gating.PlaceDirect} {
		bound := object.Text(realm, setting)
		if gating.IsOurs(bound) {
			c.block(flows.ID(), setting, fmt.Sprintf("the realm itself is bound to the flow %q, which refuses everybody who "+
				"is not assigned to a gated application", bound),
				"Bind the realm to the flow that everybody shall sign in with, then plan again: the gates stand behind a copy of it.")
		}
		if place == gating.PlaceBrowser && !gating.IsOurs(bound) && !slices.Contains(present, gating.TopFlow(place)) {
			c.found = append(c.found, contract.CheckFinding{Resource: flows.ID(), Finding: fidelity.Finding{
				Type: fidelity.Approximation, Field: setting, Direction: fidelity.DirectionSame,
				Summary: fmt.Sprintf("gated applications sign people in as the flow %q of the realm demands it today, and then ask "+
					"the gate", cmp.Or(bound, "browser"))}})
		}
	}
}

func (c *checker) realm() identity.Attributes {
	for _, r := range c.ofType(c.live, TypeRealm) {
		return r.Attributes
	}
	return nil
}

// end is a resource as it will be: what lives, with what the plan changes of it. nil when there is none.
func (c *checker) end(id identity.ResourceID) identity.Attributes {
	live, lives := c.live[id]
	planned, changes := c.desired[id]
	if !changes {
		return live.Attributes
	}
	if !lives {
		return planned.Attributes
	}
	end := live.Attributes.Clone()
	maps.Copy(end, planned.Attributes)
	return end
}

func (c *checker) endOf(kind string) []identity.Attributes {
	keys := object.Object{}
	for _, in := range []map[identity.ResourceID]identity.Resource{c.live, c.desired} {
		for id := range in {
			if id.Type == kind {
				keys[id.Key] = true
			}
		}
	}
	var all []identity.Attributes
	for _, key := range sortedKeys(keys) {
		all = append(all, c.end(identity.ResourceID{Type: kind, Key: key}))
	}
	return all
}

// gateNames looks for clients whose gates would have one name in the realm, the live ones too: whoever wrote last would
// decide who comes into both.
func (c *checker) gateNames(nameOf func(clientID string) string) {
	owner := map[string]string{}
	for _, in := range []map[identity.ResourceID]identity.Resource{c.live, c.desired} {
		for _, gate := range c.ofType(in, TypeGate) {
			client := object.Text(gate.Attributes, "client")
			name := nameOf(client)
			if other, taken := owner[name]; taken && other != client {
				c.block(gate.ID(), "client", fmt.Sprintf("its gate would have the name of the gate of %s", other),
					"Give one of the two clients another id with rename in a merge block.")
				continue
			}
			owner[name] = client
		}
	}
}

func (c *checker) organizations(desired, live []identity.Resource) {
	off := false
	for _, r := range c.ofType(c.live, TypeRealm) {
		if on, said := r.Attributes["organizations_enabled"].(bool); said && !on {
			off = true
		}
	}
	owner := map[string]identity.Resource{}
	for _, o := range live {
		if o.Type != TypeOrganization {
			continue
		}
		if _, planned := c.desired[o.ID()]; !planned {
			for _, d := range object.Texts(o.Attributes["domains"]) {
				owner[strings.ToLower(d)] = o
			}
		}
	}
	for _, o := range desired {
		if o.Type != TypeOrganization {
			continue
		}
		if off {
			c.block(o.ID(), "organizations_enabled", "organizations are switched off in the realm",
				"Switch organizationsEnabled on in the realm, then plan again.")
		}
		for _, d := range object.Texts(o.Attributes["domains"]) {
			key := strings.ToLower(d)
			if other, taken := owner[key]; taken && other.ID() != o.ID() {
				c.block(o.ID(), "domains", fmt.Sprintf("the domain %s belongs to the organization %s already", d, other.Key),
					"Decide which provider the domain belongs to.")
				continue
			}
			owner[key] = o
		}
	}
}

// providers looks for aliases that one provider would take from another, and organizations that would share one.
func (c *checker) providers(desired []identity.Resource) {
	seen := map[string]bool{}
	linked := map[string]string{}
	for _, r := range desired {
		switch r.Type {
		case TypeProvider:
			alias := object.Text(c.end(r.ID()), "alias") // a step that sets something else does not name it
			if why := unfitAlias(alias); why != "" {
				c.block(r.ID(), "alias", why, "Choose another one with rename in a merge block.")
			}
			if strings.EqualFold(alias, gating.RefusalName) {
				c.block(r.ID(), "alias", "the alias is that of the provider by which gates refuse people",
					"Choose another one with rename in a merge block.")
			}
			if seen[strings.ToLower(alias)] {
				c.block(r.ID(), "alias", "two providers would have the alias "+alias,
					"Choose another one with rename in a merge block.")
			}
			seen[strings.ToLower(alias)] = true
		case TypeOrganization:
			provider := object.Text(r.Attributes, "identity_provider")
			if other, taken := linked[provider]; taken && provider != "" && other != r.Key {
				c.block(r.ID(), "identity_provider", fmt.Sprintf("the provider %s is linked to the organization %s already",
					provider, other), "Give all its domains to one organization.")
			}
			linked[provider] = r.Key
		}
	}
}

// refusedInAlias are the characters that Keycloak 26.7.4 takes in no alias of a provider, and those that it takes and
// that break the address which the upstream sends people back to.
const refusedInAlias = "/?#!$&()*+,:;=@[]\\{}" + "%\"<>"

// unfitAlias says why a provider cannot have an alias, nothing where it can.
func unfitAlias(alias string) string {
	switch at := strings.IndexFunc(alias, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(refusedInAlias, r)
	}); {
	case alias == "":
		return "the alias is empty"
	case !Fits(TypeProvider, "alias", alias):
		return tooLong("alias", limitOf(TypeProvider, "alias")).Summary
	case alias == "." || alias == "..":
		return "the alias means another place in an address"
	case at >= 0:
		r, _ := utf8.DecodeRuneInString(alias[at:])
		return fmt.Sprintf("the alias holds %q, which Keycloak refuses or an address does not carry", r)
	}
	return ""
}

// references looks for what is named and neither planned nor live.
func (c *checker) references(desired []identity.Resource) {
	exists := func(kind, key string) bool {
		id := identity.ResourceID{Type: kind, Key: key}
		_, planned := c.desired[id]
		_, lives := c.live[id]
		return planned || lives
	}
	fields := map[string]object.Object{
		TypeOrganization: {"identity_provider": TypeProvider}, TypeClientRole: {"client": TypeClient},
		TypeGate:       {"client": TypeClient},
		TypeEnablement: {"client": TypeClient}, TypeRoleAssignment: {"client": TypeClient, "group": TypeGroup},
	}
	for _, r := range desired {
		for _, field := range sortedKeys(fields[r.Type]) {
			kind, key := object.Text(fields[r.Type], field), object.Text(r.Attributes, field)
			if key != "" && !exists(kind, key) {
				c.block(r.ID(), field, fmt.Sprintf("%s %s is neither planned nor there", kind, key),
					"Plan it too, or take the reference away.")
			}
		}
	}
}
