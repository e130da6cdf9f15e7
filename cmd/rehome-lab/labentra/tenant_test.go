package labentra_test

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
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

func ids(t *testing.T, files ...string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, file := range files {
		var found []struct{ ID string }
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
	principals := ids(t, "users.json", "groups.json", "service-principals.json")
	var assignments map[string][]struct{ PrincipalID, ResourceID string }
	readTenant(t, "app-role-assignments.json", &assignments)
	for resource, list := range assignments {
		for _, a := range list {
			if a.ResourceID != resource || !principals[resource] || !principals[a.PrincipalID] {
				t.Errorf("assignment of %s to %s below %s refers to nothing", a.PrincipalID, a.ResourceID, resource)
			}
		}
	}
	var members map[string][]struct{ ID string }
	readTenant(t, "group-members.json", &members)
	for group, list := range members {
		for _, m := range list {
			if !principals[group] || !principals[m.ID] {
				t.Errorf("group %s or its member %s does not exist", group, m.ID)
			}
		}
	}
}

func TestSigningCertificateIsOnePairUnderOneThumbprint(t *testing.T) {
	var principals []struct {
		DisplayName, PreferredSingleSignOnMode, PreferredTokenSigningKeyThumbprint string
		KeyCredentials                                                             []struct {
			CustomKeyIdentifier, Usage string
			Key                        *string
		}
	}
	readTenant(t, "service-principals.json", &principals)
	for _, p := range principals {
		if p.PreferredSingleSignOnMode != "saml" {
			continue
		}
		usages := ""
		for _, k := range p.KeyCredentials {
			usages += k.Usage + " "
			if k.Key == nil {
				continue
			}
			der, err := base64.StdEncoding.DecodeString(*k.Key)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := x509.ParseCertificate(der); err != nil {
				t.Error(err)
			}
			sum := sha1.Sum(der)
			if !strings.EqualFold(hex.EncodeToString(sum[:]), p.PreferredTokenSigningKeyThumbprint) ||
				base64.StdEncoding.EncodeToString(sum[:]) != k.CustomKeyIdentifier {
				t.Errorf("%s: thumbprint and identifier are not those of the certificate", p.DisplayName)
			}
		}
		if usages != "Sign Verify " {
			t.Errorf("%s: usages are %q", p.DisplayName, usages)
		}
		return
	}
	t.Error("the tenant has no SAML application")
}
