package keycloak

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/realmtest"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

const (
	gatedApp, gatedCallback = "portal", "https://portal.example.test/callback"
	openApp, openCallback   = "board", "https://board.example.test/callback"
	gatePassword            = "a-long-test-password"
)

// gatedRealm is a realm with one application behind a gate, one for everybody, a member and a stranger.
func gatedRealm(t *testing.T) (*Target, *keycloaktest.Realm) {
	t.Helper()
	target, made := liveTarget(t)
	client := func(id, callback string) contract.StepRequest {
		return create(realm.TypeClient, id, identity.Attributes{"client_id": id, "protocol": gating.ProtocolOIDC,
			"public": false, "standard_flow": true, "redirect_uris": []any{callback}})
	}
	for _, step := range []contract.StepRequest{
		create(realm.TypeGateFlows, realm.GateFlowsKey,
			identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}),
		create(realm.TypeGroup, "/staff", identity.Attributes{"path": "/staff", "name": "staff"}),
		client(gatedApp, gatedCallback),
		create(realm.TypeClientRole, gatedApp+"/access", identity.Attributes{"client": gatedApp, "role": "access"}),
		create(realm.TypeGate, gatedApp, identity.Attributes{"client": gatedApp, "protocol": gating.ProtocolOIDC,
			"intact": true}),
		create(realm.TypeRoleAssignment, "/staff -> "+gatedApp+"/access",
			identity.Attributes{"group": "/staff", "client": gatedApp, "role": "access"}),
		create(realm.TypeEnablement, gatedApp, identity.Attributes{"client": gatedApp, "enabled": true, "gated": true}),
		client(openApp, openCallback),
		create(realm.TypeEnablement, openApp, identity.Attributes{"client": openApp, "enabled": true}),
	} {
		mustApply(t, target, step)
	}
	for name, groups := range map[string][]any{"member": {"/staff"}, "stranger": {}} {
		made.AdminRealm(t, http.MethodPost, "/users", map[string]any{
			"username": name, "email": name + "@example.test", "firstName": name, "lastName": "Test", "enabled": true,
			"emailVerified": true, "groups": groups,
			"credentials": []any{map[string]any{"type": "password", "value": gatePassword, "temporary": false}},
		})
	}
	return target, made
}

func comesIn(t *testing.T, made *keycloaktest.Realm, name string) bool {
	t.Helper()
	_, location, _ := signIn(t, made, gatedApp, gatedCallback, name, gatePassword)
	return strings.HasPrefix(location, gatedCallback) && strings.Contains(location, "code=")
}

// Two refusals within a second would lock an account out of everything, if they counted.
func TestKeycloak_ARefusalCountsAgainstNobody(t *testing.T) {
	_, made := gatedRealm(t)
	made.AdminRealm(t, http.MethodPut, "", map[string]any{"bruteForceProtected": true, "failureFactor": 2})
	b := &browser{t: t, cookies: map[string]string{}}
	for _, more := range []url.Values{nil, {"prompt": {"login"}}, nil, nil} {
		status, location, page := b.signIn(made, gatedApp, gatedCallback, "stranger", gatePassword, more)
		if status != http.StatusUnauthorized || strings.Contains(location, "code=") || !strings.Contains(page, notAssigned) {
			t.Fatalf("a stranger gets %d and is sent to %q", status, location)
		}
	}
	for range 3 {
		_, location, _ := b.signIn(made, gatedApp, gatedCallback, "stranger", gatePassword, url.Values{"prompt": {"none"}})
		if !strings.HasPrefix(location, gatedCallback) || !strings.Contains(location, "error=login_required") {
			t.Errorf("asked without a page, a stranger is sent to %q", location)
		}
	}
	id := firstID(t, made, "/users?username=stranger")
	state, _ := made.AdminRealm(t, http.MethodGet, "/attack-detection/brute-force/users/"+id, nil).(map[string]any)
	if state["numFailures"] != float64(0) || state["disabled"] != false {
		t.Errorf("the refusals count against the person: %v", state)
	}
	if status, location, _ := signIn(t, made, openApp, openCallback, "stranger", gatePassword); !strings.Contains(location,
		"code=") {
		t.Errorf("an application for everybody answers the stranger with %d, sends him to %q", status, location)
	}
	if !comesIn(t, made, "member") {
		t.Error("a member is refused")
	}
}

