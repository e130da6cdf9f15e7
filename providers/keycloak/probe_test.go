package keycloak

import (
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

const (
	probedApp      = "portal"
	probedCallback = "https://portal.example.test/callback"
	samlUpstream   = "fs"
)

// probedSteps make an application with a gate, a SAML application, an OIDC and a SAML provider and the routing to it.
func probedSteps() []contract.StepRequest {
	list := func(texts ...string) []any { return object.List(texts) }
	return []contract.StepRequest{
		create(realm.TypeGateFlows, realm.GateFlowsKey,
			identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}),
		create(realm.TypeGroup, "/staff", identity.Attributes{"path": "/staff", "name": "staff"}),
		{Action: contract.ActionCreate, Resource: identity.ResourceID{Type: realm.TypeProvider, Key: "corp"}, Tag: tag,
			Secrets: map[string]string{"client_secret": "upstream-secret"},
			After: identity.Attributes{"alias": "corp", "protocol": "oidc", "enabled": true, "issuer": "https://up.example.test",
				"authorization_url": "https://up.example.test/auth",
				"token_url":         "https://up.example.test/token", "client_id": "kc",
				"client_authentication": "client_secret_post",
				"scopes":                "openid", "pkce": true,
				"post_broker_flow": gating.TopFlow(gating.PlaceBroker), "first_broker_flow": gating.FirstBrokerCreate}},
		create(realm.TypeProvider, samlUpstream, identity.Attributes{"alias": samlUpstream, "protocol": "saml",
			"enabled": true, "entity_id": "https://fs.example.test/trust",
			"sso_url": "https://fs.example.test/adfs/ls", "sso_binding": "redirect", "audience": "urn:example:old-name",
			"validate_signature": false,
			"post_broker_flow":   gating.TopFlow(gating.PlaceBroker), "first_broker_flow": gating.FirstBrokerCreate}),
		create(realm.TypeOrganization, "acme", identity.Attributes{"alias": "acme", "name": "Acme",
			"domains": list("acme.test"), "identity_provider": samlUpstream, "redirect": true}),
		create(realm.TypeClient, probedApp, identity.Attributes{"client_id": probedApp, "protocol": "openid-connect",
			"public": false, "standard_flow": true,
			"redirect_uris": list(probedCallback), "attributes": map[string]any{"pkce.code.challenge.method": "S256"},
			"protocol_mappers": []any{map[string]any{"name": "groups", "type": "oidc-group-membership-mapper",
				"config": map[string]any{
					"claim.name": `https://acme\.test/groups`, "full.path": "false", "id.token.claim": "true",
					"access.token.claim": "true", "userinfo.token.claim": "true"}}}}),
		create(realm.TypeClientRole, probedApp+"/access", identity.Attributes{"client": probedApp, "role": "access"}),
		create(realm.TypeGate, probedApp, identity.Attributes{"client": probedApp, "protocol": "openid-connect", "intact": true}),
		create(realm.TypeRoleAssignment, "/staff -> "+probedApp+"/access",
			identity.Attributes{"group": "/staff", "client": probedApp, "role": "access"}),
		create(realm.TypeClient, samlID, identity.Attributes{"client_id": samlID, "protocol": "saml",
			"redirect_uris": list("https://payroll.example.test/acs"), "public": false,
			"standard_flow": true,
			"attributes": map[string]any{"saml_assertion_consumer_url_post": "https://payroll.example.test/acs",
				"saml.client.signature": "false",
				"saml.server.signature": "true", "saml.force.post.binding": "true", "saml_name_id_format": "email"}}),
	}
}

func probed(t *testing.T, target *Target, step contract.StepRequest,
	change ...func(*observation.ProbeRequest)) map[string]observation.ProbeResult {
	t.Helper()
	request := observation.ProbeRequest{Resource: step.Resource, Attributes: maps.Clone(step.After)}
	for _, f := range change {
		f(&request)
	}
	results, err := target.Probe(t.Context(), request)
	if err != nil {
		t.Fatalf("probing %s: %v", step.Resource, err)
	}
	byName := map[string]observation.ProbeResult{}
	for _, r := range results {
		byName[r.Probe] = r
		if r.Status == observation.ProbeFailed && r.LookAt == "" {
			t.Errorf("%s of %s failed and says not what to look at: %s", r.Probe, r.Resource, r.Summary)
		}
	}
	return byName
}

