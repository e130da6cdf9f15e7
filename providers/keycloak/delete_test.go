package keycloak

import (
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

func undo(step contract.StepRequest) contract.StepRequest {
	return contract.StepRequest{Action: contract.ActionDelete, Resource: step.Resource, Before: step.After, Tag: step.Tag}
}

// mustRefuse expects a conflict that says why.
func mustRefuse(t *testing.T, target *Target, step contract.StepRequest, why string) {
	t.Helper()
	_, err := target.Apply(t.Context(), step)
	var fault *contract.ProviderError
	if !errors.As(err, &fault) || fault.Code != contract.ErrorConflict || !strings.Contains(fault.Message, why) {
		t.Errorf("deleting %s gave %v, wanted a conflict with %q", step.Resource, err, why)
	}
}

func TestKeycloak_ADeleteReachesNoFurtherThanItsOwnResource(t *testing.T) {
	target, made := liveTarget(t)
	flows := create(realm.TypeGateFlows, realm.GateFlowsKey,
		identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()})
	app := create(realm.TypeClient, "app", identity.Attributes{"client_id": "app", "protocol": "openid-connect",
		"public": true, "standard_flow": true,
		"redirect_uris": []any{"https://app.example.test/cb"}})
	role := create(realm.TypeClientRole, "app/access", identity.Attributes{"client": "app", "role": "access"})
	gate := create(realm.TypeGate, "app", identity.Attributes{"client": "app", "protocol": "openid-connect", "intact": true})
	open := create(realm.TypeEnablement, "app", identity.Attributes{"client": "app", "enabled": true})
	provider := create(realm.TypeProvider, "corp",
		identity.Attributes{"alias": "corp", "protocol": "saml", "enabled": true,
			"entity_id": "https://up.example.test", "sso_url": "https://up.example.test/sso",
			"post_broker_flow": gating.TopFlow(gating.PlaceBroker)})
	group := create(realm.TypeGroup, "/staff", identity.Attributes{"path": "/staff", "name": "staff"})
	for _, step := range []contract.StepRequest{flows, app, role, gate, open, provider, group} {
		mustApply(t, target, step)
	}

	mustRefuse(t, target, undo(gate), "its client is open")
	foreign := undo(group)
	foreign.Tag = "okta.other/group/1"
	mustRefuse(t, target, foreign, "mark of this migration")
	foreign.Tag = ""
	mustRefuse(t, target, foreign, "mark of this migration")
	mustRefuse(t, target, undo(flows), "identity provider corp")
	mustRefuse(t, target, undo(flows), "client app")

	made.AdminRealm(t, "POST", "/organizations", map[string]any{"name": "Others", "alias": "others",
		"domains": []any{map[string]any{"name": "others.test"}}})
	others := firstID(t, made, "/organizations?search=Others")
	made.AdminRealm(t, "POST", "/organizations/"+others+"/identity-providers", "corp")
	mustRefuse(t, target, undo(provider), "an organization is still linked")
	made.AdminRealm(t, "DELETE", "/organizations/"+others+"/identity-providers/corp", nil)

	for _, step := range []contract.StepRequest{open, gate, role, app, provider, group} {
		mustApply(t, target, undo(step))
		if again := mustApply(t, target, undo(step)); !again.Already {
			t.Errorf("%s was deleted twice", step.Resource)
		}
	}
	testBoundFlows(t, target, made, flows)
}

// testBoundFlows binds the flows in each way that somebody else can, and expects that they are not deleted meanwhile.
func testBoundFlows(t *testing.T, target *Target, made *keycloaktest.Realm, flows contract.StepRequest) {
	ids, err := target.client.TopFlows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	browser := gating.TopFlow(gating.PlaceBrowser)
	made.AdminRealm(t, "POST", "/clients", map[string]any{"clientId": "theirs",
		"authenticationFlowBindingOverrides": map[string]any{"browser": ids[browser]}})
	mustRefuse(t, target, undo(flows), "client theirs")
	made.AdminRealm(t, "DELETE", "/clients/"+firstID(t, made, "/clients?clientId=theirs"), nil)

	made.AdminRealm(t, "PUT", "", map[string]any{"browserFlow": browser})
	mustRefuse(t, target, undo(flows), "somebody has changed flows") // which cannot stand behind themselves
	made.AdminRealm(t, "PUT", "", map[string]any{"browserFlow": "browser"})

	made.AdminRealm(t, "POST", "/authentication/flows",
		map[string]any{"alias": "theirs", "providerId": "basic-flow", "topLevel": true, "builtIn": false})
	tree, err := target.client.Tree(t.Context(), browser, ids[browser])
	if err != nil {
		t.Fatal(err)
	}
	shared := tree.FlowIDs[gating.GateParent(gating.PlaceBrowser)]
	ids, err = target.client.TopFlows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := writing.Attach(t.Context(), target.client, ids["theirs"], shared, gating.Required, 10); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, target, undo(flows), "flow theirs")
	if after, err := target.client.TopFlows(t.Context()); err != nil || after["theirs"] == "" || after[browser] == "" {
		t.Errorf("after the refusal the flows are %v (%v)", after, err)
	}
}

func firstID(t *testing.T, made *keycloaktest.Realm, path string) string {
	t.Helper()
	rows, _ := made.AdminRealm(t, "GET", path, nil).([]any)
	if len(rows) == 0 {
		t.Fatalf("%s lists nothing", path)
	}
	row, _ := rows[0].(map[string]any)
	id, _ := row["id"].(string)
	return id
}
