package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// tokenClient is a client of a real realm whose service account gets tokens with the claims of a person or a pipeline.
type tokenClient struct {
	name        string
	tenant      string
	permissions []string
	context     string
	audience    string // of its audience mapper; empty for none
}

// make makes the client with its mappers: an audience, hardcoded tenant and context, and client roles as permissions.
func (c tokenClient) make(t *testing.T, realm *keycloaktest.Realm) {
	t.Helper()
	mapper := func(name, kind string, config map[string]string) map[string]any {
		config["access.token.claim"] = "true"
		return map[string]any{"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config}
	}
	hardcoded := func(name, value string) map[string]any {
		return mapper(name, "oidc-hardcoded-claim-mapper", map[string]string{"claim.name": "rehome." + name,
			"claim.value": value, "jsonType.label": "String"})
	}
	mappers := []any{hardcoded("tenant", c.tenant)}
	if c.context != "" {
		mappers = append(mappers, hardcoded("context", c.context))
	}
	if c.audience != "" {
		mappers = append(mappers, mapper("audience", "oidc-audience-mapper",
			map[string]string{"included.custom.audience": c.audience}))
	}
	realm.AdminRealm(t, http.MethodPost, "/clients", map[string]any{
		"clientId": c.name, "secret": "planted-secret-client", "publicClient": false, "standardFlowEnabled": false,
		"serviceAccountsEnabled": true, "protocolMappers": mappers,
	})
	id := clientUUID(t, realm, c.name)
	account := realm.AdminRealm(t, http.MethodGet, "/clients/"+id+"/service-account-user",
		nil).(map[string]any)["id"].(string)
	holder := clientUUID(t, realm, "rehome")
	for _, permission := range c.permissions {
		role := realm.AdminRealm(t, http.MethodGet, "/clients/"+holder+"/roles/"+permission, nil)
		realm.AdminRealm(t, http.MethodPost, "/users/"+account+"/role-mappings/clients/"+holder, []any{role})
	}
}

func clientUUID(t *testing.T, realm *keycloaktest.Realm, name string) string {
	t.Helper()
	found := realm.AdminRealm(t, http.MethodGet, "/clients?clientId="+url.QueryEscape(name), nil).([]any)
	return found[0].(map[string]any)["id"].(string)
}

// token is an access token by client credentials.
func (c tokenClient) token(t *testing.T, realm *keycloaktest.Realm) string {
	t.Helper()
	response, err := http.PostForm(realm.Server.URL+"/realms/"+realm.Name+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.name}, "client_secret": {"planted-secret-client"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err != nil || json.Unmarshal(body, &answer) != nil || answer.Token == "" {
		t.Fatalf("no token for %s: %d %s", c.name, response.StatusCode, body)
	}
	return answer.Token
}

// TestKeycloak_TokensOfARealServerAreHeldToTheRules runs commands with tokens that a real Keycloak gave out.
func TestKeycloak_TokensOfARealServerAreHeldToTheRules(t *testing.T) {
	t.Chdir(".")
	var pool keycloaktest.Pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	server := pool.Server(t)
	realm := server.NewRealm(t, "view-realm")
	for _, permission := range []string{"portal.migrations.view", "portal.migrations.manage"} {
		realm.AdminRealm(t, http.MethodPost, "/clients/"+clientUUID(t, realm, "rehome")+"/roles",
			map[string]any{"name": permission})
	}
	j := newJourney(t, "okta-to-realmfile", "okta", "realmfile")
	startOktaLab(j)
	block := fmt.Sprintf("access {\n  issuer          = %q\n  audience        = \"rehome-cli\"\n"+
		"  operator_tenant = \"platform\"\n  contexts = [\"portal\"]\n"+
		"  claims = { tenant = \"rehome.tenant\", permissions = \"resource_access.rehome.roles\", context = "+
		"\"rehome.context\" }\n}\n", server.URL+"/realms/"+realm.Name)
	if err := os.WriteFile(filepath.Join(j.folder, "access.rehome.hcl"), []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	j.run(0, "init")
	view, manage := []string{"portal.migrations.view"}, []string{"portal.migrations.manage"}
	cases := []struct {
		client  tokenClient
		command string
		status  int
		says    string
	}{
		{tokenClient{"viewer", "acme", view, "", "rehome-cli"}, "status", 0, "never read"},
		{tokenClient{"viewer", "", nil, "", ""}, "collect", 1, "portal.migrations.manage"},
		{tokenClient{"nobody", "acme", nil, "", "rehome-cli"}, "status", 1, "portal.migrations.view"},
		{tokenClient{"stranger", "globex", manage, "", "rehome-cli"}, "status", 1, `tenant "globex"`},
		{tokenClient{"guest", "acme", manage, "guest_access", "rehome-cli"}, "status", 1, "guest_access"},
		{tokenClient{"support", "platform", manage, "support_access", "rehome-cli"}, "status", 1, "support_access"},
		{tokenClient{"elsewhere", "acme", manage, "", ""}, "status", 1, `expected audience "rehome-cli"`},
		{tokenClient{"manager", "acme", manage, "portal", "rehome-cli"}, "collect", 0, "154 items"},
		{tokenClient{"operator", "platform", manage, "", "rehome-cli"}, "assess", 0, "native"},
		{tokenClient{"operator", "", nil, "", ""}, "status", 0, "assess"},
	}
	made := map[string]tokenClient{}
	plain := j.variable
	for _, c := range cases {
		if _, exists := made[c.client.name]; !exists {
			c.client.make(t, realm)
			made[c.client.name] = c.client
		}
		token := made[c.client.name].token(t, realm)
		j.variable = append(append([]string{}, plain...), "REHOME_TOKEN="+token)
		out := j.run(c.status, c.command)
		if !strings.Contains(out, c.says) {
			t.Errorf("%s with the token of %s does not say %q:\n%s", c.command, c.client.name, c.says, out)
		}
		if signature := token[strings.LastIndexByte(token, '.')+1:]; strings.Contains(out, signature) ||
			strings.Contains(out, "planted-secret") {
			t.Errorf("%s shows the token or a secret", c.command)
		}
	}
	// A token whose signature belongs to another one.
	first, second := made["manager"].token(t, realm), made["operator"].token(t, realm)
	forged := first[:strings.LastIndexByte(first, '.')] + second[strings.LastIndexByte(second, '.'):]
	j.variable = append(append([]string{}, plain...), "REHOME_TOKEN="+forged)
	if out := j.run(1, "status"); !strings.Contains(out, "access-token-invalid") {
		t.Errorf("a forged token:\n%s", out)
	}
}
