package keycloak

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// inUse makes a client that people use, bound to a flow of its own.
func inUse(t *testing.T, made *keycloaktest.Realm, id, flow string) {
	t.Helper()
	made.AdminRealm(t, http.MethodPost, "/clients", map[string]any{"clientId": id, "enabled": true, "publicClient": true,
		"standardFlowEnabled": true, "directAccessGrantsEnabled": false, "redirectUris": []any{callbackOf(id)},
		"authenticationFlowBindingOverrides": map[string]any{"browser": flow}})
}

func callbackOf(id string) string { return "https://" + id + ".example.test/callback" }

// gateSteps are the steps by which a client that lives gets a gate: what a plan makes of a reconcile of gated.
func gateSteps(id string) []contract.StepRequest {
	return []contract.StepRequest{
		create(realm.TypeClientRole, id+"/access", identity.Attributes{"client": id, "role": "access"}),
		create(realm.TypeRoleAssignment, "/staff -> "+id+"/access",
			identity.Attributes{"group": "/staff", "client": id, "role": "access"}),
		create(realm.TypeGate, id, identity.Attributes{"client": id, "protocol": gating.ProtocolOIDC, "intact": true}),
		setGated(id, true),
	}
}

func setGated(id string, gated bool) contract.StepRequest {
	return contract.StepRequest{Action: contract.ActionUpdate,
		Resource: identity.ResourceID{Type: realm.TypeEnablement, Key: id},
		Before:   identity.Attributes{"gated": !gated}, After: identity.Attributes{"gated": gated}}
}

