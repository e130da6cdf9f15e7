package keycloak

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// doorway is a realm with two applications that are ready to be opened.
type doorway struct {
	*testing.T
	target *Target
	realm  *keycloaktest.Realm
	ids    map[string]string // client id to the server's id
}

func newDoorway(t *testing.T) doorway {
	t.Helper()
	d := doorway{T: t, ids: map[string]string{}}
	d.target, d.realm = liveTarget(t)
	mustApply(t, d.target, create(realm.TypeGateFlows, realm.GateFlowsKey,
		identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}))
	for id, protocol := range map[string]string{"portal": gating.ProtocolOIDC, "urn:payroll": gating.ProtocolSAML} {
		made := mustApply(t, d.target, create(realm.TypeClient, id, identity.Attributes{"client_id": id,
			"protocol": protocol, "public": false, "standard_flow": true,
			"redirect_uris": []any{"https://" + strings.TrimPrefix(id, "urn:") + ".example.test/cb"}}))
		mustApply(t, d.target, create(realm.TypeClientRole, id+"/access",
			identity.Attributes{"client": id, "role": "access"}))
		mustApply(t, d.target, create(realm.TypeGate, id, identity.Attributes{"client": id, "protocol": protocol, "intact": true}))
		d.ids[id] = made.ServerID
	}
	return d
}

func opening(id string) contract.StepRequest {
	return create(realm.TypeEnablement, id, identity.Attributes{"client": id, "enabled": true, "gated": true})
}

func (d doorway) set(fields map[string]any) { d.realm.AdminRealm(d.T, http.MethodPut, "", fields) }

func (d doorway) setClient(id string, fields map[string]any) {
	fields["clientId"] = id
	d.realm.AdminRealm(d.T, http.MethodPut, "/clients/"+d.ids[id], fields)
}

func (d doorway) attribute(id, name, value string) {
	d.setClient(id, map[string]any{"attributes": map[string]any{name: value}})
}

// executions lists the rows of a flow.
func (d doorway) executions(alias string) []any {
	rows, _ := d.realm.AdminRealm(d.T, http.MethodGet,
		"/authentication/flows/"+url.PathEscape(alias)+"/executions", nil).([]any)
	return rows
}

// require sets the requirement of the row of a flow that has this name.
func (d doorway) require(flow, name, requirement string) {
	for _, each := range d.executions(flow) {
		if row, _ := each.(map[string]any); row["displayName"] == name || row["providerId"] == name {
			row["requirement"] = requirement
			d.realm.AdminRealm(d.T, http.MethodPut, "/authentication/flows/"+url.PathEscape(flow)+"/executions", row)
			return
		}
	}
	d.Fatalf("flow %s has no %s", flow, name)
}

func (d doorway) policy(enabled bool) {
	d.realm.AdminRealm(d.T, http.MethodPut, "/client-policies/profiles", map[string]any{"profiles": []any{
		map[string]any{"name": "loud", "executors": []any{map[string]any{"executor": "auth-flow-enforcer",
			"configuration": map[string]any{"auth-flow-alias": "browser", "auth-flow-loa": 1}}}}}})
	d.realm.AdminRealm(d.T, http.MethodPut, "/client-policies/policies", map[string]any{"policies": []any{
		map[string]any{"name": "step up", "enabled": enabled, "conditions": []any{map[string]any{
			"condition": "any-client", "configuration": map[string]any{}}}, "profiles": []any{"loud"}}}})
}

const exchangerID = "5a3c1e7e-0000-4000-8000-0000000d0075"

