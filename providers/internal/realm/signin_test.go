package realm

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// flow is a flow of executions; each is a requirement and an authenticator, or a requirement and "> alias".
func flow(alias string, executions ...string) object.Object {
	list := []any{}
	for i, text := range executions {
		requirement, name, _ := strings.Cut(text, " ")
		e := object.Object{"requirement": requirement, "priority": float64(i)}
		if below, is := strings.CutPrefix(name, "> "); is {
			e["flowAlias"] = below
		} else {
			e["authenticator"] = name
		}
		list = append(list, e)
	}
	return object.Object{"id": "id of " + alias, "alias": alias, "topLevel": true, "authenticationExecutions": list}
}

func objects(list ...object.Object) []any {
	all := make([]any, len(list))
	for i, o := range list {
		all[i] = o
	}
	return all
}

func withFlows(flows ...object.Object) object.Object {
	return object.Object{"realm": "acme", "browserFlow": "top", "directGrantFlow": "direct",
		"authenticationFlows": objects(flows...)}
}

func TestSignIns_EveryWayMustAskForMore(t *testing.T) {
	const password = "REQUIRED auth-username-password-form"
	strong := flow("forms", password, "REQUIRED auth-otp-form")
	top := flow("top", "ALTERNATIVE auth-cookie", "DISABLED auth-spnego", "ALTERNATIVE identity-provider-redirector",
		"ALTERNATIVE > forms")
	code := flow("code", "REQUIRED conditional-user-configured", "ALTERNATIVE auth-otp-form",
		"ALTERNATIVE webauthn-authenticator")
	for name, c := range map[string]struct {
		flows []object.Object
		more  bool
	}{
		"a password and a code": {[]object.Object{top, strong}, true},
		"a password":            {[]object.Object{top, flow("forms", password)}, false},
		"a passkey in its place": {[]object.Object{top,
			flow("forms", "REQUIRED webauthn-authenticator-passwordless")}, true},
		"a code for whoever has one": {[]object.Object{top, flow("forms", password, "CONDITIONAL > code"), code}, false},
		"the same part, required":    {[]object.Object{top, flow("forms", password, "REQUIRED > code"), code}, true},
		"a code or nothing": {[]object.Object{top, flow("forms", password, "REQUIRED > code"),
			flow("code", "ALTERNATIVE auth-otp-form", "ALTERNATIVE allow-access")}, false},
		"a way beside it": {[]object.Object{flow("top", "ALTERNATIVE > forms", "ALTERNATIVE auth-spnego"), strong}, false},
		"alternatives beside what is required have no say": {[]object.Object{
			flow("top", "REQUIRED > forms", "ALTERNATIVE auth-spnego"), strong}, true},
		"a conditional way in place of it": {[]object.Object{flow("top", "ALTERNATIVE > forms", "CONDITIONAL > staff"),
			strong, flow("staff", "REQUIRED conditional-user-role", "REQUIRED allow-access")}, false},
		"a conditional way that only leads elsewhere": {[]object.Object{
			flow("top", "ALTERNATIVE > forms", "ALTERNATIVE > org"), strong, flow("org", "CONDITIONAL > ask"),
			flow("ask", "REQUIRED conditional-user-configured", "ALTERNATIVE organization")}, true},
		"what nobody knows":           {[]object.Object{top, flow("forms", password, "REQUIRED acme-second-step")}, false},
		"a part that is not there":    {[]object.Object{top}, false},
		"a flow that holds itself":    {[]object.Object{flow("top", "ALTERNATIVE > top")}, false},
		"a flow that is not there":    {nil, false},
		"a session alone":             {[]object.Object{flow("top", "ALTERNATIVE auth-cookie")}, false},
		"a step that is switched off": {[]object.Object{top, flow("forms", password, "DISABLED auth-otp-form")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := ReadSignIns(withFlows(c.flows...)).Of(object.Object{"clientId": "wiki"})
			if got[contract.OpensWithFlow] != "top" || got[contract.OpensBeyondPassword] != c.more {
				t.Errorf("people sign in by %v", got)
			}
		})
	}
}

func asking() object.Object {
	return withFlows(flow("top", "ALTERNATIVE auth-cookie", "ALTERNATIVE > forms"),
		flow("forms", "REQUIRED auth-username-password-form", "REQUIRED auth-otp-form"),
		flow("own", "ALTERNATIVE auth-cookie", "ALTERNATIVE > forms"), flow("weak", "REQUIRED auth-username-password-form"),
		flow("direct", "REQUIRED direct-grant-validate-password"), flow("after", "REQUIRED auth-otp-form"),
		flow(gating.TopFlow(gating.PlaceBrowser), "REQUIRED auth-username-password-form"))
}

