package keycloak

import (
	"net/http"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
)

func TestKeycloak_ABreakGlassAccountMustBeAskedForItsPassword(t *testing.T) {
	target, made, _ := probedRealm(t)
	made.AdminRealm(t, http.MethodPost, "/users",
		map[string]any{"username": "rescue", "email": "rescue@example.test", "firstName": "Res", "lastName": "Cue",
			"enabled": true, "emailVerified": true,
			"credentials": []any{map[string]any{"type": "password", "value": "a-long-test-password", "temporary": false}}})
	account := observation.ProbeRequest{Resource: identity.ResourceID{Type: observation.BreakGlassType, Key: "rescue"},
		Impersonate: true}
	try := func() map[string]observation.ProbeResult {
		t.Helper()
		results, err := target.Probe(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string]observation.ProbeResult{}
		for _, r := range results {
			byName[r.Probe] = r
		}
		return byName
	}
	expect(t, try(), map[string]observation.ProbeStatus{"account_ready": isPassed, "password_asked": isPassed,
		"signs_in": isPassed})

	users, _ := made.AdminRealm(t, http.MethodGet, "/users?exact=true&username=rescue", nil).([]any)
	user := users[0].(map[string]any)
	path := "/users/" + user["id"].(string)
	user["email"] = "rescue@acme.test" // the domain of an organization that sends its people upstream
	made.AdminRealm(t, http.MethodPut, path, user)
	if got := try()["password_asked"]; got.Status != isPassed {
		t.Errorf("an account whose login name is no address of a routed domain is %+v", got)
	}

	user["enabled"] = false
	made.AdminRealm(t, http.MethodPut, path, user)
	if got := try()["account_ready"]; got.Status != isFailed {
		t.Errorf("a disabled account is %+v", got)
	}
	user["enabled"], user["requiredActions"] = true, []any{"CONFIGURE_TOTP"}
	made.AdminRealm(t, http.MethodPut, path, user)
	if got := try()["account_ready"]; got.Status != isFailed {
		t.Errorf("an account that must set up a factor is %+v", got)
	}
	account.Resource.Key = "nobody"
	if got := try()["account_ready"]; got.Status != observation.ProbeUnknown {
		t.Errorf("an account that is not there is %+v", got)
	}
}

func TestKeycloak_ARunNeverTouchesTheClientThatItSignsInWith(t *testing.T) {
	target, made := liveTarget(t)
	own := identity.Resource{Type: "client", Key: made.ClientID,
		Attributes: identity.Attributes{"client_id": made.ClientID}}
	if found := target.Check([]identity.Resource{own}, nil); len(found) != 1 ||
		found[0].Finding.Type != fidelity.Blocked {
		t.Errorf("findings %+v", found)
	}
}