// An application is opened when nothing leads around its gate, whatever happened since the plan was made.
func TestKeycloak_AnApplicationIsNotOpenedWhileADoorStandsOpen(t *testing.T) {
	d := newDoorway(t)
	provider := map[string]any{"alias": "late", "providerId": "oidc", "enabled": true, "config": map[string]any{
		"clientId": "x", "clientSecret": "y", "authorizationUrl": "https://up.example.test/auth",
		"tokenUrl": "https://up.example.test/token"}}
	for _, test := range []struct {
		client, field, says string
		open, shut          func()
	}{
		{"portal", "identity_provider", "the provider late",
			func() { d.realm.AdminRealm(t, http.MethodPost, "/identity-provider/instances", provider) },
			func() { d.realm.AdminRealm(t, http.MethodDelete, "/identity-provider/instances/late", nil) }},
		{"portal", "registration_allowed", "self-registration",
			func() { d.set(map[string]any{"registrationAllowed": true}) },
			func() { d.set(map[string]any{"registrationAllowed": false}) }},
		{"portal", "flows", "what the realm demands today",
			func() {
				d.realm.AdminRealm(t, http.MethodPost, "/authentication/flows/browser/copy", map[string]any{"newName": "theirs"})
				d.set(map[string]any{"browserFlow": "theirs"})
			},
			func() { d.set(map[string]any{"browserFlow": "browser"}) }},
		{"portal", "flow_policies", "the client policy step up", func() { d.policy(true) }, func() { d.policy(false) }},
		{"portal", "gate", "not whole",
			func() {
				d.require(gating.TopFlow(gating.PlaceBrowser), gating.GateParent(gating.PlaceBrowser), "DISABLED")
			},
			func() {
				d.require(gating.TopFlow(gating.PlaceBrowser), gating.GateParent(gating.PlaceBrowser), "REQUIRED")
			}},
		{"portal", "direct_access_grants", "password grant",
			func() { d.setClient("portal", map[string]any{"directAccessGrantsEnabled": true}) },
			func() { d.setClient("portal", map[string]any{"directAccessGrantsEnabled": false}) }},
		{"portal", "authorization_services", "authorization services",
			func() {
				d.setClient("portal", map[string]any{"serviceAccountsEnabled": true, "authorizationServicesEnabled": true})
			},
			func() { d.setClient("portal", map[string]any{"authorizationServicesEnabled": false}) }},
		{"portal", "oidc.ciba.grant.enabled", "backchannel",
			func() { d.attribute("portal", "oidc.ciba.grant.enabled", "true") },
			func() { d.attribute("portal", "oidc.ciba.grant.enabled", "false") }},
		{"portal", "oauth2.jwt.authorization.grant.enabled", "assertion of a provider",
			func() { d.attribute("portal", "oauth2.jwt.authorization.grant.enabled", "true") },
			func() { d.attribute("portal", "oauth2.jwt.authorization.grant.enabled", "false") }},
		{"portal", "standard.token.exchange.enabled", "tokens of others",
			func() { d.attribute("portal", "standard.token.exchange.enabled", "true") },
			func() { d.attribute("portal", "standard.token.exchange.enabled", "false") }},
		{"portal", "audience", "the client exchanger",
			func() {
				d.realm.AdminRealm(t, http.MethodPost, "/clients", map[string]any{"clientId": "exchanger", "id": exchangerID,
					"attributes": map[string]any{"standard.token.exchange.enabled": "true"},
					"protocolMappers": []any{map[string]any{"name": "portal", "protocol": gating.ProtocolOIDC,
						"protocolMapper": "oidc-audience-mapper",
						"config":         map[string]any{"included.client.audience": "portal", "access.token.claim": "true"}}}})
				d.target.client = current.New(d.target.client.Client, "") // as after a while
			},
			func() {
				d.realm.AdminRealm(t, http.MethodDelete, "/clients/"+exchangerID, nil)
				d.target.client = current.New(d.target.client.Client, "")
			}},
		{"urn:payroll", "saml.allow.ecp.flow", "enhanced client",
			func() { d.attribute("urn:payroll", "saml.allow.ecp.flow", "true") },
			func() { d.attribute("urn:payroll", "saml.allow.ecp.flow", "false") }},
		{"portal", "reset_password_allowed", "forgotten-password",
			func() { d.set(map[string]any{"resetPasswordAllowed": true}) },
			func() { d.forceLogin() }}, // left on: a reset that forces a new sign-in is no door
	} {
		t.Run(test.field, func(t *testing.T) {
			test.open()
			_, err := d.target.Apply(t.Context(), opening(test.client))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("with the door open, opening the application gives %v", err)
			}
			if live, _ := d.target.client.Application(t.Context(), test.client); live["enabled"] == true {
				t.Fatal("it is open")
			}
			test.shut()
		})
	}
	mustApply(t, d.target, opening("portal"))
	mustApply(t, d.target, opening("urn:payroll"))
}

// forceLogin makes whoever resets a password sign in again.
func (d doorway) forceLogin() {
	for _, each := range d.executions("reset credentials") {
		if row, _ := each.(map[string]any); row["providerId"] == "reset-credential-email" {
			id, _ := row["id"].(string)
			d.realm.AdminRealm(d.T, http.MethodPost, "/authentication/executions/"+id+"/config",
				map[string]any{"alias": "sign in again", "config": map[string]any{"force-login": "true"}})
		}
	}
}

// A gate that was taken off between plan and apply leaves a client that the plan wanted behind one.
func TestKeycloak_AnApplicationIsNotOpenedWithoutTheGateThatThePlanSaw(t *testing.T) {
	d := newDoorway(t)
	gate := contract.StepRequest{Action: contract.ActionDelete,
		Resource: identity.ResourceID{Type: realm.TypeGate, Key: "portal"},
		Before:   identity.Attributes{"client": "portal", "protocol": gating.ProtocolOIDC, "intact": true}}
	mustApply(t, d.target, gate)
	_, err := d.target.Apply(t.Context(), opening("portal"))
	var refused *contract.ProviderError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("opening it without its gate gives %v", err)
	}
	if live, _ := d.target.client.Application(t.Context(), "portal"); live["enabled"] == true {
		t.Error("it is open")
	}
}

// A registration token of a client lets its holder change it past every administrator, its flows included.
func TestKeycloak_AnApplicationIsNotLeftToItsRegistrationToken(t *testing.T) {
	d := newDoorway(t)
	given, _ := d.realm.AdminRealm(t, http.MethodPost, "/clients/"+d.ids["portal"]+"/registration-access-token",
		nil).(map[string]any)
	token, _ := given["registrationAccessToken"].(string)
	ask := func() int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			d.realm.Server.URL+"/realms/"+d.realm.Name+"/clients-registrations/default/portal", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	gate := contract.StepRequest{Action: contract.ActionUpdate,
		Resource: identity.ResourceID{Type: realm.TypeGate, Key: "portal"},
		Before:   identity.Attributes{"intact": false}, After: identity.Attributes{"intact": true}}
	d.setClient("portal", map[string]any{"authenticationFlowBindingOverrides": map[string]any{"browser": ""}})
	mustApply(t, d.target, gate)
	if status := ask(); status != http.StatusUnauthorized {
		t.Errorf("after the gate is made, the old token gets %d", status)
	}
}
