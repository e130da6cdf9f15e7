package realm

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// sealed is a gated client that nobody comes to but through its gate.
func sealed() Situation {
	return Situation{
		Realm: identity.Attributes{"realm": "r", "browser_flow": "browser"},
		Providers: []identity.Attributes{{"alias": "corp", "enabled": true,
			"post_broker_flow": gating.TopFlow(gating.PlaceBroker)},
			{"alias": "old", "enabled": false}},
		Client: identity.Attributes{"client_id": "app", "protocol": gating.ProtocolOIDC, "attributes": map[string]any{}},
		Gate:   identity.Attributes{"client": "app", "intact": true},
		Flows:  GateFlows().Attributes.Clone(),
	}
}

func TestEveryDoorIsSeenWhenItStandsOpen(t *testing.T) {
	attribute := func(name string) func(*Situation) {
		return func(s *Situation) { s.Client["attributes"] = map[string]any{name: "true"} }
	}
	for field, open := range map[string]func(*Situation){
		"gate":                   func(s *Situation) { s.Gate["intact"] = false },
		"identity_provider":      func(s *Situation) { s.Providers[0]["post_broker_flow"] = "" },
		"reset_password_allowed": func(s *Situation) { s.Realm["reset_password_allowed"] = true },
		"registration_allowed":   func(s *Situation) { s.Realm["registration_allowed"] = true },
		"flows": func(s *Situation) {
			s.Flows["flows"] = object.List([]string{gating.TopFlow(gating.PlaceDirect)})
		},
		"flow_policies": func(s *Situation) {
			s.Realm["flow_policies"] = object.List([]string{"step up"})
		},
		"direct_access_grants":                   func(s *Situation) { s.Client["direct_access_grants"] = true },
		"authorization_services":                 func(s *Situation) { s.Client["authorization_services"] = true },
		"protocol":                               func(s *Situation) { s.Client["protocol"] = "docker-v2" },
		"oidc.ciba.grant.enabled":                attribute("oidc.ciba.grant.enabled"),
		"oauth2.jwt.authorization.grant.enabled": attribute("oauth2.jwt.authorization.grant.enabled"),
		"standard.token.exchange.enabled":        attribute("standard.token.exchange.enabled"),
		"saml.allow.ecp.flow":                    attribute("saml.allow.ecp.flow"),
		"audience": func(s *Situation) {
			s.Others = Exchangers([]object.Object{{"clientId": "broker-app", "attributes": object.Object{
				"standard.token.exchange.enabled": "true"}, "protocolMappers": []any{object.Object{"name": "a",
				"protocolMapper": "oidc-audience-mapper", "config": object.Object{"included.client.audience": "app"}}}}})
		},
	} {
		t.Run(field, func(t *testing.T) {
			s := sealed()
			open(&s)
			found := OpenDoors(s)
			if len(found) != 1 || found[0].Field != field || found[0].Why == "" || found[0].Action == "" {
				t.Errorf("found %+v", found)
			}
			if why := StaysShut("app", found); !strings.Contains(why, strings.TrimSuffix(found[0].Action, ".")) {
				t.Errorf("the refusal says %q", why)
			}
		})
	}
	if found := OpenDoors(sealed()); len(found) > 0 {
		t.Errorf("a sealed client has %+v", found)
	}
	if judged := len(doors()); judged != 14 {
		t.Errorf("%d doors are judged, and 14 are tried here", judged)
	}
}

func TestAResetIsNoDoorWhenItForcesANewSignIn(t *testing.T) {
	document := func(forced string, mails ...object.Object) object.Object {
		executions := []any{object.Object{"authenticator": "reset-credentials-choose-user", "requirement": gating.Required}}
		for _, mail := range mails {
			executions = append(executions, mail)
		}
		return object.Object{"resetPasswordAllowed": true, "resetCredentialsFlow": "reset",
			"authenticationFlows": []any{
				object.Object{"alias": "reset", "authenticationExecutions": []any{object.Object{"flowAlias": "below",
					"requirement": gating.Required}}},
				object.Object{"alias": "below", "authenticationExecutions": executions}},
			"authenticatorConfig": []any{object.Object{"alias": "mail", "config": object.Object{"force-login": forced}}}}
	}
	mail := object.Object{"authenticator": "reset-credential-email", "requirement": gating.Required,
		"authenticatorConfig": "mail"}
	bare := object.Object{"authenticator": "reset-credential-email", "requirement": gating.Required}
	off := object.Object{"authenticator": "reset-credential-email", "requirement": "DISABLED"}
	for name, test := range map[string]struct {
		document object.Object
		want     bool
	}{
		"forced":                   {document("true", mail), true},
		"one that is off as well":  {document("true", mail, off), true},
		"federated people only":    {document("only-federated", mail), false},
		"not configured":           {document("true", bare), false},
		"one of two":               {document("true", mail, bare), false},
		"no step with mail at all": {document("true"), false},
		"a file without flows":     {object.Object{"resetPasswordAllowed": true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ReadRealmSwitches(test.document).Attributes["reset_forces_sign_in"]; got != test.want {
				t.Errorf("it forces a new sign-in: %v", got)
			}
		})
	}
}

