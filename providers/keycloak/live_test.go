package keycloak

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

var servers keycloaktest.Pool

func TestMain(m *testing.M) {
	code := m.Run()
	if err := servers.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// liveTarget is a target on a fresh realm of a real server.
func liveTarget(t *testing.T) (*Target, *keycloaktest.Realm) {
	t.Helper()
	made := servers.Server(t).NewRealm(t, "manage-realm", "manage-clients", "manage-users", "manage-identity-providers",
		"manage-organizations", "view-realm", "view-clients", "view-users", "view-identity-providers", "view-organizations",
		"query-groups")
	return configured(t, made), made
}

func configured(t *testing.T, made *keycloaktest.Realm) *Target {
	t.Helper()
	target := New("test")
	problems := target.Configure(t.Context(), map[string]any{
		"url": made.Server.URL, "realm": made.Name, "client_id": made.ClientID, "client_secret": made.ClientSecret,
	})
	if err := problems.Err(); err != nil {
		t.Fatalf("configuring: %v", err)
	}
	return target
}

const tag = "okta.corp/application/0oa1"

func create(resourceType, key string, after identity.Attributes) contract.StepRequest {
	return contract.StepRequest{
		Action: contract.ActionCreate, Resource: identity.ResourceID{Type: resourceType, Key: key}, After: after, Tag: tag,
	}
}

const (
	appID  = "https://wiki.example.test/saml?x=1"
	samlID = "urn:example:payroll & more"
)

// wholeApplication is one step of each type, in the order in which they build on each other.
func wholeApplication() []contract.StepRequest {
	list := func(texts ...string) []any { return object.List(texts) }
	return []contract.StepRequest{
		create(realm.TypeGateFlows, realm.GateFlowsKey,
			identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}),
		create(realm.TypeGroup, "/eng~1ops", identity.Attributes{
			"path": "/eng~1ops", "name": "eng/ops", "description": "Engineers",
			"attributes": map[string]any{"cost": list("42")}}),
		create(realm.TypeGroup, "/eng~1ops/sub", identity.Attributes{"path": "/eng~1ops/sub", "name": "sub",
			"description": ""}),
		{Action: contract.ActionCreate, Resource: identity.ResourceID{Type: realm.TypeProvider, Key: "corp"}, Tag: tag,
			Secrets: map[string]string{"client_secret": "upstream-secret"},
			After: identity.Attributes{
				"alias": "corp", "display_name": "Corp", "protocol": "oidc", "enabled": true, "hide_on_login": true,
				"trust_email": true,
				"issuer":      "https://up.example.test", "authorization_url": "https://up.example.test/auth",
				"token_url": "https://up.example.test/token",
				"client_id": "kc", "client_authentication": "client_secret_post", "scopes": "openid email", "pkce": true,
				"sync_mode":        "FORCE",
				"post_broker_flow": gating.TopFlow(gating.PlaceBroker), "first_broker_flow": gating.FirstBrokerCreate,
				"mappers": []any{map[string]any{"name": "mail", "type": "oidc-user-attribute-idp-mapper",
					"config": map[string]any{"claim": "mail", "user.attribute": "email", "syncMode": "INHERIT"}}},
			}},
		create(realm.TypeOrganization, "acme", identity.Attributes{
			"alias": "acme", "name": "Acme Corp", "domains": list("acme.test", "acme.example"), "identity_provider": "corp"}),
		create(realm.TypeClient, appID, identity.Attributes{
			"client_id": appID, "protocol": "openid-connect", "name": "Wiki", "description": "",
			"base_url":      "https://wiki.example.test",
			"redirect_uris": list("https://wiki.example.test/callback"), "web_origins": list("+"), "public": false,
			"client_authenticator": "client-secret", "standard_flow": true, "implicit_flow": false,
			"direct_access_grants": false,
			"service_accounts":     false, "consent_required": false, "front_channel_logout": false, "full_scope_allowed": true,
			"attributes": map[string]any{"pkce.code.challenge.method": "S256",
				"post.logout.redirect.uris": "https://wiki.example.test/bye"},
			"protocol_mappers": []any{map[string]any{"name": "groups", "type": "oidc-group-membership-mapper",
				"config": map[string]any{
					"claim.name": "groups", "full.path": "false", "id.token.claim": "true", "access.token.claim": "true",
					"userinfo.token.claim": "true"}}},
		}),
		create(realm.TypeClientRole, appID+"/access",
			identity.Attributes{"client": appID, "role": "access", "description": "May use Wiki"}),
		create(realm.TypeGate, appID, identity.Attributes{
			"client": appID, "protocol": "openid-connect", "intact": true}),
		create(realm.TypeRoleAssignment, "/eng~1ops -> "+appID+"/access",
			identity.Attributes{"group": "/eng~1ops", "client": appID, "role": "access"}),
		create(realm.TypeClient, samlID, identity.Attributes{
			"client_id": samlID, "protocol": "saml", "name": "Payroll",
			"redirect_uris": list("https://payroll.example.test/acs"), "public": false,
			"direct_access_grants": false, "standard_flow": true, "attributes": map[string]any{
				"saml_assertion_consumer_url_post": "https://payroll.example.test/acs", "saml.assertion.signature": "true",
				"saml.client.signature": "false",
				"saml.server.signature": "true", "saml.force.post.binding": "true", "saml_name_id_format": "email"}}),
		create(realm.TypeClientRole, samlID+"/access",
			identity.Attributes{"client": samlID, "role": "access", "description": ""}),
		create(realm.TypeGate, samlID, identity.Attributes{"client": samlID, "protocol": "saml", "intact": true}),
		create(realm.TypeEnablement, samlID, identity.Attributes{"client": samlID, "enabled": true}),
		create(realm.TypeEnablement, appID, identity.Attributes{"client": appID, "enabled": true}),
	}
}

