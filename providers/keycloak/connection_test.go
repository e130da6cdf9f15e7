package keycloak

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/observing"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// facts indexes connection facts by name; several of one name are joined.
func facts(list []observation.ConnectionFact) map[string]string {
	found := map[string]string{}
	for _, f := range list {
		if found[f.Name] != "" {
			found[f.Name] += "\n"
		}
		found[f.Name] += f.Value
	}
	return found
}

func fetch(t *testing.T, address string) []byte {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %d (%v)", address, response.StatusCode, err)
	}
	return content
}

func clientResource(key string) identity.Resource {
	return identity.Resource{Type: realm.TypeClient, Key: key}
}

func TestKeycloak_ConnectionFactsAreWhatTheServerSaysItself(t *testing.T) {
	target, made := liveTarget(t)
	for _, step := range wholeApplication() {
		if step.Resource.Type == realm.TypeClient {
			mustApply(t, target, step)
		}
	}
	base := made.Server.URL + "/realms/" + made.Name
	t.Run("OIDC", func(t *testing.T) {
		list, err := target.Connection(t.Context(), clientResource(appID))
		if err != nil {
			t.Fatal(err)
		}
		got := facts(list)
		var says map[string]any
		if err := json.Unmarshal(fetch(t, got[observation.ConnectionDiscovery]), &says); err != nil {
			t.Fatal(err)
		}
		for name, member := range map[string]string{
			observation.ConnectionIssuer: "issuer", observation.ConnectionAuthorization: "authorization_endpoint",
			observation.ConnectionToken: "token_endpoint",
			observation.ConnectionKeys:  "jwks_uri", observation.ConnectionLogout: "end_session_endpoint",
		} {
			if got[name] != says[member] {
				t.Errorf("%s is %q, the server says %v", name, got[name], says[member])
			}
		}
		if got[observation.ConnectionClientID] != appID ||
			got[observation.ConnectionRedirects] != "https://wiki.example.test/callback" {
			t.Errorf("client: %v", got)
		}
		if !strings.Contains(got[observation.ConnectionClaims], `"groups": [`) ||
			!strings.Contains(got[observation.ConnectionClientSecret], "handed over apart") {
			t.Errorf("claims or the way of the secret: %v", got)
		}
		testShowsASignInPage(t, target, got[observation.ConnectionTest])
	})
	t.Run("SAML", func(t *testing.T) {
		list, err := target.Connection(t.Context(), clientResource(samlID))
		if err != nil {
			t.Fatal(err)
		}
		got := facts(list)
		var says current.Descriptor
		if err := xml.Unmarshal(fetch(t, got[observation.ConnectionMetadata]), &says); err != nil {
			t.Fatal(err)
		}
		if got[observation.ConnectionEntityID] != says.EntityID || says.EntityID != base ||
			got[observation.ConnectionSignOn] != current.Location(says.Provider.SignOn) {
			t.Errorf("issuer and address: %v, the server says %+v", got, says)
		}
		bare := strings.NewReplacer("-----BEGIN CERTIFICATE-----", "", "-----END CERTIFICATE-----", "", "\n",
			"").Replace(got[observation.ConnectionCertificate])
		if want := strings.Join(says.Provider.Keys[0].Certificates, ""); bare != want {
			t.Errorf("certificate is %s, the server says %s", bare, want)
		}
		want := map[string]string{
			observation.ConnectionAudience: samlID, observation.ConnectionACS: "https://payroll.example.test/acs",
			observation.ConnectionNameID: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
			observation.ConnectionClaims: "NameID: ada@example.com\n{}",
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s is %q, want %q", name, got[name], value)
			}
		}
		for _, f := range list {
			if end, err := time.Parse(time.RFC3339, f.Expires); f.Name == observation.ConnectionCertificate &&
				(err != nil || end.Before(time.Now())) {
				t.Errorf("the certificate ends %q", f.Expires)
			}
		}
	})
	if _, err := target.Connection(t.Context(), clientResource("nobody")); codeOf(err) != contract.ErrorNotFound {
		t.Errorf("a client that is not there gives %v", err)
	}
}

// testShowsASignInPage opens the test address of a client that is enabled for the occasion.
func testShowsASignInPage(t *testing.T, target *Target, address string) {
	t.Helper()
	live, err := target.client.Application(t.Context(), appID)
	if err != nil {
		t.Fatal(err)
	}
	live["enabled"] = true
	if err := target.client.Put(t.Context(), target.client.Admin("clients", admin.Text(live, "id")), live); err != nil {
		t.Fatal(err)
	}
	if page := string(fetch(t, address)); formAction.FindString(page) == "" {
		t.Errorf("%s shows no sign-in page", address)
	}
}