func (d doorway) wrappers() []string {
	d.Helper()
	tops, err := d.target.client.TopFlows(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	var found []string
	for alias := range tops {
		if place, ours := gating.PlaceOf(alias); ours && strings.Contains(string(place), " on ") {
			found = append(found, alias)
		}
	}
	return found
}

func (d doorway) client(id string) map[string]any {
	d.Helper()
	live, err := d.target.client.Application(d.Context(), id)
	if err != nil {
		d.Fatal(err)
	}
	return live
}

// What a client demands of its own is demanded before its gate, and is its own again when the gate goes.
func TestKeycloak_AGatedClientKeepsTheFlowOfItsOwn(t *testing.T) {
	target, made := gatedRealm(t)
	d := doorway{T: t, target: target, realm: made}
	flow := makeDemanding(t, target, "with a code")
	for _, id := range []string{"theirs", "theirs-too"} {
		inUse(t, made, id, flow)
	}
	for _, name := range []string{"member", "stranger"} {
		giveFactor(t, made, name)
	}
	if got, want := enter(t, made, "theirs", callbackOf("theirs"), "stranger"), (entry{true, 1}); got != want {
		t.Fatalf("before its gate the client lets a stranger in with %+v, want %+v", got, want)
	}
	for _, id := range []string{"theirs", "theirs-too"} {
		for _, step := range gateSteps(id) {
			if result := mustApply(t, target, step); step.Resource.Type == realm.TypeEnablement && !result.Already {
				t.Error("the step that makes it gated finds something to do behind the gate")
			}
		}
		for name, want := range map[string]entry{"member": {true, 1}, "stranger": {false, 1}} {
			if got := enter(t, made, id, callbackOf(id), name); got != want {
				t.Errorf("at %s the %s gets %+v, want %+v", id, name, got, want)
			}
		}
	}
	if found := d.wrappers(); len(found) != 1 {
		t.Errorf("two clients of one flow have %q", found)
	}
	all := readAll(t, target)
	if gate := all["gate:theirs"]; gate.Attributes["intact"] != true || all["client:theirs"].Attributes["own_flow"] != false {
		t.Errorf("the gate reads as %v, the client as %v", gate.Attributes, all["client:theirs"].Attributes)
	}
	if got, want := enter(t, made, gatedApp, gatedCallback, "member").in, true; got != want {
		t.Error("a client without a flow of its own is touched")
	}

	// a later change of its flow follows, in place
	d.require("with a code", "with a code factor", "DISABLED")
	update, changes := flowsDiffer(t, target)
	if !changes {
		t.Fatal("the plan does not see that the flow of the client has changed")
	}
	whileTrying(t, func() bool { return enter(t, made, "theirs", callbackOf("theirs"), "stranger").in },
		func() { mustApply(t, target, update) })
	if _, again := flowsDiffer(t, target); again {
		t.Error("the second plan is not empty")
	}
	if got, want := enter(t, made, "theirs", callbackOf("theirs"), "member"), (entry{true, 0}); got != want {
		t.Errorf("after the change a member gets %+v, want %+v", got, want)
	}

	// and the way back
	mustApply(t, target, setGated("theirs", false))
	if result := mustApply(t, target, undo(gateSteps("theirs")[2])); !result.Already {
		t.Error("the gate was there still")
	}
	live := d.client("theirs")
	if bound := admin.Part(live, "authenticationFlowBindingOverrides"); bound["browser"] != flow || bound["direct_grant"] != nil {
		t.Errorf("it is bound to %v, want %s", bound, flow)
	}
	for name := range admin.Part(live, "attributes") {
		if strings.HasPrefix(name, "rehome.former") {
			t.Errorf("the attribute %s is left", name)
		}
	}
	if live["enabled"] != true || !enter(t, made, "theirs", callbackOf("theirs"), "stranger").in {
		t.Error("the client is not as open as it was")
	}
	if enter(t, made, "theirs-too", callbackOf("theirs-too"), "stranger").in {
		t.Error("the gate of the other client of that flow is gone too")
	}
	if found := d.wrappers(); len(found) != 1 {
		t.Errorf("while a gate stands in it, found %q", found)
	}
}

// A flow that somebody deleted meanwhile cannot be given back, and nothing weaker is given in its place.
func TestKeycloak_AFlowThatIsGoneIsNotReplacedByAWeakerOne(t *testing.T) {
	target, made := gatedRealm(t)
	d := doorway{T: t, target: target, realm: made}
	flow := makeDemanding(t, target, "with a code")
	inUse(t, made, "theirs", flow)
	giveFactor(t, made, "member")
	for _, step := range gateSteps("theirs") {
		mustApply(t, target, step)
	}
	made.AdminRealm(t, http.MethodDelete, "/authentication/flows/"+flow, nil)
	if got, want := enter(t, made, "theirs", callbackOf("theirs"), "member"), (entry{true, 1}); got != want {
		t.Errorf("with its flow gone a member gets %+v, want %+v", got, want)
	}
	if _, changes := flowsDiffer(t, target); changes || readAll(t, target)["gate:theirs"].Attributes["intact"] != true {
		t.Error("the plan finds something to do that nobody can do")
	}
	if _, err := target.Apply(t.Context(), setGated("theirs", false)); err == nil ||
		!strings.Contains(err.Error(), "rehome.former.browser") {
		t.Errorf("taking the gate off gives %v", err)
	}
	if got, want := enter(t, made, "theirs", callbackOf("theirs"), "member"), (entry{true, 1}); got != want {
		t.Errorf("after the refusal a member gets %+v, want %+v", got, want)
	}
	// the advice is followed
	d.ids = map[string]string{"theirs": admin.Text(d.client("theirs"), "id")}
	d.attribute("theirs", "rehome.former.browser", "")
	mustApply(t, target, setGated("theirs", false))
	if found := d.wrappers(); len(found) != 0 {
		t.Errorf("left behind: %q", found)
	}
}

// A client that people use gets no gate while something leads around it.
func TestKeycloak_AClientInUseIsNotTouchedWhileADoorStandsOpen(t *testing.T) {
	target, made := gatedRealm(t)
	d := doorway{T: t, target: target, realm: made}
	inUse(t, made, "theirs", "")
	d.set(map[string]any{"registrationAllowed": true})
	before := d.client("theirs")
	for _, step := range gateSteps("theirs") {
		_, err := target.Apply(t.Context(), step)
		switch step.Resource.Type {
		case realm.TypeGate, realm.TypeEnablement:
			if err == nil {
				t.Errorf("%s is done", step.Resource)
			}
			if step.Resource.Type == realm.TypeGate && !strings.Contains(err.Error(), "self-registration") {
				t.Errorf("%s gives %v", step.Resource, err)
			}
		}
	}
	if got := d.client("theirs"); got["enabled"] != before["enabled"] ||
		len(admin.Part(got, "authenticationFlowBindingOverrides")) != 0 {
		t.Errorf("the client is %v", got)
	}
}

// Who decides about a client that people use reads how many of them lose it, and who they are.
func TestKeycloak_WhoLosesAClientIsCountedAndNamed(t *testing.T) {
	target, made := gatedRealm(t)
	inUse(t, made, "theirs", "")
	var live, desired []identity.Resource
	for _, r := range readAll(t, target) {
		live = append(live, r)
	}
	for _, step := range gateSteps("theirs") {
		desired = append(desired, identity.Resource{Type: step.Resource.Type, Key: step.Resource.Key, Attributes: step.After})
	}
	said := func() string {
		for _, f := range target.Check(desired, live) {
			if f.Resource == desired[2].ID() && f.Finding.Field == "gated" {
				return f.Finding.Summary
			}
		}
		return ""
	}
	if got, want := said(), "of 2 accounts 1 may not behind its gate: stranger@example.test; "; !strings.Contains(got, want) {
		t.Errorf("it says %q, want %q", got, want)
	}
	desired[1].Attributes = identity.Attributes{"group": "/nobody", "client": "theirs", "role": "access"}
	if got, want := said(), "2 may not behind its gate: member@example.test, stranger@example.test"; !strings.Contains(got, want) {
		t.Errorf("without a group it says %q, want %q", got, want)
	}
	desired[2].Key = "new"
	if got := said(); got != "" {
		t.Errorf("of a client that is made it says %q", got)
	}
}