func TestSignIns_OfAClientAreThoseOfItsOwnFlows(t *testing.T) {
	bound := func(place, alias string) object.Object {
		return object.Object{"clientId": "wiki", "enabled": true,
			"authenticationFlowBindingOverrides": object.Object{place: "id of " + alias}}
	}
	for name, c := range map[string]struct {
		client object.Object
		change func(doc object.Object)
		flow   string
		more   bool
	}{
		"the realm's":            {object.Object{"clientId": "wiki"}, nil, "top", true},
		"its own":                {bound("browser", "own"), nil, "own", true},
		"its own, of a password": {bound("browser", "weak"), nil, "weak", false},
		"one that is gone":       {bound("browser", "gone"), nil, "", false},
		"its own, and a session of a realm that asks less": {bound("browser", "own"),
			func(doc object.Object) { doc["browserFlow"] = "weak" }, "own", false},
		"a session of another client that asks less": {object.Object{"clientId": "wiki"}, func(doc object.Object) {
			doc["clients"] = objects(bound("browser", "weak"))
		}, "top", false},
		"a client that asks less and is switched off": {object.Object{"clientId": "wiki"}, func(doc object.Object) {
			other := bound("browser", "weak")
			other["enabled"] = false
			doc["clients"] = objects(other)
		}, "top", true},
		"behind a gate that does not ask what the realm does": {bound("browser", gating.TopFlow(gating.PlaceBrowser)), nil,
			"top", false},
		"a password grant beside it": {object.Object{"clientId": "wiki", "directAccessGrantsEnabled": true}, nil, "top", false},
	} {
		t.Run(name, func(t *testing.T) {
			doc := asking()
			if c.change != nil {
				c.change(doc)
			}
			got := ReadSignIns(doc).Of(c.client)
			if got[contract.OpensWithFlow] != c.flow || got[contract.OpensBeyondPassword] != c.more {
				t.Errorf("people sign in by %v", got)
			}
		})
	}
	if got := ReadSignIns(asking()).Asking(); !slices.Equal(got, []string{"after", "forms", "own", "top"}) {
		t.Errorf("the flows that ask are %v", got)
	}
}

func TestSignIns_ProvidersThatAskNoMoreAreNamed(t *testing.T) {
	doc := asking()
	doc["identityProviders"] = objects([]object.Object{
		{"alias": "corp", "enabled": true}, {"alias": "acme", "enabled": true, "postBrokerLoginFlowAlias": "weak"},
		{"alias": "asked", "enabled": true, "postBrokerLoginFlowAlias": "after"}, {"alias": "off", "enabled": false},
		{"alias": "link", "enabled": true, "linkOnly": true}, {"alias": gating.RefusalName, "enabled": true}}...)
	got := object.Texts(ReadSignIns(doc).Of(object.Object{"clientId": "wiki"})[contract.OpensUnasked])
	if !slices.Equal(got, []string{"acme", "corp"}) {
		t.Errorf("unasked are %v", got)
	}
}

func TestNotAsDemanded_NamesEachDifference(t *testing.T) {
	wanted := identity.Attributes{contract.OpensWithFlow: "strong", contract.OpensBeyondPassword: true,
		contract.OpensUnasked: []any{"corp"}}
	now := func(flow string, more bool, unasked ...string) identity.Attributes {
		return identity.Attributes{contract.OpensWithFlow: flow, contract.OpensBeyondPassword: more,
			contract.OpensUnasked: object.List(unasked)}
	}
	for name, c := range map[string]struct {
		wanted, now identity.Attributes
		want        []string
	}{
		"as demanded":            {wanted, now("strong", true, "corp"), nil},
		"fewer providers":        {wanted, now("strong", true), []string{`"corp" as upstream`}},
		"another flow":           {wanted, now("browser", true, "corp"), []string{`in the flow "strong"`}},
		"a password":             {wanted, now("strong", false, "corp"), []string{"a step beyond a password"}},
		"another provider":       {wanted, now("strong", true, "acme", "corp"), []string{`the provider "acme"`}},
		"nothing is as demanded": {wanted, now("", false, "acme"), []string{"strong", "corp", "acme"}},
		"nothing is known":       {wanted, nil, []string{"strong", "corp"}},
		"nothing is demanded":    {identity.Attributes{"enabled": true}, now("browser", false, "acme"), nil},
		"a password is enough": {identity.Attributes{contract.OpensWithFlow: "devices"}, now("devices", false, "acme"),
			nil},
	} {
		got := NotAsDemanded(c.wanted, c.now)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v", name, got)
			continue
		}
		for i, part := range c.want {
			if !strings.Contains(got[i], part) {
				t.Errorf("%s: %q does not hold %q", name, got[i], part)
			}
		}
	}
}