func TestKeycloak_ASignInShowsUpInTheReport(t *testing.T) {
	const app, callback, password = "portal", "https://portal.example.test/callback", "a-long-test-password"
	made := servers.Server(t).NewRealm(t, "view-realm", "view-clients", "view-events")
	target := New("test")
	if err := target.Configure(t.Context(), map[string]any{
		"url": made.Server.URL, "realm": made.Name, "client_id": made.ClientID,
		"client_secret": made.ClientSecret}).Err(); err != nil {
		t.Fatal(err)
	}
	since := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	var refused *contract.ProviderError
	if _, err := target.SignIns(t.Context(), since); !errors.As(err, &refused) ||
		refused.Code != contract.ErrorForbidden || !strings.Contains(refused.Message, "does not keep sign-in events") {
		t.Errorf("a realm without events answers %v", err)
	}
	made.AdminRealm(t, http.MethodPut, "", map[string]any{"eventsEnabled": true, "eventsExpiration": 3600 * 24 * 30})
	made.AdminRealm(t, http.MethodPost, "/clients",
		map[string]any{"clientId": app, "enabled": true, "publicClient": true, "redirectUris": []any{callback}})
	made.AdminRealm(t, http.MethodPost, "/users",
		map[string]any{"username": "ana", "email": "ana@example.test", "firstName": "Ana", "lastName": "Test",
			"enabled": true, "emailVerified": true, "credentials": []any{map[string]any{"type": "password", "value": password,
				"temporary": false}}})
	before := time.Now().Add(-time.Second)
	if _, where, page := signIn(t, made, app, callback, "ana", password); !strings.Contains(where, "code=") {
		t.Fatalf("the sign-in failed: %s", page)
	}
	signIn(t, made, app, callback, "ana", "wrong")
	began, err := target.SignIns(t.Context(), since)
	if err != nil || activityOf(began, app).SignIns != 0 || activityOf(began, app).Failures == 0 {
		t.Errorf("a code that nobody has redeemed counts: %+v, %v", began.Applications, err)
	}
	_, where, _ := signIn(t, made, app, callback, "ana", password)
	answer, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	post(t, made, "token", url.Values{"grant_type": {"authorization_code"}, "code": {answer.Query().Get("code")},
		"redirect_uri": {callback}, "client_id": {app}, "code_verifier": {strings.Repeat("v", 64)}})
	report, err := target.SignIns(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	found := activityOf(report, app)
	last, err := time.Parse(time.RFC3339, found.Last)
	if err != nil || last.Before(before.Truncate(time.Second)) || last.After(time.Now()) {
		t.Errorf("the last sign-in was %q", found.Last)
	}
	found.Last = ""
	want := observation.SignInActivity{Resource: clientResource(app).ID(), SignIns: 1, Failures: found.Failures,
		PeopleCount: 1, People: []string{"ana"}}
	if diff := cmp.Diff(want, found); diff != "" || found.Failures == 0 {
		t.Errorf("the activity differs (%d failures):\n%s", found.Failures, diff)
	}
	if covers, err := time.Parse(time.RFC3339, report.Covers); err != nil || covers.Before(before.Add(-time.Minute)) {
		t.Errorf("events are kept for a minute at most, and the report covers %q", report.Covers)
	}
	later, err := target.SignIns(t.Context(), time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
	if err != nil || len(later.Applications) != 0 {
		t.Errorf("sign-ins of the future: %+v, %v", later, err)
	}
	testForeignersSeeNothing(t, made)
}

func activityOf(report observation.SignInReport, client string) observation.SignInActivity {
	for _, a := range report.Applications {
		if a.Resource.Key == client {
			return a
		}
	}
	return observation.SignInActivity{}
}

// testForeignersSeeNothing asks with a credential that may not view events.
func testForeignersSeeNothing(t *testing.T, made *keycloaktest.Realm) {
	t.Helper()
	other := servers.Server(t).NewRealm(t, "view-realm")
	target := New("test")
	if err := target.Configure(t.Context(), map[string]any{
		"url": made.Server.URL, "realm": other.Name, "client_id": other.ClientID,
		"client_secret": other.ClientSecret}).Err(); err != nil {
		t.Fatal(err)
	}
	var refused *contract.ProviderError
	_, err := target.SignIns(t.Context(), time.Now().UTC().Format(time.RFC3339))
	if !errors.As(err, &refused) || refused.Code != contract.ErrorForbidden || refused.Permission != "view-events" {
		t.Errorf("without the right the answer is %v", err)
	}
}

func TestTarget_StopsAtTheMostEventsAndSaysHowFarBackItCame(t *testing.T) {
	newest := time.Now().UTC().Truncate(time.Second)
	const eventPage, mostEvents = 1000, 200_000
	page := func(first int) []map[string]any {
		rows := make([]map[string]any, eventPage)
		for i := range rows {
			rows[i] = map[string]any{"id": fmt.Sprint(first + i), "clientId": "a", "userId": "u",
				"type": "CODE_TO_TOKEN", "time": newest.Add(-time.Duration(first+i) * time.Second).UnixMilli()}
		}
		return rows
	}
	made, _ := fakeServer(t, 300, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/config") {
			fmt.Fprint(w, `{"eventsEnabled":true,"enabledEventTypes":[]}`)
			return
		}
		if r.URL.Query().Get("direction") == "asc" {
			fmt.Fprint(w, `[{"id":"first","time":1,"type":"LOGIN"}]`)
			return
		}
		var first int
		_, _ = fmt.Sscan(r.URL.Query().Get("first"), &first)
		_ = json.NewEncoder(w).Encode(page(first))
	})
	target := &Target{client: made, Observer: observing.Observer{Live: made}}
	report, err := target.SignIns(t.Context(), "2000-01-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	if want := newest.Add(-(mostEvents - 1) * time.Second).Format(time.RFC3339); report.Covers != want ||
		report.Applications[0].SignIns != mostEvents {
		t.Errorf("covers %s with %d sign-ins, want %s and %d", report.Covers, report.Applications[0].SignIns,
			want, mostEvents)
	}
}

func TestTarget_AnEventLogThatLeavesSignInsOutIsAQuestion(t *testing.T) {
	made, _ := fakeServer(t, 300, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"eventsEnabled":true,"enabledEventTypes":["LOGOUT"]}`)
	})
	target := &Target{client: made, Observer: observing.Observer{Live: made}}
	if _, err := target.SignIns(t.Context(), "2000-01-01T00:00:00Z"); codeOf(err) != contract.ErrorForbidden ||
		!strings.Contains(err.Error(), "LOGIN") {
		t.Errorf("the answer is %v", err)
	}
}