func baseFlowAliases() []any {
	var aliases []string
	for _, flow := range gating.BaseFlows() {
		aliases = append(aliases, flow.Alias)
	}
	return object.List(aliases)
}

func mustApply(t *testing.T, target *Target, step contract.StepRequest) contract.StepResult {
	t.Helper()
	result, err := target.Apply(t.Context(), step)
	if err != nil {
		t.Fatalf("%s %s: %v", step.Action, step.Resource, err)
	}
	return result
}

func differing(id identity.ResourceID, want, live identity.Attributes) []string {
	return steps.Differences(realm.TypeOf(id.Type).Schema, want, live)
}

func readAll(t *testing.T, target *Target) map[string]identity.Resource {
	t.Helper()
	all := map[string]identity.Resource{}
	if _, err := target.Read(t.Context(),
		func(r identity.Resource) error { all[r.ID().String()] = r; return nil }); err != nil {
		t.Fatalf("reading: %v", err)
	}
	return all
}

func TestKeycloak_AWholeApplicationIsWrittenReadBackChangedAndTakenBack(t *testing.T) {
	target, made := liveTarget(t)
	before := readAll(t, target)
	steps := wholeApplication()
	for _, step := range steps {
		result := mustApply(t, target, step)
		if result.Already {
			t.Errorf("%s was done before it was asked for", step.Resource)
		}
		t.Logf("%s took %d requests", step.Resource, result.Requests)
		if step.Resource.Key == appID && step.Resource.Type == realm.TypeClient && len(result.Generated["secret"]) < 16 {
			t.Errorf("the client's generated secret was not handed out")
		}
	}
	after := readAll(t, target)
	for _, step := range steps {
		live, present := after[step.Resource.String()]
		if !present {
			t.Errorf("%s does not read back", step.Resource)
			continue
		}
		for _, name := range differing(step.Resource, step.After, live.Attributes) {
			t.Errorf("%s: %s reads back as %v, want %v", step.Resource, name, live.Attributes[name], step.After[name])
		}
		if realm.TypeOf(step.Resource.Type).Schema.Tagged && live.Tag != tag {
			t.Errorf("%s carries the tag %q", step.Resource, live.Tag)
		}
	}
	for _, step := range steps {
		if result := mustApply(t, target, step); !result.Already {
			t.Errorf("%s was done twice", step.Resource)
		}
	}
	testForeignChange(t, target, made, after)
	testUpdates(t, target, steps, after)
	testRename(t, target, after["group:/eng~1ops/sub"])
	testTakeBack(t, target, steps, before)
}

// testForeignChange changes a group behind rehome's back and expects that an update refuses to overwrite it.
func testForeignChange(t *testing.T, target *Target, made *keycloaktest.Realm, read map[string]identity.Resource) {
	group := read["group:/eng~1ops"]
	made.AdminRealm(t, "PUT", "/groups/"+group.ServerID,
		map[string]any{"name": "eng/ops", "description": "changed by hand"})
	step := contract.StepRequest{Action: contract.ActionUpdate, Resource: group.ID(), ServerID: group.ServerID,
		Before: group.Attributes, After: identity.Attributes{"path": group.Key, "name": "eng/ops",
			"description": "Engineers and operators"}}
	_, err := target.Apply(t.Context(), step)
	var fault *contract.ProviderError
	if !errors.As(err, &fault) || fault.Code != contract.ErrorConflict {
		t.Fatalf("an update over a foreign change gave %v", err)
	}
	if fault.Live["description"] != "changed by hand" {
		t.Errorf("the conflict does not tell what is there: %v", fault.Live)
	}
	made.AdminRealm(t, "PUT", "/groups/"+group.ServerID, map[string]any{"name": "eng/ops", "description": "Engineers"})
	taken := create(realm.TypeGroup, group.Key, identity.Attributes{"path": group.Key, "name": "eng/ops"})
	taken.Tag = "okta.other/group/1"
	if _, err := target.Apply(t.Context(), taken); !errors.As(err, &fault) || fault.Code != contract.ErrorConflict {
		t.Errorf("taking over a group of another item gave %v", err)
	}
}

