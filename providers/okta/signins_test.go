package okta_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/okta"
	"github.com/rehome-iam/rehome/providers/sdk"
)

const (
	fieldbook = "0oaIQwTEK00UU14XO5d7"
	expenses  = "0oaert30vd8ULdHRG5d7"
)

// labSource reads the practice organisation.
func labSource(t *testing.T, options labokta.Options) (sdk.Source, *labokta.Server) {
	t.Helper()
	lab, err := labokta.New(os.DirFS("../../examples/okta-to-keycloak/tenant"), options)
	if err != nil {
		t.Fatal(err)
	}
	source, _ := sourceOf(t, lab)
	return source, lab
}

// tenantSource reads the organisation of a folder.
func tenantSource(t *testing.T, folder string, options labokta.Options) (source sdk.Source, origin string) {
	t.Helper()
	lab, err := labokta.New(os.DirFS(folder), options)
	if err != nil {
		t.Fatal(err)
	}
	return sourceOf(t, lab)
}

func sourceOf(t *testing.T, lab *labokta.Server) (source sdk.Source, origin string) {
	t.Helper()
	server := httptest.NewTLSServer(lab)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	source = okta.New("0.0.1")
	if list := source.Configure(t.Context(), map[string]any{"org_url": server.URL, "api_token": labokta.DefaultToken,
		"ca_file": ca, "rate_share": 1.0}); list.HasErrors() {
		t.Fatal(list)
	}
	return source, server.URL
}

func ago(days int) string { return time.Now().AddDate(0, 0, -days).UTC().Format(time.RFC3339) }

func TestSignIns_AreSummedUpByApplicationOverAllPages(t *testing.T) {
	source, lab := labSource(t, labokta.Options{PageCap: 2})
	report, err := source.(sdk.SignInReader).SignIns(t.Context(), ago(30))
	if err != nil {
		t.Fatal(err)
	}
	if report.Requests != 4 || lab.Requests() != 4 {
		t.Errorf("%d requests for seven events, two a page (the organisation counted %d)", report.Requests, lab.Requests())
	}
	got := map[string]observation.SignInActivity{}
	for _, a := range report.Applications {
		if at, err := time.Parse(time.RFC3339, a.Last); err != nil || time.Since(at) > 72*time.Hour {
			t.Errorf("%s was last used %q", a.Item.ID, a.Last)
		}
		a.Last = ""
		got[a.Item.ID] = a
	}
	want := observation.SignInActivity{Item: identity.ItemID{Kind: identity.KindApplication, ID: fieldbook}, SignIns: 4,
		Failures: 1, PeopleCount: 3,
		People: []string{"aoife.o'brien@brightwater.example", "rhea.nowak@brightwater.example",
			"tomas.lindqvist@brightwater.example"}}
	if diff := cmp.Diff(want, got[fieldbook]); diff != "" {
		t.Errorf("Fieldbook differs:\n%s", diff)
	}
	if _, used := got[expenses]; used {
		t.Error("an application that was used 61 days ago is in a report of 30 days")
	}
}

func TestSignIns_CoverWhatTheOrgKeeps(t *testing.T) {
	source, _ := labSource(t, labokta.Options{})
	report, err := source.(sdk.SignInReader).SignIns(t.Context(), ago(365))
	if err != nil {
		t.Fatal(err)
	}
	covers, err := time.Parse(time.RFC3339, report.Covers)
	if days := time.Since(covers).Hours() / 24; err != nil || days < 89.9 || days > 90.1 {
		t.Errorf("the report covers %s, want ninety days", report.Covers)
	}
	if len(report.Applications) != 3 {
		t.Errorf("%d applications, want 3", len(report.Applications))
	}
}

