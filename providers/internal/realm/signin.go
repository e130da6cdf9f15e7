package realm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// SignIns tells how people prove who they are to the clients of a realm, from its flows: in which flow, and whether
// every way through it asks for a step beyond a password. What is not known asks for nothing.
type SignIns struct {
	flows           map[string]object.Object // by alias
	aliases         map[string]string        // by the server's id
	browser, direct string                   // what the realm has bound
	cookie          asked                    // what a session that began elsewhere proves
	unasked         []string                 // providers whose people no flow of the realm asks for more
}

// asked is what a way through a flow asks of who goes it.
type asked int

const (
	asksNothing asked = iota // it leads elsewhere, or decides something
	asksLittle               // a password, or what is not known
	asksMore                 // a step beyond a password
)

// beyond are the authenticators of Keycloak 26.7.4 that are a step beyond a password.
func beyond() []string {
	return []string{"auth-otp-form", "auth-recovery-authn-code-form", "auth-x509-client-username-form",
		"direct-grant-auth-x509-username", "direct-grant-validate-otp", "webauthn-authenticator",
		"webauthn-authenticator-passwordless"}
}

// elsewhere are those that sign nobody in by themselves. Whoever comes back from a provider passes its post-broker flow.
func elsewhere() []string {
	return []string{"deny-access", "identity-provider-redirector", "organization"}
}

// ReadSignIns reads the flows of a realm in the form of a realm file. The clients in it may be missing; those that are
// there count as places where a session can begin.
func ReadSignIns(doc object.Object) *SignIns {
	s := &SignIns{flows: map[string]object.Object{}, aliases: map[string]string{},
		browser: cmp.Or(object.Text(doc, "browserFlow"), "browser"),
		direct:  cmp.Or(object.Text(doc, "directGrantFlow"), "direct grant")}
	for _, flow := range object.Objects(doc["authenticationFlows"]) {
		alias := object.Text(flow, "alias")
		s.flows[alias], s.aliases[object.Text(flow, "id")] = flow, alias
	}
	// A session that begins where less is asked passes everywhere by its cookie.
	weak := s.asks(s.browser) != asksMore
	for _, client := range object.Objects(doc["clients"]) {
		flow, own := s.bound(client, "browser")
		weak = weak || own && object.Truth(client, "enabled") && flow != gating.TopFlow(gating.PlaceBrowser) &&
			s.asks(flow) != asksMore
	}
	if weak {
		s.cookie = asksLittle
	}
	for _, provider := range object.Objects(doc["identityProviders"]) {
		alias := object.Text(provider, "alias")
		if enabled, said := provider["enabled"].(bool); said && !enabled || object.Truth(provider, "linkOnly") ||
			alias == gating.RefusalName {
			continue
		}
		if s.asks(object.Text(provider, "postBrokerLoginFlowAlias")) != asksMore {
			s.unasked = append(s.unasked, alias)
		}
	}
	slices.Sort(s.unasked)
	return s
}

// Of says how people sign in to a client, as the attributes of the resource that opens it.
func (s *SignIns) Of(client object.Object) identity.Attributes {
	flow, own := s.bound(client, "browser")
	shown := flow
	if !own || flow == gating.TopFlow(gating.PlaceBrowser) { // gates stand behind what the realm has bound
		shown = s.browser
	} else if gating.IsOurs(flow) { // the gate of a client that was bound to another flow stands behind a copy of that
		shown = cmp.Or(s.aliases[object.Text(object.Peek(client, "attributes"), gating.FormerBrowser)], flow)
	}
	more := s.asks(flow) == asksMore
	if object.Truth(client, "directAccessGrantsEnabled") {
		direct, _ := s.bound(client, "direct_grant")
		more = more && s.asks(direct) == asksMore
	}
	return identity.Attributes{contract.OpensWithFlow: shown, contract.OpensBeyondPassword: more,
		contract.OpensUnasked: object.List(s.unasked)}
}

// Into puts how people sign in to a client into the resource that opens it.
func (s *SignIns) Into(opening identity.Resource, client object.Object) identity.Resource {
	for name, value := range s.Of(client) {
		opening.Attributes[name] = value
	}
	return opening
}

// bound is the flow that a client uses at a place, and whether that is one of its own.
func (s *SignIns) bound(client object.Object, place string) (alias string, own bool) {
	if id := object.Text(object.Peek(client, "authenticationFlowBindingOverrides"), place); id != "" {
		return s.aliases[id], true
	}
	if place == "browser" {
		return s.browser, false
	}
	return s.direct, false
}

// Asking lists the top-level flows that ask everybody for a step beyond a password.
func (s *SignIns) Asking() []string {
	var found []string
	for alias, flow := range s.flows {
		if object.Truth(flow, "topLevel") && s.asks(alias) == asksMore {
			found = append(found, alias)
		}
	}
	slices.Sort(found)
	return found
}

func (s *SignIns) asks(alias string) asked { return s.level(alias, map[string]bool{}) }

