package keycloak

import (
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// viewRoles are all that planning needs.
var viewRoles = []string{"view-realm", "view-clients", "view-users", "view-identity-providers", "view-organizations",
	"query-groups"}

const readerSecret = "planted-secret-reader"

// reader is a target on the same realm whose client holds the given roles of realm-management only.
func reader(t *testing.T, made *keycloaktest.Realm, name string, roles ...string) *Target {
	t.Helper()
	made.AdminRealm(t, "POST", "/clients", map[string]any{"clientId": name, "secret": readerSecret,
		"serviceAccountsEnabled": true, "publicClient": false, "standardFlowEnabled": false})
	id := func(clientID string) string {
		found := made.AdminRealm(t, "GET", "/clients?clientId="+url.QueryEscape(clientID), nil).([]any)
		return found[0].(map[string]any)["id"].(string)
	}
	management := id("realm-management")
	account := made.AdminRealm(t, "GET", "/clients/"+id(name)+"/service-account-user", nil).(map[string]any)["id"].(string)
	for _, role := range roles {
		found := made.AdminRealm(t, "GET", "/clients/"+management+"/roles/"+role, nil)
		made.AdminRealm(t, "POST", "/users/"+account+"/role-mappings/clients/"+management, []any{found})
	}
	target := New("test")
	if err := target.Configure(t.Context(), map[string]any{"url": made.Server.URL, "realm": made.Name, "client_id": name,
		"client_secret": readerSecret}).Err(); err != nil {
		t.Fatal(err)
	}
	return target
}

func TestKeycloak_AViewerReadsTheSameRealmByLists(t *testing.T) {
	target, made := liveTarget(t)
	for _, step := range wholeApplication() {
		mustApply(t, target, step)
	}
	for i := range 40 {
		made.AdminRealm(t, "POST", "/clients", map[string]any{"clientId": fmt.Sprintf("bulk-%d", i),
			"secret": "planted-secret-bulk", "publicClient": false})
		made.AdminRealm(t, "POST", "/groups", map[string]any{"name": fmt.Sprintf("bulk-%d", i)})
	}
	low := reader(t, made, "reader", viewRoles...)
	if _, err := low.client.Export(t.Context(), true); !admin.IsForbidden(err) {
		t.Fatalf("an export as a viewer: %v; when the server allows it, reading by lists is not needed any more", err)
	}
	timed := func(name string, from *Target) map[string]identity.Resource {
		begun, all := time.Now(), map[string]identity.Resource{}
		summary, err := from.Read(t.Context(), func(r identity.Resource) error { all[r.ID().String()] = r; return nil })
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Logf("%s: %d resources, %d requests, %s", name, summary.Resources, summary.Requests,
			time.Since(begun).Round(time.Millisecond))
		return all
	}
	byExport, byLists := timed("export", target), timed("lists", low)
	if diff := cmp.Diff(byExport, byLists); diff != "" {
		t.Errorf("the two reads differ (-export +lists):\n%s", diff)
	}
	if len(byLists) < 60 {
		t.Errorf("only %d resources were read", len(byLists))
	}
	encoded, err := json.Marshal(byLists)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"planted-secret", made.ClientSecret, "upstream-secret"} {
		if strings.Contains(string(encoded), secret) {
			t.Errorf("what Read gives out holds %q", secret)
		}
	}
	who, err := low.Identify(t.Context())
	if err != nil || who.Identity == "" {
		t.Errorf("identify: %v", err)
	}
	if _, _, err := low.ReadMarker(t.Context()); err != nil {
		t.Errorf("the marker: %v", err)
	}
	_, err = low.Apply(t.Context(), create(realm.TypeGroup, "/x", identity.Attributes{"path": "/x", "name": "x"}))
	if !admin.IsForbidden(err) || strings.Contains(err.Error(), readerSecret) {
		t.Errorf("a viewer made a group: %v", err)
	}
}

// A realm with many clients is read by lists, which are cheaper for its server.
func TestKeycloak_WhoManagesReadsTheSameByListsAsByAnExport(t *testing.T) {
	target, _ := liveTarget(t)
	for _, step := range wholeApplication() {
		mustApply(t, target, step)
	}
	exported := readAll(t, target)
	target.client.ReadByLists()
	if diff := cmp.Diff(exported, readAll(t, target)); diff != "" {
		t.Errorf("by lists the realm differs (-export +lists):\n%s", diff)
	}
}

func TestKeycloak_AMissingViewRoleIsNamed(t *testing.T) {
	_, made := liveTarget(t)
	for _, missing := range []string{"view-clients", "view-identity-providers", "view-organizations"} {
		t.Run(missing, func(t *testing.T) {
			var roles []string
			for _, role := range viewRoles {
				if role != missing {
					roles = append(roles, role)
				}
			}
			low := reader(t, made, "without-"+missing, roles...)
			if _, err := low.Read(t.Context(), func(identity.Resource) error { return nil }); !admin.IsForbidden(err) ||
				!strings.Contains(err.Error(), missing) {
				t.Errorf("reading without %s: %v", missing, err)
			}
			for _, check := range permissionsOf(t, low) {
				want := observation.PermissionGranted
				if check.Name == missing || strings.HasPrefix(check.Name, "manage-") || check.Optional {
					want = observation.PermissionMissing
				}
				if check.State != want || (check.Action == "") != (want == observation.PermissionGranted) {
					t.Errorf("%+v, wanted %s", check, want)
				}
			}
		})
	}
}

func TestKeycloak_AllMissingViewRolesAreNamedAtOnce(t *testing.T) {
	_, made := liveTarget(t)
	low := reader(t, made, "sees-little", "view-realm", "view-organizations")
	_, err := low.Read(t.Context(), func(identity.Resource) error { return nil })
	var fault *contract.ProviderError
	if !errors.As(err, &fault) || fault.Code != contract.ErrorForbidden ||
		fault.Permission != "view-clients, query-groups and view-users, view-identity-providers" {
		t.Errorf("%+v", fault)
	}
}

func TestKeycloak_PermissionsOfTheClientThatApplies(t *testing.T) {
	target, _ := liveTarget(t)
	checks := permissionsOf(t, target)
	for _, check := range checks {
		want := observation.PermissionGranted
		if check.Optional { // a client that plans and applies needs neither
			want = observation.PermissionMissing
		}
		if check.State != want || (check.Name == "view-events" || check.Name == "impersonation") != check.Optional {
			t.Errorf("%+v", check)
		}
	}
	if len(checks) != 13 { // five to plan, five to apply, three that only one thing needs
		t.Errorf("%d checks", len(checks))
	}
}

func permissionsOf(t *testing.T, target *Target) []observation.PermissionCheck {
	t.Helper()
	checks, err := target.Permissions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return checks
}
