package keycloak

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// brokeredSignIn signs in through an upstream realm, as a person does who has no account yet, and tells where the
// browser ends.
func brokeredSignIn(t *testing.T, made, up *keycloaktest.Realm, clientID, callback, alias, name, password string) (int,
	string, string) {
	t.Helper()
	// Both realms give their cookies the same names, for other paths: each gets a browser of its own.
	browsers := map[string]*browser{made.Name: {t: t, cookies: map[string]string{}},
		up.Name: {t: t, cookies: map[string]string{}}}
	query := url.Values{"client_id": {clientID}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid"}, "state": {"s"}, "kc_idp_hint": {alias}}
	method, address, form := http.MethodGet,
		made.Server.URL+"/realms/"+made.Name+"/protocol/openid-connect/auth?"+query.Encode(), url.Values(nil)
	for range 30 {
		at := made.Name
		if strings.HasPrefix(address, up.Server.URL+"/realms/"+up.Name+"/") {
			at = up.Name
		}
		response, page := browsers[at].open(method, address, form)
		location := response.Header.Get("Location")
		switch action := formAction.FindStringSubmatch(page); {
		case strings.HasPrefix(location, callback):
			return response.StatusCode, location, page
		case location != "":
			method, address, form = http.MethodGet, location, nil
		case response.StatusCode == http.StatusOK && action != nil:
			method, address, form = http.MethodPost, html.UnescapeString(action[1]),
				url.Values{"username": {name}, "password": {password}}
		default:
			return response.StatusCode, location, page
		}
	}
	return 0, "", "the browser was sent round and round"
}

// upstream makes a realm that people of another one sign in through.
func upstream(t *testing.T, made *keycloaktest.Realm, alias, person, password string) (*keycloaktest.Realm,
	contract.StepRequest) {
	t.Helper()
	up := made.Server.NewRealm(t, "view-realm")
	up.AdminRealm(t, "POST", "/clients", map[string]any{"clientId": "upstream-broker", "protocol": "openid-connect",
		"publicClient": false, "secret": "broker-secret",
		"standardFlowEnabled": true, "directAccessGrantsEnabled": false,
		"redirectUris": []any{made.Server.URL + "/realms/" + made.Name + "/broker/" + alias + "/endpoint"}})
	addPerson(t, up, person, password)
	base := up.Server.URL + "/realms/" + up.Name
	step := create(realm.TypeProvider, alias, identity.Attributes{"alias": alias, "display_name": "Corp",
		"protocol": "oidc", "enabled": true, "hide_on_login": true, "trust_email": true,
		"issuer": base, "authorization_url": base + "/protocol/openid-connect/auth",
		"token_url":    base + "/protocol/openid-connect/token",
		"userinfo_url": base + "/protocol/openid-connect/userinfo", "jwks_url": base + "/protocol/openid-connect/certs",
		"client_id":             "upstream-broker",
		"client_authentication": "client_secret_post", "scopes": "openid email profile", "sync_mode": "FORCE",
		"post_broker_flow": gating.TopFlow(gating.PlaceBroker)})
	step.Secrets = map[string]string{"client_secret": "broker-secret"}
	return up, step
}

func addPerson(t *testing.T, made *keycloaktest.Realm, email, password string) {
	t.Helper()
	made.AdminRealm(t, "POST", "/users", map[string]any{"username": email, "email": email, "firstName": "Ann",
		"lastName": "Test", "enabled": true, "emailVerified": true,
		"credentials": []any{map[string]any{"type": "password", "value": password, "temporary": false}}})
}

func usageOf(t *testing.T, target *Target, steps []contract.StepRequest, since time.Time) map[string]observation.Usage {
	t.Helper()
	live := readAll(t, target)
	var ask []observation.UsageQuestion
	for _, step := range steps {
		r := live[step.Resource.String()]
		ask = append(ask, observation.UsageQuestion{Resource: r, Since: since.UTC().Format(time.RFC3339),
			Opened: r.Key != "closed"})
	}
	answers, err := target.Usage(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	usages := map[string]observation.Usage{}
	for i, u := range answers {
		if u.Resource != ask[i].Resource.ID() {
			t.Fatalf("answer %d is about %s, asked was %s", i, u.Resource, ask[i].Resource.ID())
		}
		usages[u.Resource.String()] = u
	}
	return usages
}

func TestKeycloak_UsageTellsWhatPeopleDid(t *testing.T) {
	made := servers.Server(t).NewRealm(t, "manage-realm", "manage-clients", "manage-users", "manage-identity-providers",
		"manage-organizations", "view-events")
	target := configured(t, made)
	const person, password, callback = "ann@acme.test", "a-long-test-password", "https://app.example.test/cb"
	up, provider := upstream(t, made, "corp", person, password)
	steps := []contract.StepRequest{
		create(realm.TypeGateFlows, realm.GateFlowsKey,
			identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}), provider,
		create(realm.TypeOrganization, "acme", identity.Attributes{"alias": "acme", "name": "Acme",
			"domains": []any{"acme.test"}, "identity_provider": "corp", "redirect": true}),
		create(realm.TypeGroup, "/staff", identity.Attributes{"path": "/staff", "name": "staff"}),
		create(realm.TypeGroup, "/empty", identity.Attributes{"path": "/empty", "name": "empty"}),
		create(realm.TypeClient, "app", identity.Attributes{"client_id": "app", "protocol": "openid-connect", "public": true,
			"standard_flow": true, "redirect_uris": []any{callback}}),
		create(realm.TypeClientRole, "app/access", identity.Attributes{"client": "app", "role": "access"}),
		create(realm.TypeEnablement, "app", identity.Attributes{"client": "app", "enabled": true}),
		create(realm.TypeClient, "quiet", identity.Attributes{"client_id": "quiet", "protocol": "openid-connect",
			"public": true, "standard_flow": true, "redirect_uris": []any{callback}}),
		create(realm.TypeEnablement, "quiet", identity.Attributes{"client": "quiet", "enabled": true}),
		create(realm.TypeClient, "closed", identity.Attributes{"client_id": "closed", "protocol": "openid-connect",
			"public": false, "service_accounts": true}),
	}
	began := time.Now()
	for _, step := range steps {
		mustApply(t, target, step)
	}
	for id, u := range usageOf(t, target, steps, began) {
		if u.Used || u.Unknown != "" {
			t.Errorf("with nobody in the realm, %s is used: %+v", id, u)
		}
	}
	addPerson(t, made, "bob@other.test", password)
	if u := usageOf(t, target, steps, began); !strings.Contains(u["client:quiet"].Unknown,
		"does not keep sign-in events") || u["client:closed"].Unknown != "" {
		t.Errorf("without events: %+v %+v", u["client:quiet"], u["client:closed"])
	}
	testSignedIn(t, target, made, up, steps, person, password, callback)
}

func testSignedIn(t *testing.T, target *Target, made, up *keycloaktest.Realm, steps []contract.StepRequest, person,
	password, callback string) {
	status, location, page := brokeredSignIn(t, made, up, "app", callback, "corp", person, password)
	if !strings.Contains(location, "code=") {
		t.Fatalf("signing in through the provider ended with %d, %s\n%s", status, location, page)
	}
	made.AdminRealm(t, "PUT", "/users/"+firstID(t, made, "/users?username="+person)+"/groups/"+firstID(t, made,
		"/groups?search=staff"), nil)
	used := usageOf(t, target, steps, time.Now())
	for id, fact := range map[string]string{
		"client:app": "sessions now: 1", "identity_provider:corp": "linked", "organization:acme": "members: 1",
		"group:/staff": "members",
	} {
		if !used[id].Used || !strings.Contains(strings.Join(used[id].Facts, "; "), fact) {
			t.Errorf("%s: %+v", id, used[id])
		}
	}
	for _, id := range []string{"group:/empty", "gate_flows:rehome", "client_role:app/access", "client:closed"} {
		if used[id].Used || used[id].Unknown != "" {
			t.Errorf("%s: %+v", id, used[id])
		}
	}
	if !slices.ContainsFunc(used["organization:acme"].Facts,
		func(f string) bool { return strings.Contains(f, "accounts would be deleted") }) {
		t.Errorf("the managed member is not told: %+v", used["organization:acme"])
	}
	mustRefuse(t, target, undo(steps[2]), "accounts would be deleted")
	mustRefuse(t, target, undo(steps[1]), "an organization is still linked")
	if users, _ := made.AdminRealm(t, "GET", "/users?exact=true&username="+person, nil).([]any); len(users) != 1 {
		t.Error("the managed member is gone")
	}
}
