package keycloak

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// factorSeed is what the codes of the second factor are made of.
const factorSeed = "a-seed-of-twenty-chr"

// code is the one of now, by RFC 6238.
func code() string {
	mac := hmac.New(sha1.New, []byte(factorSeed))
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
}

// giveFactor lets a person have a second factor.
func giveFactor(t *testing.T, made *keycloaktest.Realm, name string) {
	t.Helper()
	made.AdminRealm(t, http.MethodPut, "", map[string]any{"otpPolicyCodeReusable": true, "otpPolicyType": "totp",
		"otpPolicyAlgorithm": "HmacSHA1", "otpPolicyInitialCounter": 0, "otpPolicyDigits": 6,
		"otpPolicyLookAheadWindow": 1, "otpPolicyPeriod": 30})
	secret, err := json.Marshal(map[string]any{"value": factorSeed})
	if err != nil {
		t.Fatal(err)
	}
	user, _ := made.AdminRealm(t, http.MethodGet, "/users/"+firstID(t, made, "/users?username="+name),
		nil).(map[string]any)
	user["credentials"] = []any{map[string]any{"type": "otp", "secretData": string(secret),
		"credentialData": `{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}`}}
	made.AdminRealm(t, http.MethodPut, "/users/"+fmt.Sprint(user["id"]), user)
}

// demanding is a flow that demands a second factor of everybody, by a condition that names a sub-flow of its own.
func demanding(alias string) gating.Flow {
	line := func(authenticator, requirement string, priority int) gating.Execution {
		return gating.Execution{Authenticator: authenticator, Requirement: requirement, Priority: priority}
	}
	ran := gating.Flow{Alias: alias + " ran", Executions: []gating.Execution{
		line("allow-access-authenticator", gating.Required, 10)}}
	factor := gating.Flow{Alias: alias + " factor", Executions: []gating.Execution{
		{Authenticator: "conditional-sub-flow-executed", Requirement: gating.Required, Config: &gating.Config{
			Alias: alias + " check", Values: map[string]string{"flow_to_check": ran.Alias, "check_result": "executed"}}},
		line("auth-otp-form", gating.Required, 10)}}
	forms := gating.Flow{Alias: alias + " forms", Executions: []gating.Execution{
		line("auth-username-password-form", gating.Required, 10),
		{Flow: &ran, Requirement: gating.Required, Priority: 20},
		{Flow: &factor, Requirement: gating.Conditional, Priority: 30}}}
	return gating.Flow{Alias: alias, TopLevel: true, Executions: []gating.Execution{
		line("auth-cookie", gating.Alternative, 10), {Flow: &forms, Requirement: gating.Alternative, Priority: 20}}}
}

func makeDemanding(t *testing.T, target *Target, alias string) string {
	t.Helper()
	id, err := writing.MakeFlow(t.Context(), target.client, demanding(alias))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// flowsDiffer lists what a plan finds to do about the flows of the gates.
func flowsDiffer(t *testing.T, target *Target) (contract.StepRequest, bool) {
	t.Helper()
	live := readAll(t, target)[realm.TypeGateFlows+":"+realm.GateFlowsKey]
	wanted := identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}
	return contract.StepRequest{Action: contract.ActionUpdate, Resource: live.ID(), Before: live.Attributes, After: wanted},
		len(differing(live.ID(), wanted, live.Attributes)) > 0
}

// whileTrying does something while somebody who may not tries all the time to come in.
func whileTrying(t *testing.T, try func() bool, do func()) {
	t.Helper()
	stop, tries := make(chan struct{}), make(chan int)
	go func() {
		count := 0
		for {
			select {
			case <-stop:
				tries <- count
				return
			default:
				if try() {
					t.Error("for a moment somebody comes in who may not")
				}
				count++
			}
		}
	}()
	do()
	close(stop)
	t.Logf("%d tries", <-tries)
}

// entry is how one sign-in went.
type entry struct {
	in    bool
	asked int // for a second factor
}

// enter signs in with whatever is asked for.
func enter(t *testing.T, made *keycloaktest.Realm, app, callback, name string) entry {
	t.Helper()
	b := &browser{t: t, cookies: map[string]string{}, factor: code}
	_, location, _ := b.signIn(made, app, callback, name, gatePassword, nil)
	return entry{strings.HasPrefix(location, callback) && strings.Contains(location, "code="), b.asked}
}