func expect(t *testing.T, results map[string]observation.ProbeResult, want map[string]observation.ProbeStatus) {
	t.Helper()
	for name, status := range want {
		if got := results[name]; got.Status != status {
			t.Errorf("probe %s is %q (%s %v), want %s", name, got.Status, got.Summary, got.Evidence, status)
		}
	}
	if len(results) != len(want) {
		t.Errorf("%d probes ran, want %d: %v", len(results), len(want), results)
	}
}

const (
	isPassed  = observation.ProbePassed
	isFailed  = observation.ProbeFailed
	isSkipped = observation.ProbeSkipped
)

// probedRealm is a realm with the probed steps applied and the applications opened.
func probedRealm(t *testing.T) (*Target, *keycloaktest.Realm, map[string]contract.StepRequest) {
	t.Helper()
	made := servers.Server(t).NewRealm(t, "manage-realm", "manage-clients", "manage-users", "manage-identity-providers",
		"manage-organizations", "impersonation")
	target := New("test")
	if err := target.Configure(t.Context(), map[string]any{"url": made.Server.URL, "realm": made.Name,
		"client_id": made.ClientID, "client_secret": made.ClientSecret}).Err(); err != nil {
		t.Fatal(err)
	}
	steps := map[string]contract.StepRequest{}
	for _, step := range probedSteps() {
		mustApply(t, target, step)
		steps[step.Resource.String()] = step
	}
	for name, groups := range map[string][]any{"member": {"/staff"}, "stranger": {}} {
		made.AdminRealm(t, http.MethodPost, "/users",
			map[string]any{"username": name, "email": name + "@example.test", "firstName": name, "lastName": "Test",
				"enabled": true, "emailVerified": true, "groups": groups})
	}
	return target, made, steps
}

func open(t *testing.T, target *Target, client string) {
	t.Helper()
	mustApply(t, target, create(realm.TypeEnablement, client, identity.Attributes{"client": client, "enabled": true}))
}

func actingAs(request *observation.ProbeRequest) {
	request.Impersonate, request.Member, request.Stranger = true, "member", "stranger"
}

func TestKeycloak_ProbesPassOnWhatWasApplied(t *testing.T) {
	target, made, steps := probedRealm(t)
	app, samlApp, gate := steps["client:"+probedApp], steps["client:"+samlID], steps["gate:"+probedApp]
	expect(t, probed(t, target, app), map[string]observation.ProbeStatus{"closed_until_enabled": isPassed})
	expect(t, probed(t, target, samlApp), map[string]observation.ProbeStatus{"closed_until_enabled": isPassed})
	open(t, target, probedApp)
	open(t, target, samlID)
	expect(t, probed(t, target, app, actingAs), map[string]observation.ProbeStatus{"oidc_discovery": isPassed,
		"redirect_accepted": isPassed, "redirect_refused": isPassed,
		"pkce_required": isPassed, "client_authentication": isPassed, "claims": isPassed,
		"token_audience": isSkipped, "names_not_own": isSkipped})
	expect(t, probed(t, target, samlApp), map[string]observation.ProbeStatus{"saml_metadata": isPassed,
		"saml_request": isPassed, "names_not_own": observation.ProbeUnknown}) // it is told an address that people may change
	expect(t, probed(t, target, gate), map[string]observation.ProbeStatus{"gate_intact": isPassed,
		"gate_side_doors": isPassed, "direct_holders": isPassed, "gate_admits_member": isSkipped,
		"gate_refuses_stranger": isSkipped})
	expect(t, probed(t, target, gate, actingAs), map[string]observation.ProbeStatus{"gate_intact": isPassed,
		"gate_side_doors": isPassed, "direct_holders": isPassed, "gate_admits_member": isPassed,
		"gate_refuses_stranger": isPassed})
	expect(t, probed(t, target, steps["identity_provider:corp"]),
		map[string]observation.ProbeStatus{"provider_request": isPassed, "provider_certificates": isSkipped,
			"provider_behind_gate": isPassed})
	expect(t, probed(t, target, steps["identity_provider:"+samlUpstream]),
		map[string]observation.ProbeStatus{"provider_request": isPassed, "provider_certificates": isSkipped,
			"provider_behind_gate": isPassed})
	expect(t, probed(t, target, steps["organization:acme"]),
		map[string]observation.ProbeStatus{"domain_routing": isPassed})
	for _, name := range []string{"member", "stranger"} {
		users, _ := made.AdminRealm(t, http.MethodGet, "/users?exact=true&username="+name, nil).([]any)
		id := users[0].(map[string]any)["id"]
		if sessions, _ := made.AdminRealm(t, http.MethodGet, fmt.Sprintf("/users/%s/sessions", id),
			nil).([]any); len(sessions) != 0 {
			t.Errorf("the probes left %d sessions of %s", len(sessions), name)
		}
	}
}