func TestSignIns_ALogThatMayNotBeReadIsForbiddenAndNotEmpty(t *testing.T) {
	source, _ := labSource(t, labokta.Options{Forbidden: []string{"/api/v1/logs"}})
	_, err := source.(sdk.SignInReader).SignIns(t.Context(), ago(30))
	var failure *contract.ProviderError
	if !errors.As(err, &failure) || failure.Code != contract.ErrorForbidden ||
		!strings.Contains(failure.Permission, "okta.logs.read") {
		t.Errorf("the answer is %v", err)
	}
}

func TestSignIns_AListThatNeverEndsIsAnError(t *testing.T) {
	fault, err := labfault.Parse("loop-page", "/api/v1/logs")
	if err != nil {
		t.Fatal(err)
	}
	source, _ := labSource(t, labokta.Options{PageCap: 2, Fault: fault})
	if _, err := source.(sdk.SignInReader).SignIns(t.Context(), ago(30)); err == nil {
		t.Error("a list that leads back to itself was read")
	}
}

func TestConnection_SaysWhatTheItemHoldsAndWhereTheRestIs(t *testing.T) {
	source, lab := labSource(t, labokta.Options{})
	sink := &memory{}
	if err := source.Collect(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	asked := lab.Requests()
	facts := func(id string) map[string]observation.ConnectionFact {
		list, err := source.(sdk.SourceConnector).Connection(t.Context(), sink.item(t, identity.KindApplication, id))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]observation.ConnectionFact{}
		for _, f := range list {
			if f.Value == "" && f.Note == "" {
				t.Errorf("%s says nothing", f.Name)
			}
			found[f.Name] = f
		}
		return found
	}
	web := facts(fieldbook)
	if web[observation.ConnectionClientID].Value != fieldbook ||
		!strings.HasSuffix(web[observation.ConnectionDiscovery].Value, "/.well-known/openid-configuration") ||
		!strings.Contains(web[observation.ConnectionTest].Value, "/home/oidc_client/") {
		t.Errorf("Fieldbook: %+v", web)
	}
	saml := facts(expenses)
	if saml[observation.ConnectionACS].Value != "https://expenses.brightwater.example/saml/acs" ||
		!strings.Contains(saml[observation.ConnectionMetadata].Value, "/sso/saml/metadata?kid=") ||
		saml[observation.ConnectionNameID].Value != "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" {
		t.Errorf("Expenses: %+v", saml)
	}
	certificate := saml[observation.ConnectionCertificate]
	if saml[observation.ConnectionEntityID].Value != "http://www.okta.com/exkert30vd8ULdHRG5d7" ||
		!strings.HasSuffix(saml[observation.ConnectionSignOn].Value, "/exkert30vd8ULdHRG5d7/sso/saml") ||
		!strings.HasPrefix(certificate.Value, "-----BEGIN CERTIFICATE-----\n") ||
		certificate.Expires != "2036-11-19T10:10:51Z" {
		t.Errorf("what the owner of Expenses has entered is not told: %+v", saml)
	}
	unread := sink.item(t, identity.KindApplication, expenses)
	var app kinds.Application
	if err := unread.Decode(&app); err != nil {
		t.Fatal(err)
	}
	app.IdPEntityID, app.IdPSignOnURL, app.IdPCertificate = "", "", "no certificate"
	emptied, err := json.Marshal(app)
	if err != nil {
		t.Fatal(err)
	}
	unread.Attributes = emptied
	list, err := source.(sdk.SourceConnector).Connection(t.Context(), unread)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		switch f.Name {
		case observation.ConnectionEntityID, observation.ConnectionSignOn, observation.ConnectionCertificate:
			if f.Value != "" || !strings.Contains(f.Note, "Metadata URL") {
				t.Errorf("what was not read is given out: %+v", f)
			}
		}
	}
	bookmark := sink.item(t, identity.KindApplication, "0oabQNDcfwWYRGREW5d7")
	if _, err := source.(sdk.SourceConnector).Connection(t.Context(), bookmark); err == nil {
		t.Error("a bookmark has a connection")
	}
	if lab.Requests() != asked {
		t.Error("describing a connection asks the org")
	}
}