// opening is a client that is opened, in a realm that lives.
func opening(demand identity.Attributes) (desired, live []identity.Resource) {
	a := identity.Attributes{"client": "wiki", "enabled": true}
	for name, value := range demand {
		a[name] = value
	}
	return []identity.Resource{{Type: TypeClient, Key: "wiki", Attributes: identity.Attributes{"client_id": "wiki"}},
			{Type: TypeEnablement, Key: "wiki", Attributes: a}},
		[]identity.Resource{{Type: TypeRealm, Key: "acme", Attributes: identity.Attributes{"browser_flow": "strong",
			"direct_grant_flow": "direct", "asking_flows": []any{"after", "strong"}}}}
}

func TestCheck_WhatIsNotAsDemandedIsNotOpened(t *testing.T) {
	demand := identity.Attributes{contract.OpensWithFlow: "strong", contract.OpensBeyondPassword: true,
		contract.OpensUnasked: []any{}}
	provider := func(flow string) identity.Resource {
		return identity.Resource{Type: TypeProvider, Key: "corp", Attributes: identity.Attributes{"alias": "corp",
			"enabled": true, "post_broker_flow": flow}}
	}
	lives := identity.Resource{Type: TypeEnablement, Key: "wiki", Attributes: identity.Attributes{"client": "wiki",
		"enabled": false, contract.OpensWithFlow: "own", contract.OpensBeyondPassword: true}}
	for name, c := range map[string]struct {
		demand identity.Attributes
		change func(desired, live *[]identity.Resource)
		why    string
	}{
		"the realm asks as demanded": {demand: demand},
		"nothing is demanded": {change: func(_, live *[]identity.Resource) {
			(*live)[0].Attributes["browser_flow"] = "browser"
		}},
		"the realm has bound another flow": {demand: demand, change: func(_, live *[]identity.Resource) {
			(*live)[0].Attributes["browser_flow"] = "browser"
		}, why: `people sign in with "browser"`},
		"a realm that does not say": {demand: demand, change: func(_, live *[]identity.Resource) {
			delete((*live)[0].Attributes, "browser_flow")
		}, why: `people sign in with "browser"`},
		"its flow asks for a password": {demand: demand, change: func(_, live *[]identity.Resource) {
			(*live)[0].Attributes["asking_flows"] = []any{}
		}, why: "beyond a password"},
		"the client lives and has a flow of its own": {demand: demand,
			change: func(_, live *[]identity.Resource) { *live = append(*live, lives) }, why: `people sign in with "own"`},
		"that flow is what is demanded": {demand: identity.Attributes{contract.OpensWithFlow: "own"},
			change: func(_, live *[]identity.Resource) { *live = append(*live, lives) }},
		"a password grant goes beside it": {demand: demand, change: func(desired, _ *[]identity.Resource) {
			(*desired)[0].Attributes["direct_access_grants"] = true
		}, why: "beyond a password"},
		"a provider that lives asks for nothing": {demand: demand,
			change: func(_, live *[]identity.Resource) { *live = append(*live, provider("")) }, why: `provider "corp"`},
		"a provider that is made asks for nothing": {demand: demand,
			change: func(desired, _ *[]identity.Resource) { *desired = append(*desired, provider("gate")) },
			why:    `provider "corp"`},
		"a provider that is asked after": {demand: demand,
			change: func(_, live *[]identity.Resource) { *live = append(*live, provider("after")) }},
	} {
		t.Run(name, func(t *testing.T) {
			desired, live := opening(c.demand)
			if c.change != nil {
				c.change(&desired, &live)
			}
			var got []string
			for _, f := range Check(desired, live) {
				if f.Finding.Type == fidelity.Blocked && f.Finding.Field == contract.OpensWithFlow {
					got = append(got, f.Finding.Summary)
				}
			}
			if c.why == "" && len(got) > 0 || c.why != "" && (len(got) != 1 || !strings.Contains(got[0], c.why)) {
				t.Errorf("found %q", got)
			}
		})
	}
}