// testRename gives a group another name and the old one back; its id stays.
func testRename(t *testing.T, target *Target, group identity.Resource) {
	rename := func(from, to string) {
		step := contract.StepRequest{Action: contract.ActionUpdate,
			Resource: identity.ResourceID{Type: group.Type, Key: "/eng~1ops/" + to}, ServerID: group.ServerID,
			Before: identity.Attributes{"path": "/eng~1ops/" + from, "name": from},
			After:  identity.Attributes{"path": "/eng~1ops/" + to, "name": to}}
		if result := mustApply(t, target, step); result.Already || result.ServerID != group.ServerID {
			t.Errorf("renaming %s to %s gave %+v", from, to, result)
		}
		if result := mustApply(t, target, step); !result.Already {
			t.Errorf("%s was renamed twice", from)
		}
	}
	rename("sub", " *below* \"it\" 100%_😀 ")
	rename(" *below* \"it\" 100%_😀 ", "sub")
}

// testUpdates changes one attribute of each kind of resource and back.
func testUpdates(t *testing.T, target *Target, steps []contract.StepRequest, read map[string]identity.Resource) {
	changes := map[string]identity.Attributes{
		realm.TypeGroup:        {"description": "other"},
		realm.TypeProvider:     {"display_name": "Other", "mappers": []any{}},
		realm.TypeOrganization: {"domains": []any{"acme.test"}, "identity_provider": ""},
		realm.TypeClient:       {"name": "Other", "default_client_scopes": []any{"basic", "profile"}},
		realm.TypeClientRole:   {"description": "Other"},
	}
	for _, step := range steps {
		change, ok := changes[step.Resource.Type]
		if !ok {
			continue
		}
		old := read[step.Resource.String()].Attributes
		changed := old.Clone()
		maps.Copy(changed, change)
		if step.Resource.Key == samlID {
			delete(changed, "default_client_scopes")
			old = old.Clone()
			delete(old, "default_client_scopes")
		}
		if old["redirect"] == true {
			changed["redirect"] = false
		}
		present := contract.StepRequest{Action: contract.ActionUpdate, Resource: step.Resource, Before: old, After: changed,
			Tag: step.Tag}
		back := contract.StepRequest{Action: contract.ActionUpdate, Resource: step.Resource, Before: changed, After: old,
			Tag: step.Tag}
		mustApply(t, target, present)
		if live := readAll(t, target)[step.Resource.String()]; len(differing(step.Resource, changed, live.Attributes)) > 0 {
			t.Errorf("%s: after the change %v differ", step.Resource, differing(step.Resource, changed, live.Attributes))
		}
		if result := mustApply(t, target, present); !result.Already {
			t.Errorf("%s was changed twice", step.Resource)
		}
		mustApply(t, target, back)
	}
	if diff := cmp.Diff(read, readAll(t, target)); diff != "" {
		t.Errorf("changed and changed back, the realm differs (-before +after):\n%s", diff)
	}
}

// testTakeBack deletes everything in the opposite order and expects the realm as it was.
func testTakeBack(t *testing.T, target *Target, steps []contract.StepRequest, before map[string]identity.Resource) {
	for _, step := range slices.Backward(steps) {
		undo := contract.StepRequest{Action: contract.ActionDelete, Resource: step.Resource, Before: step.After,
			Tag: step.Tag}
		mustApply(t, target, undo)
		if result := mustApply(t, target, undo); !result.Already && step.Resource.Type != realm.TypeEnablement {
			t.Errorf("%s was deleted twice", step.Resource)
		}
	}
	if diff := cmp.Diff(before, readAll(t, target)); diff != "" {
		t.Errorf("after everything was taken back the realm differs (-before +after):\n%s", diff)
	}
}

func TestKeycloak_TheMarkerIsWrittenByOneOfTwo(t *testing.T) {
	target, made := liveTarget(t)
	marker, revision, err := target.ReadMarker(t.Context())
	if err != nil || revision != "" || marker.Migration != "" {
		t.Fatalf("a fresh realm has marker %v, revision %q, error %v", marker, revision, err)
	}
	first, err := target.WriteMarker(t.Context(), contract.Marker{Migration: "acme", Fence: 1}, "")
	if err != nil {
		t.Fatalf("the first write: %v", err)
	}
	second, err := target.WriteMarker(t.Context(), contract.Marker{Migration: "acme", Fence: 2}, first)
	if err != nil {
		t.Fatalf("the second write: %v", err)
	}
	var fault *contract.ProviderError
	for _, stale := range []contract.MarkerRevision{first, ""} {
		if _, err := target.WriteMarker(t.Context(), contract.Marker{Migration: "acme", Fence: 3}, stale); !errors.As(err,
			&fault) || fault.Code != contract.ErrorConflict {
			t.Errorf("a write based on %q gave %v", stale, err)
		}
	}
	marker, revision, err = target.ReadMarker(t.Context())
	if err != nil || revision != second || marker.Fence != 2 {
		t.Errorf("the marker reads as %v, revision %q, error %v", marker, revision, err)
	}
	if got, err := target.Identify(t.Context()); err != nil || got.Identity != made.Server.URL+"/realms/"+made.Name {
		t.Errorf("the target is identified as %v, error %v", got, err)
	}
}