// What the realm demands of everybody is demanded at a gated application too, and a later change of it follows.
func TestKeycloak_AGateStandsBehindWhatTheRealmDemands(t *testing.T) {
	target, made := gatedRealm(t)
	if _, changes := flowsDiffer(t, target); changes {
		t.Fatal("behind the flow that every realm is made with, the plan finds something to change")
	}
	for _, name := range []string{"member", "stranger"} {
		giveFactor(t, made, name)
	}
	makeDemanding(t, target, "house rules")
	made.AdminRealm(t, http.MethodPut, "", map[string]any{"browserFlow": "house rules"})
	update, changes := flowsDiffer(t, target)
	if !changes {
		t.Fatal("the plan does not see that the realm is bound to another flow")
	}
	whileTrying(t, func() bool { return enter(t, made, gatedApp, gatedCallback, "stranger").in },
		func() { mustApply(t, target, update) })

	for name, want := range map[string]entry{"member": {true, 1}, "stranger": {false, 1}} {
		if got := enter(t, made, gatedApp, gatedCallback, name); got != want {
			t.Errorf("the %s at the gated application: %+v, want %+v", name, got, want)
		}
	}
	if _, location, _ := signIn(t, made, gatedApp, gatedCallback, "member",
		gatePassword); strings.Contains(location, "code=") {
		t.Error("a member who has no second factor at hand comes in")
	}
	b := &browser{t: t, cookies: map[string]string{}, factor: code}
	b.signIn(made, openApp, openCallback, "member", gatePassword, nil)
	_, location, _ := b.signIn(made, gatedApp, gatedCallback, "member", gatePassword, url.Values{"prompt": {"none"}})
	if b.asked != 1 || !strings.Contains(location, "code=") {
		t.Errorf("with a session of another application he was asked %d times and is sent to %q", b.asked, location)
	}

	// the bound flow itself changes
	d := doorway{T: t, target: target, realm: made}
	d.require("house rules", "house rules factor", "DISABLED")
	update, changes = flowsDiffer(t, target)
	if !changes {
		t.Fatal("the plan does not see that what the realm demands has changed")
	}
	whileTrying(t, func() bool { return enter(t, made, gatedApp, gatedCallback, "stranger").in },
		func() { mustApply(t, target, update) })
	for name, want := range map[string]entry{"member": {true, 0}, "stranger": {false, 0}} {
		if got := enter(t, made, gatedApp, gatedCallback, name); got != want {
			t.Errorf("after the change the %s gets %+v, want %+v", name, got, want)
		}
	}
	if _, again := flowsDiffer(t, target); again {
		t.Error("the second plan is not empty")
	}
	for _, place := range []gating.Place{gating.PlaceBrowser, gating.PlaceDirect} {
		if rows := d.executions(gating.TopFlow(place)); level(rows, 0) != 2 {
			t.Errorf("in the flow of %s stand %d things, want a copy and the gates", place, level(rows, 0))
		}
	}
}

// level counts the rows of a flow at a depth.
func level(rows []any, depth float64) int {
	return len(slices.DeleteFunc(slices.Clone(rows), func(each any) bool {
		row, _ := each.(map[string]any)
		return row["level"] != depth
	}))
}

// What somebody put into a flow of the gates may be what he demands: it is not thrown away.
func TestKeycloak_AStepOfAStrangerInTheFlowOfTheGatesIsNotThrownAway(t *testing.T) {
	target, made := gatedRealm(t)
	d := doorway{T: t, target: target, realm: made}
	made.AdminRealm(t, http.MethodPost, "/authentication/flows/"+url.PathEscape(gating.TopFlow(gating.PlaceBrowser))+
		"/executions/execution", map[string]any{"provider": "auth-otp-form"})
	before := len(d.executions(gating.TopFlow(gating.PlaceBrowser)))
	update, changes := flowsDiffer(t, target)
	if _, err := target.Apply(t.Context(), update); !changes || err == nil || !strings.Contains(err.Error(), "auth-otp-form") {
		t.Errorf("changes %v, and applying it gives %v", changes, err)
	}
	if after := len(d.executions(gating.TopFlow(gating.PlaceBrowser))); after != before {
		t.Errorf("there were %d rows, and there are %d", before, after)
	}
}

// A run that is cut off in the middle of a copy leaves it lying about.
func TestKeycloak_ACopyThatWasLeftLyingAboutIsMadeAnew(t *testing.T) {
	target, made := gatedRealm(t)
	made.AdminRealm(t, http.MethodPost, "/authentication/flows/browser/copy",
		map[string]any{"newName": gating.PlaceBrowser.Houses()[1]})
	makeDemanding(t, target, "house rules")
	made.AdminRealm(t, http.MethodPut, "", map[string]any{"browserFlow": "house rules"})
	update, _ := flowsDiffer(t, target)
	mustApply(t, target, update)
	if _, changes := flowsDiffer(t, target); changes {
		t.Error("the second plan is not empty")
	}
	giveFactor(t, made, "member")
	if got, want := enter(t, made, gatedApp, gatedCallback, "member"), (entry{true, 1}); got != want {
		t.Errorf("a member gets %+v, want %+v", got, want)
	}
}

// A realm file need not hold the flows that every realm is made with, so they stand in the program.
func TestKeycloak_TheFlowsOfANewRealmAreThoseThatAFileTakes(t *testing.T) {
	target, _ := liveTarget(t)
	document, err := target.client.Export(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(gating.BaseFlows(), gating.ParseFlows(document).BaseFlows()); diff != "" {
		t.Errorf("the server makes other flows (-program +server):\n%s", diff)
	}
}
