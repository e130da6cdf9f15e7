package labokta_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readTenant(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(exampleTenant, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

type identified struct{ ID string }

func ids(t *testing.T, files ...string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, file := range files {
		var found []identified
		readTenant(t, file, &found)
		for _, f := range found {
			if out[f.ID] {
				t.Errorf("%s: id %s is there twice", file, f.ID)
			}
			out[f.ID] = true
		}
	}
	return out
}

func TestExampleTenantRefersOnlyToWhatItHas(t *testing.T) {
	apps, groups := ids(t, "apps.json"), ids(t, "groups.json")
	users, policies := ids(t, "users.json"), ids(t, "policies.json")
	nested := []struct {
		file            string
		parents, within map[string]bool
	}{
		{"app-groups.json", apps, groups}, {"app-users.json", apps, users},
		{"secrets.json", apps, nil}, {"policy-rules.json", policies, nil},
	}
	for _, n := range nested {
		var children map[string][]identified
		readTenant(t, n.file, &children)
		for parent, list := range children {
			if !n.parents[parent] {
				t.Errorf("%s: parent %s does not exist", n.file, parent)
			}
			for _, c := range list {
				if n.within != nil && !n.within[c.ID] {
					t.Errorf("%s: %s does not exist", n.file, c.ID)
				}
			}
		}
	}
	var members map[string][]string
	readTenant(t, "group-members.json", &members)
	for group, list := range members {
		for _, user := range list {
			if !groups[group] || !users[user] {
				t.Errorf("group %s or its member %s does not exist", group, user)
			}
		}
	}
}

func TestExampleTenantCoversEverySignOnMode(t *testing.T) {
	var apps []struct{ SignOnMode *string }
	readTenant(t, "apps.json", &apps)
	seen := map[string]bool{}
	for _, a := range apps {
		if a.SignOnMode == nil {
			seen["null"] = true
			continue
		}
		seen[*a.SignOnMode] = true
	}
	for _, mode := range []string{
		"OPENID_CONNECT", "SAML_2_0", "BOOKMARK", "BROWSER_PLUGIN", "AUTO_LOGIN", "SECURE_PASSWORD_STORE",
		"BASIC_AUTH", "WS_FEDERATION", "null",
	} {
		if !seen[mode] {
			t.Errorf("no app with signOnMode %s", mode)
		}
	}
}

func TestExampleTenantHasRealCertificatesForItsProviders(t *testing.T) {
	var keys []struct {
		Kid string
		X5c []string
	}
	readTenant(t, "idp-keys.json", &keys)
	known := map[string]bool{}
	for _, k := range keys {
		der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(k.X5c[0], "\n", ""))
		if err != nil {
			t.Fatalf("key %s: %v", k.Kid, err)
		}
		if _, err := x509.ParseCertificate(der); err != nil {
			t.Errorf("key %s: %v", k.Kid, err)
		}
		known[k.Kid] = true
	}
	var idps []struct {
		Name     string
		Protocol struct {
			Credentials struct{ Trust *struct{ Kid string } }
		}
	}
	readTenant(t, "idps.json", &idps)
	for _, p := range idps {
		if trust := p.Protocol.Credentials.Trust; trust != nil && !known[trust.Kid] {
			t.Errorf("provider %s trusts the unknown key %s", p.Name, trust.Kid)
		}
	}
}

// secretField finds fields in which a real tenant would carry a secret.
var secretField = regexp.MustCompile(`"(client_secret|secret_hash|secretText|clientSecret|authToken)": "([^"]*)"`)

func TestExampleTenantsHoldOnlyPlantedSecrets(t *testing.T) {
	for _, folder := range []string{exampleTenant, "../../../examples/entra-to-keycloak/tenant"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		planted := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "PRIVATE KEY") {
				t.Errorf("%s holds a private key", file)
			}
			for _, m := range secretField.FindAllStringSubmatch(string(text), -1) {
				planted++
				if !strings.HasPrefix(m[2], "planted-secret-") {
					t.Errorf("%s: %s does not say that it is planted", file, m[1])
				}
			}
		}
		if planted == 0 {
			t.Errorf("%s has no planted secret to look for", folder)
		}
	}
}