func TestKeycloak_ProbesFailOnWhatIsBroken(t *testing.T) {
	target, made, steps := probedRealm(t)
	open(t, target, probedApp)
	open(t, target, samlID)
	change := func(set func(map[string]any)) {
		live, err := target.client.Application(t.Context(), probedApp)
		if err != nil {
			t.Fatal(err)
		}
		set(live)
		made.AdminRealm(t, http.MethodPut, "/clients/"+admin.Text(live, "id"), live)
	}
	change(func(live map[string]any) {
		live["redirectUris"], live["publicClient"] = []any{"*"}, true
		live["attributes"].(map[string]any)["pkce.code.challenge.method"] = ""
	})
	expect(t, probed(t, target, steps["client:"+probedApp]),
		map[string]observation.ProbeStatus{"oidc_discovery": isPassed, "redirect_accepted": isPassed,
			"redirect_refused": isFailed,
			"pkce_required":    isFailed, "client_authentication": isFailed, "claims": isSkipped,
			"token_audience": isSkipped, "names_not_own": isSkipped})
	change(func(live map[string]any) {
		live["redirectUris"] = []any{"https://other.example.test/"}
		live["authenticationFlowBindingOverrides"] = map[string]any{"browser": "", "direct_grant": ""}
	})
	if got := probed(t, target, steps["client:"+probedApp])["redirect_accepted"]; got.Status != isFailed {
		t.Errorf("a redirect URI that is gone is %v", got)
	}
	change(func(live map[string]any) { live["redirectUris"] = []any{probedCallback} })
	provider, err := target.client.Provider(t.Context(), samlUpstream)
	if err != nil {
		t.Fatal(err)
	}
	provider["postBrokerLoginFlowAlias"] = ""
	provider["config"].(map[string]any)["singleSignOnServiceUrl"] = "https://elsewhere.example.test/sso"
	made.AdminRealm(t, http.MethodPut, "/identity-provider/instances/"+samlUpstream, provider)
	expect(t, probed(t, target, steps["gate:"+probedApp], actingAs),
		map[string]observation.ProbeStatus{"gate_intact": isFailed, "gate_side_doors": isFailed, "direct_holders": isPassed,
			"gate_admits_member": isPassed, "gate_refuses_stranger": isFailed})
	expect(t, probed(t, target, steps["identity_provider:"+samlUpstream]),
		map[string]observation.ProbeStatus{"provider_request": isFailed, "provider_certificates": isSkipped,
			"provider_behind_gate": isFailed})
	moved := steps["organization:acme"]
	expect(t, probed(t, target, moved, func(r *observation.ProbeRequest) { r.Attributes["identity_provider"] = "corp" }),
		map[string]observation.ProbeStatus{"domain_routing": isFailed})
	gone := steps["client:"+probedApp]
	gone.Resource.Key = "nobody"
	expect(t, probed(t, target, gone), map[string]observation.ProbeStatus{"client_there": isFailed})
}
