package okta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func samlApp(id, status string) string {
	return fmt.Sprintf(`{"id":%q,"name":"acme_%s","label":%q,"status":%q,"signOnMode":"SAML_2_0","credentials":{"signing":{"kid":"k+1"}},"settings":{"signOn":{}}}`, id, id, id, status)
}

func TestCollect_AsksEachActiveSAMLAppForItsMetadataOnce(t *testing.T) {
	source, lab := labSource(t, labokta.Options{})
	sink := &memory{}
	if err := source.Collect(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, page := range sink.pages {
		if !strings.HasSuffix(page.Path, "/sso/saml/metadata") {
			continue
		}
		read++
		var kept map[string]string
		if err := json.Unmarshal(page.Body, &kept); err != nil || len(kept) != 3 || kept["entity_id"] == "" ||
			kept["certificate"] == "" {
			t.Errorf("the page of %s holds %s (%v)", page.Path, page.Body, err)
		}
	}
	if read != 3 {
		t.Errorf("%d metadata documents were read of 3 active SAML apps", read)
	}
	t.Logf("%d requests in all, %d of them for metadata", lab.Requests(), read)
}

func TestCollect_MetadataThatCannotBeHadCostsNothingElse(t *testing.T) {
	xml := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/xml;charset=ISO-8859-1")
			fmt.Fprint(w, body)
		}
	}
	const descriptor = `<md:EntityDescriptor entityID="urn:org" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:IDPSSODescriptor>%s</md:IDPSSODescriptor></md:EntityDescriptor>`
	const location = "/api/v1/apps/0oa1/sso/saml/metadata?kid=k%2B1"
	cases := map[string]struct {
		answer http.HandlerFunc
		entity string
		asked  int
	}{
		"forbidden":   {refuse(403, "E0000006", "no"), "", 1},
		"not there":   {refuse(404, "E0000007", "no"), "", 1},
		"no metadata": {xml("<html><body>planted-secret</body></html>"), "", 1},
		"another form": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "planted-secret")
		}, "", 1},
		"no XML":                {xml("planted-secret"), "", 1},
		"without a certificate": {xml(fmt.Sprintf(descriptor, "")), "urn:org", 1},
		"with a broken one": {xml(fmt.Sprintf(descriptor,
			`<md:KeyDescriptor><KeyInfo><X509Data><X509Certificate>planted-secret</X509Certificate></X509Data></KeyInfo></md:KeyDescriptor>`)), "urn:org", 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			org := newOrg(t)
			org.bodies["/api/v1/apps?limit=200"] = "[" + samlApp("0oa1", "ACTIVE") + "," + samlApp("0oa2", "INACTIVE") + "]"
			org.faults[location] = c.answer
			sink := &memory{}
			if err := org.source(t).Collect(t.Context(), sink); err != nil {
				t.Fatal(err)
			}
			var app kinds.Application
			if err := sink.item(t, identity.KindApplication, "0oa1").Decode(&app); err != nil || app.IdPEntityID != c.entity ||
				app.IdPCertificate != "" {
				t.Errorf("%+v, error %v", app, err)
			}
			if len(sink.gaps) != 0 || org.seen[location] != c.asked {
				t.Errorf("gaps %v, asked %d times", sink.gaps, org.seen[location])
			}
			for at, n := range org.seen {
				if strings.Contains(at, "0oa2/sso") {
					t.Errorf("an app that is not in use was asked %d times", n)
				}
			}
			for _, page := range sink.pages {
				if strings.Contains(string(page.Body), "planted-secret") {
					t.Errorf("the page of %s holds what is no metadata", page.Path)
				}
			}
		})
	}
}