// What is gone of a gate, or of what it names, refuses; it never opens.
func TestKeycloak_AGateThatLostAPartRefusesEverybody(t *testing.T) {
	target, made := gatedRealm(t)
	live, err := target.client.Application(t.Context(), gatedApp)
	if err != nil {
		t.Fatal(err)
	}
	scopes, err := target.client.ScopeIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := "/clients/" + admin.Text(live, "id")
	scope := func(method, name string) {
		made.AdminRealm(t, method, client+"/default-client-scopes/"+scopes[name], nil)
	}
	put := func(path string, fields map[string]any) { made.AdminRealm(t, http.MethodPut, path, fields) }
	role := firstID(t, made, client+"/roles?search=access")
	for name, change := range map[string]struct{ spoil, mend func() }{
		"the marker": {func() { scope(http.MethodDelete, gating.MarkerScope(gatedApp)) },
			func() { scope(http.MethodPut, gating.MarkerScope(gatedApp)) }},
		"the chunk": {func() { scope(http.MethodDelete, gating.ChunkScope(gating.ProtocolOIDC, gatedApp)) },
			func() { scope(http.MethodPut, gating.ChunkScope(gating.ProtocolOIDC, gatedApp)) }},
		"the role": {func() { put("/roles-by-id/"+role, map[string]any{"name": "entry"}) },
			func() { put("/roles-by-id/"+role, map[string]any{"name": "access"}) }},
		"what refuses": {
			func() {
				put("/identity-provider/instances/"+gating.RefusalName, map[string]any{"alias": gating.RefusalName,
					"providerId": "oidc", "enabled": false})
				if flows := readAll(t, target)[realm.TypeGateFlows+":"+realm.GateFlowsKey]; len(differing(flows.ID(),
					identity.Attributes{"flows": baseFlowAliases()}, flows.Attributes)) == 0 {
					t.Error("the plan does not see that nothing leads to the page of a refusal")
				}
			}, func() {
				mustApply(t, target, contract.StepRequest{Action: contract.ActionUpdate,
					Resource: identity.ResourceID{Type: realm.TypeGateFlows, Key: realm.GateFlowsKey},
					Before:   identity.Attributes{"flows": []any{}}, After: identity.Attributes{"flows": baseFlowAliases()}})
			}},
	} {
		t.Run(name, func(t *testing.T) {
			change.spoil()
			if comesIn(t, made, "stranger") || name != "what refuses" && comesIn(t, made, "member") {
				t.Error("somebody comes in")
			}
			change.mend()
			if comesIn(t, made, "stranger") || !comesIn(t, made, "member") {
				t.Error("put right, the gate does not let exactly its members in")
			}
		})
	}
	if resource := readAll(t, target)[realm.TypeGate+":"+gatedApp]; resource.Attributes["intact"] != true {
		t.Errorf("put right, the gate reads as %v", resource.Attributes)
	}
}

// A realm that an earlier version gated is changed in place, and at no time is the application open.
func TestKeycloak_AGateOfTheShapeBeforeIsChangedInPlace(t *testing.T) {
	target, made := gatedRealm(t)
	trees, err := target.client.GateTrees(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for place, tree := range trees {
		old, err := writing.MakeFlow(t.Context(), target.client, realmtest.OldGates(place, gatedApp))
		if err != nil {
			t.Fatal(err)
		}
		top := tree.FlowIDs[gating.TopFlow(place)]
		if err := writing.Attach(t.Context(), target.client, top, old, gating.Required, 60); err != nil {
			t.Fatal(err)
		}
		made.AdminRealm(t, http.MethodDelete, "/authentication/executions/"+tree.Executions[gating.GateParent(place)], nil)
	}
	if comesIn(t, made, "stranger") || !comesIn(t, made, "member") {
		t.Fatal("the gate of the shape before does not hold")
	}
	before := readAll(t, target)
	flows := before[realm.TypeGateFlows+":"+realm.GateFlowsKey]
	if gate := before[realm.TypeGate+":"+gatedApp]; gate.Attributes["intact"] != false ||
		len(differing(flows.ID(), identity.Attributes{"flows": baseFlowAliases()}, flows.Attributes)) == 0 {
		t.Errorf("the plan finds no update: %v, %v", gate.Attributes, flows.Attributes)
	}
	stop, watched := make(chan struct{}), make(chan int)
	go func() { // somebody who tries all the time
		tries := 0
		for {
			select {
			case <-stop:
				watched <- tries
				return
			default:
				if comesIn(t, made, "stranger") {
					t.Error("for a moment the application is open")
				}
				tries++
			}
		}
	}()
	update := contract.StepRequest{Action: contract.ActionUpdate, Resource: flows.ID(), Before: flows.Attributes,
		After: identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}}
	result := mustApply(t, target, update)
	close(stop)
	t.Logf("%d tries during %d requests", <-watched, result.Requests)
	if comesIn(t, made, "stranger") || !comesIn(t, made, "member") {
		t.Error("the gate of today does not let exactly its members in")
	}
	if again := mustApply(t, target, update); !again.Already {
		t.Error("it was changed twice")
	}
	if after := readAll(t, target)[realm.TypeGate+":"+gatedApp]; after.Attributes["intact"] != true {
		t.Errorf("the gate reads as %v", after.Attributes)
	}
}

// The browser flow is not resumed after a sign-in through a provider: the gates stand behind that too.
func TestKeycloak_WhoComesThroughAProviderMeetsTheGate(t *testing.T) {
	target, made := gatedRealm(t)
	const person, alias = "ann@acme.test", "corp"
	up, provider := upstream(t, made, alias, person, gatePassword)
	mustApply(t, target, provider)
	come := func(app, callback string) (bool, string) {
		_, location, page := brokeredSignIn(t, made, up, app, callback, alias, person, gatePassword)
		return strings.HasPrefix(location, callback) && strings.Contains(location, "code="), page
	}
	if in, page := come(gatedApp, gatedCallback); in || strings.Contains(page, "round and round") {
		t.Errorf("somebody new from a provider gets a code: %v; %.200s", in, page)
	}
	if in, _ := come(openApp, openCallback); !in {
		t.Error("an application for everybody refuses who comes through the provider")
	}
	user := firstID(t, made, "/users?email="+url.QueryEscape(person))
	group := firstID(t, made, "/groups?search=staff")
	made.AdminRealm(t, http.MethodPut, "/users/"+user+"/groups/"+group, nil)
	if in, page := come(gatedApp, gatedCallback); !in {
		t.Errorf("a member who comes through a provider is refused: %.200s", page)
	}
}