// level is the least that a flow asks. Where something is required, all of that is gone through and alternatives have no
// say; else one alternative is enough, or a conditional part in their place. A conditional part beside what is required
// may be left out.
func (s *SignIns) level(alias string, above map[string]bool) asked {
	flow, present := s.flows[alias]
	if !present || above[alias] {
		return asksLittle
	}
	above[alias] = true
	defer delete(above, alias)
	required, most, least, any := false, asksNothing, asksMore, false
	for _, e := range object.Objects(flow["authenticationExecutions"]) {
		authenticator := object.Text(e, "authenticator")
		requirement := object.Text(e, "requirement")
		if requirement == "DISABLED" || strings.HasPrefix(authenticator, "conditional-") {
			continue
		}
		here := s.execution(e, authenticator, above)
		if requirement == "REQUIRED" {
			required, most = true, max(most, here)
		} else if here != asksNothing {
			any, least = true, min(least, here)
		}
	}
	switch {
	case required:
		return most
	case any:
		return least
	}
	return asksNothing
}

func (s *SignIns) execution(e object.Object, authenticator string, above map[string]bool) asked {
	switch below := object.Text(e, "flowAlias"); {
	case below != "":
		return s.level(below, above)
	case authenticator == "auth-cookie":
		return s.cookie
	case slices.Contains(beyond(), authenticator):
		return asksMore
	case slices.Contains(elsewhere(), authenticator):
		return asksNothing
	}
	return asksLittle
}

// NotAsDemanded says in what way people sign in otherwise than an opening demands, nothing where they do as it says or
// it demands nothing.
func NotAsDemanded(wanted, now identity.Attributes) []string {
	flow, demanded := wanted[contract.OpensWithFlow]
	if !demanded {
		return nil
	}
	var found []string
	is := object.Text(now, contract.OpensWithFlow)
	if is != flow {
		found = append(found, fmt.Sprintf("the policy was built again in the flow %q, and people sign in with %q", flow, is))
	}
	if wanted[contract.OpensBeyondPassword] != true {
		return found
	}
	if is == flow && now[contract.OpensBeyondPassword] != true {
		found = append(found, fmt.Sprintf("the flow %q does not ask everybody for a step beyond a password", flow))
	}
	allowed, unasked := object.Texts(wanted[contract.OpensUnasked]), object.Texts(now[contract.OpensUnasked])
	for _, provider := range allowed {
		if !slices.Contains(unasked, provider) {
			found = append(found, fmt.Sprintf("the rebuilt block names the provider %q as upstream, and nobody comes by it unasked",
				provider))
		}
	}
	for _, provider := range unasked {
		if !slices.Contains(allowed, provider) {
			found = append(found, fmt.Sprintf("people who come by the provider %q are asked for no step beyond that", provider))
		}
	}
	return found
}

// StaysClosed says why a client is not opened although somebody says that its policies were built again.
func StaysClosed(clientID string, why []string) string {
	return fmt.Sprintf("the client %s stays closed: %s. %s", clientID, strings.Join(why, "; "), AsBuiltAgain)
}

// SignInAttributes are those of an opening that say how people sign in; no step writes them.
func SignInAttributes() []string {
	return []string{contract.OpensWithFlow, contract.OpensBeyondPassword, contract.OpensUnasked}
}

// AsBuiltAgain is what to do about a flow that is not as a rebuilt block says.
const AsBuiltAgain = "Bind the flow to the realm or to the client, with a step beyond a password that everybody passes " +
	"where the policy demanded it, and after every provider, or name those that ask themselves as upstream in the rebuilt " +
	"block; then plan again."

// signIns refuses to open what would not ask for what a policy that was built again asks for.
func (c *checker) signIns() {
	realm := c.realm()
	for _, opening := range c.ofType(c.desired, TypeEnablement) {
		live := c.live[identity.ResourceID{Type: TypeClient, Key: object.Text(opening.Attributes, "client")}]
		lives := live.Tag == "" && object.Truth(c.live[opening.ID()].Attributes, "enabled")
		if !object.Truth(opening.Attributes, "enabled") || lives { // what is open and not ours keeps what it demands
			continue
		}
		if why := NotAsDemanded(opening.Attributes, c.signInOf(opening, realm)); len(why) > 0 {
			c.block(opening.ID(), contract.OpensWithFlow, strings.Join(why, "; "), AsBuiltAgain)
		}
	}
}

// signInOf is how people will sign in to a client when the plan is done: as it lives, or, where its gate is made now, as
// the realm demands it.
func (c *checker) signInOf(opening identity.Resource, realm identity.Attributes) identity.Attributes {
	id := object.Text(opening.Attributes, "client")
	asking, bound := object.Texts(realm["asking_flows"]), cmp.Or(object.Text(realm, "browser_flow"), "browser")
	live, lives := c.live[opening.ID()]
	now := live.Attributes.Clone()
	_, gatedNow := c.desired[identity.ResourceID{Type: TypeGate, Key: id}]
	_, gated := c.live[identity.ResourceID{Type: TypeGate, Key: id}]
	if _, behindNow := c.desired[identity.ResourceID{Type: TypeGateFlows, Key: GateFlowsKey}]; !lives || gatedNow ||
		gated && behindNow {
		client := c.end(identity.ResourceID{Type: TypeClient, Key: id})
		more := slices.Contains(asking, bound) &&
			(!object.Truth(client, "direct_access_grants") || slices.Contains(asking, object.Text(realm, "direct_grant_flow")))
		now = identity.Attributes{contract.OpensWithFlow: bound, contract.OpensBeyondPassword: more}
	}
	var unasked []string
	for _, p := range c.endOf(TypeProvider) {
		if object.Truth(p, "enabled") && !slices.Contains(asking, object.Text(p, "post_broker_flow")) {
			unasked = append(unasked, object.Text(p, "alias"))
		}
	}
	now[contract.OpensUnasked] = object.List(unasked)
	return now
}
