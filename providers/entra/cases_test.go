package entra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // Entra names certificates by it; nothing is protected with it
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labentra"
	"github.com/rehome-iam/rehome/engine/applying/casetest"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/providers/entra"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// TestCases_OfTheSharedFolderGiveWhatIsExpected takes the objects of each case, laid over a tenant with one verified
// domain, all the way to a plan.
func TestCases_OfTheSharedFolderGiveWhatIsExpected(t *testing.T) {
	casetest.Walk(t, casetest.Root(t, "entra"), caseRows(), casePlace)
}

// casePlace is a project whose source is a tenant with the objects of a case.
func casePlace(t *testing.T, folder string) *projecttest.Place {
	t.Helper()
	lab, err := labentra.New(caseTenant(t, folder), labentra.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(lab)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	return casetest.Place(t, "entra", func() sdk.Source { return entra.New("0.0.1") }, map[string]string{
		"tenant_id": lab.TenantID(), "client_id": lab.ClientID(), "client_secret": labentra.DefaultClientSecret,
		"graph_endpoint": server.URL, "authority_host": server.URL, "ca_file": ca})
}

type object = map[string]any

// caseTenant lays the objects of a case over a tenant that has one verified domain and nothing else. What Graph always
// answers and a case leaves out is added.
func caseTenant(t *testing.T, folder string) fstest.MapFS {
	t.Helper()
	const tenant, domain = "4f6e0c52-7a1d-4b83-9c3e-d0b7a1f25e96", "acme.example"
	files := map[string]any{"organization.json": []object{{"id": tenant, "displayName": "Acme",
		"verifiedDomains": []object{{"name": domain, "isDefault": true, "type": "Managed"}}}}}
	domains := []object{{"id": domain, "isVerified": true, "isDefault": true, "authenticationType": "Managed"}}
	federations := map[string][]object{}
	if given := caseObjects(t, folder, "domains.json"); len(given) > 0 {
		domains = nil
		for _, one := range given {
			if federation, present := one["federation"].(object); present {
				federations[one["id"].(string)] = []object{federation}
			}
			delete(one, "federation")
			domains = append(domains, over(object{"isVerified": true, "authenticationType": "Managed"}, one))
		}
	}
	files["domains.json"], files["federation-configurations.json"] = domains, federations
	var applications, principals []object
	credentials, assigned := map[string]any{}, map[string]any{}
	for _, pair := range caseObjects(t, folder, "apps.json") {
		application, principal := pair["application"].(object), pair["servicePrincipal"].(object)
		applications = append(applications, over(object{"signInAudience": "AzureADMyOrg"}, application))
		principals = append(principals, over(object{"accountEnabled": true, "servicePrincipalType": "Application"},
			principal))
		if given, present := pair["federatedIdentityCredentials"]; present {
			credentials[application["id"].(string)] = given
		}
		if given, present := pair["assigned"].([]any); present {
			for i, one := range given {
				given[i] = assignment(fmt.Sprintf("%s-%d", principal["id"], i+1), one.(object))
			}
			assigned[principal["id"].(string)] = given
		}
	}
	files["applications.json"], files["service-principals.json"] = applications, principals
	files["federated-identity-credentials.json"], files["app-role-assignments.json"] = credentials, assigned
	files["conditional-access-policies.json"] = caseObjects(t, folder, "policies.json")
	var groups, users []object
	for _, group := range caseObjects(t, folder, "groups.json") {
		groups = append(groups, over(object{"securityEnabled": true, "mailEnabled": false, "groupTypes": []string{}}, group))
	}
	for _, user := range caseObjects(t, folder, "users.json") {
		users = append(users, over(object{"accountEnabled": true, "userType": "Member"}, user))
	}
	files["groups.json"], files["users.json"] = groups, users
	data := fstest.MapFS{}
	for name, content := range files {
		encoded, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if string(encoded) != "null" {
			data[name] = &fstest.MapFile{Data: encoded}
		}
	}
	return data
}

// assignment is one as Graph returns it.
func assignment(id string, given object) object {
	role := given["role"]
	if role == nil {
		role = "00000000-0000-0000-0000-000000000000" // the role of those who have none
	}
	return object{"id": id, "principalId": given["to"], "principalType": given["type"],
		"principalDisplayName": given["name"], "appRoleId": role}
}

func over(base, one object) object {
	maps.Copy(base, one)
	return base
}

// caseObjects reads a file of a case, with certificates in the place of their names.
func caseObjects(t *testing.T, folder, name string) []object {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil
	}
	filled := regexp.MustCompile(`\{\{(cert|keyid|thumb):([^}]*)\}\}`).ReplaceAllStringFunc(string(content),
		func(found string) string {
			kind, of, _ := strings.Cut(strings.Trim(found, "{}"), ":")
			der := certificateOf(t, of)
			digest := sha1.Sum(der)
			switch kind {
			case "keyid":
				return base64.StdEncoding.EncodeToString(digest[:])
			case "thumb":
				return strings.ToUpper(hex.EncodeToString(digest[:]))
			}
			return base64.StdEncoding.EncodeToString(der)
		})
	var objects []object
	if err := json.Unmarshal([]byte(filled), &objects); err != nil {
		t.Fatal(err)
	}
	return objects
}

// certificateOf makes a certificate that is valid today, in DER.
func certificateOf(t *testing.T, name string) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
