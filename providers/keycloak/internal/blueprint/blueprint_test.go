package blueprint

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

const exportedRealm = `{
  "id": "0b1d", "realm": "acme", "smtpServer": {"host": "mail.acme.example", "password": "**********"},
  "eventsListeners": ["jboss-logging", "webhook"], "attributes": {"frontendUrl": "https://login.acme.example", "id": "kept"},
  "defaultRole": {"id": "1", "name": "default-roles-acme", "containerId": "0b1d"},
  "authenticationFlows": [{"id": "flow-1", "alias": "own", "authenticationExecutions": [{"authenticatorConfig": "c"}]}],
  "authenticatorConfig": [{"id": "2", "alias": "c", "config": {"id": "kept"}}],
  "clients": [
    {"id": "3", "clientId": "rehome-marker", "attributes": {"rehome": "{}"}},
    {"id": "4", "clientId": "account", "baseUrl": "/realms/acme/account/", "redirectUris": ["/realms/acme/account/*", "https://a.example/*"]},
    {"id": "5", "clientId": "shop", "secret": "planted-secret", "adminUrl": "https://shop.example/admin", "authenticationFlowBindingOverrides": {"browser": "flow-1", "direct_grant": "unknown"},
     "attributes": {"backchannel.logout.url": "https://shop.example/out", "saml.signing.private.key": "planted-secret", "client.secret.creation.time": "1",
       "rehome.former.browser": "flow-1"}}
  ],
  "identityProviders": [{"alias": "adfs", "internalId": "6", "enabled": true, "organizationId": "7", "config": {"clientSecret": "**********", "singleSignOnServiceUrl": "https://fs.example"}}],
  "components": {"org.keycloak.keys.KeyProvider": [{"id": "8", "config": {"privateKey": ["**********"]}}],
    "org.keycloak.storage.UserStorageProvider": [{"id": "9", "name": "ldap", "config": {"enabled": ["true"], "bindCredential": ["**********"]}}]},
  "roles": {"client": {"rehome-marker": [], "shop": []}},
  "users": [{"id": "10", "username": "service-account-rehome", "serviceAccountClientId": "rehome", "clientRoles": {"realm-management": ["manage-realm"]}}, {"id": "11", "username": "ann"}],
  "organizations": [{"id": "7", "alias": "partner", "identityProviders": [{"alias": "adfs"}]}]
}`

func TestStrip_LeavesNothingThatReachesAnybodyAndNoSecret(t *testing.T) {
	var doc object.Object
	if err := json.Unmarshal([]byte(exportedRealm), &doc); err != nil {
		t.Fatal(err)
	}
	got := strip(doc, "acme", "scratch")
	want := []string{
		"admin address of client shop", "event listener webhook", "frontend address https://login.acme.example",
		"identity provider adfs was enabled",
		"logout address of client shop (backchannel.logout.url)", "mail server mail.acme.example",
		"user federation ldap was enabled",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stripped (-want +got):\n%s", diff)
	}
	encoded, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"planted-secret", maskedValue, "rehome-marker", "webhook", "frontendUrl", "mail.acme",
		`"flow-1"`, "containerId", "internalId", "organizationId", "ann", "KeyProvider", "shop.example", "/realms/acme/"} {
		if strings.Contains(string(encoded), text) {
			t.Errorf("the blueprint holds %s:\n%s", text, encoded)
		}
	}
	for _, text := range []string{`"realm":"scratch"`, `"id":"kept"`, "default-roles-acme", "/realms/scratch/account/*",
		"https://fs.example", "service-account-rehome", `"alias":"partner"`} {
		if !strings.Contains(string(encoded), text) {
			t.Errorf("the blueprint lost %s:\n%s", text, encoded)
		}
	}
	flow := object.Objects(doc["authenticationFlows"])[0]["id"]
	shop := find(doc["clients"], "clientId", "shop")
	if bound := admin.Part(shop, "authenticationFlowBindingOverrides"); len(bound) != 1 || bound["browser"] != flow {
		t.Errorf("the client is bound to %v, the flow is %v", bound, flow)
	}
	if former := admin.Part(shop, "attributes")["rehome.former.browser"]; former != flow {
		t.Errorf("before its gate the client was bound to %v, the flow is %v", former, flow)
	}
	if again := strip(doc, "scratch", "other"); len(again) > 0 {
		t.Errorf("a blueprint is not clean: %v", again)
	}
}

func find(list any, key, value string) object.Object {
	for _, each := range object.Objects(list) {
		if each[key] == value {
			return each
		}
	}
	return nil
}