func TestAClientPolicyThatNamesAnotherFlowIsRead(t *testing.T) {
	document := func(flow string, enabled bool) object.Object {
		return object.Object{
			"clientProfiles": object.Object{"profiles": []any{object.Object{"name": "loud", "executors": []any{object.Object{
				"executor": "auth-flow-enforcer", "configuration": object.Object{"auth-flow-alias": flow}}}}}},
			"clientPolicies": object.Object{"policies": []any{
				object.Object{"name": "step up", "enabled": enabled, "profiles": []any{"loud"}},
				object.Object{"name": "harmless", "enabled": true, "profiles": []any{"other"}}}},
		}
	}
	for name, test := range map[string]struct {
		document object.Object
		want     []string
	}{
		"another flow": {document("theirs", true), []string{"step up"}},
		"switched off": {document("theirs", false), nil},
		"the gate":     {document(gating.TopFlow(gating.PlaceBrowser), true), nil},
		"none":         {object.Object{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := object.Texts(ReadRealmSwitches(test.document).Attributes["flow_policies"]); !slices.Equal(got, test.want) {
				t.Errorf("read %v, want %v", got, test.want)
			}
		})
	}
}

func TestAnOpeningWaitsWhereTheGateIsThereAlready(t *testing.T) {
	live := []identity.Resource{
		{Type: TypeGate, Key: "c", Attributes: identity.Attributes{"client": "c", "intact": true}},
		{Type: TypeClient, Key: "c", Attributes: identity.Attributes{"client_id": "c"}},
		{Type: TypeRealm, Key: "r", Attributes: identity.Attributes{"realm": "r"}},
		{Type: TypeProvider, Key: "p", Attributes: identity.Attributes{"alias": "p", "enabled": true,
			"post_broker_flow": ""}},
	}
	opening := identity.Resource{Type: TypeEnablement, Key: "c", Attributes: identity.Attributes{"client": "c",
		"enabled": true, "gated": true}}
	found := Check([]identity.Resource{opening}, live)
	if len(found) != 1 || found[0].Resource != opening.ID() || found[0].Finding.Field != "identity_provider" {
		t.Errorf("found %+v", found)
	}
	// A plan that sets something else at the provider shuts nothing.
	partly := identity.Resource{Type: TypeProvider, Key: "p", Attributes: identity.Attributes{"display_name": "P"}}
	if found := Check([]identity.Resource{opening, partly}, live); len(found) != 1 {
		t.Errorf("with a partly written provider found %+v", found)
	}
	partly.Attributes = identity.Attributes{"post_broker_flow": gating.TopFlow(gating.PlaceBroker)}
	if found := Check([]identity.Resource{opening, partly}, live); len(found) != 0 {
		t.Errorf("with the provider behind the gate found %+v", found)
	}
}

// What everybody may use today is not limited to some without a word about it, whatever flow it is bound to.
func TestALiveClientIsGatedOnlyWhereSomebodyDecidedIt(t *testing.T) {
	gate := identity.Resource{Type: TypeGate, Key: "c", Attributes: identity.Attributes{"client": "c", "intact": true}}
	decided := identity.Resource{Type: TypeEnablement, Key: "c", Attributes: identity.Attributes{"gated": true}}
	ours := object.Object{tagKey: "okta.corp/application/1"}
	for name, test := range map[string]struct {
		client        object.Object
		desired       []identity.Resource
		blocks, notes bool
	}{
		"nobody decided":                   {object.Object{}, []identity.Resource{gate}, true, false},
		"decided":                          {object.Object{}, []identity.Resource{gate, decided}, false, false},
		"made by rehome":                   {object.Object{"attributes": ours}, []identity.Resource{gate}, false, false},
		"nobody decided, with its own":     {flowOf("with-a-code"), []identity.Resource{gate}, true, true},
		"decided, with a flow of its own":  {flowOf("with-a-code"), []identity.Resource{gate, decided}, false, true},
		"decided, bound to a gate already": {flowOf("gates"), []identity.Resource{gate, decided}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			test.client["clientId"] = "c"
			live := ReadDocument(object.Object{"realm": "r",
				"authenticationFlows": []any{object.Object{"id": "gates", "alias": gating.TopFlow(gating.PlaceBrowser),
					"topLevel": true}}, "clients": []any{test.client}})
			var blocks, notes bool
			for _, f := range Check(test.desired, live) {
				blocks = blocks || f.Resource == gate.ID() && f.Finding.Field == "gated" && f.Finding.Type == fidelity.Blocked &&
					strings.Contains(f.Finding.Action, `overwrite = ["gated"]`)
				notes = notes || f.Resource == gate.ID() && f.Finding.Field == "own_flow" && f.Finding.Type != fidelity.Blocked
			}
			if blocks != test.blocks || notes != test.notes {
				t.Errorf("it blocks %v, want %v; it tells of the flow %v, want %v", blocks, test.blocks, notes, test.notes)
			}
		})
	}
}

func flowOf(id string) object.Object {
	return object.Object{"authenticationFlowBindingOverrides": object.Object{"browser": id}}
}
