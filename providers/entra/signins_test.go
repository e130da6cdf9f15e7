package entra

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
)

const signInsPath = "/beta/auditLogs/signIns"

func (f *fakeTenant) answerAt(path string, handlers ...http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = handlers
}

func TestSignIns_AreSummedUpByApplicationOverPages(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("applications", elements(`{"id":"object-1","appId":"AAAA"}`, `{"id":"object-2","appId":"bbbb"}`))
	one := `{"id":"s1","createdDateTime":"2026-11-20T10:00:00Z","appId":"aaaa","userId":"u1","userPrincipalName":"ana@contoso.example","status":{"errorCode":0}}`
	f.answerAt(signInsPath, linked(signInsPath+"?$skiptoken=2", one,
		`{"id":"s2","createdDateTime":"2026-11-19T10:00:00Z","appId":"aaaa","userId":"u2","userPrincipalName":"bo@contoso.example","status":{"errorCode":50126}}`))
	f.answerAt(signInsPath+"?2", elements(one,
		`{"id":"s3","createdDateTime":"2026-11-18T10:00:00Z","appId":"aaaa","userId":"u1","status":{"errorCode":50140}}`,
		`{"id":"s4","createdDateTime":"2026-11-17T10:00:00Z","appId":"aaaa","userId":"","status":{"errorCode":0}}`,
		`{"id":"s5","createdDateTime":"2026-11-17T10:00:00Z","appId":"of-somebody-else","userId":"u1","status":{"errorCode":0}}`))
	source, _ := configured(t, f, nil)
	report, err := source.SignIns(t.Context(), time.Now().AddDate(0, 0, -365).UTC().Format(time.RFC3339))
	if err != nil {
		t.Fatal(err)
	}
	want := []observation.SignInActivity{{Item: identity.ItemID{Kind: identity.KindApplication, ID: "object-1"},
		Last:    "2026-11-20T10:00:00Z",
		SignIns: 2, Failures: 1, PeopleCount: 1, People: []string{"ana@contoso.example"}}}
	if diff := cmp.Diff(want, report.Applications); diff != "" {
		t.Error(diff)
	}
	if covers, err := time.Parse(time.RFC3339, report.Covers); err != nil || time.Since(covers) > 31*24*time.Hour ||
		report.Requests != 3 {
		t.Errorf("covers %s in %d requests", report.Covers, report.Requests)
	}
}

func TestSignIns_WithoutTheRightOrTheLicenceAreAQuestion(t *testing.T) {
	for answer, want := range map[string]struct{ permission, message string }{
		`{"error":{"code":"Authentication_RequestFromNonPremiumTenantOrB2CTenant","message":"Neither tenant is B2C or tenant doesn't have premium license"}}`: {
			"", "not in this tenant's edition"},
		`{"error":{"code":"Authentication_MSGraphPermissionMissing","message":"no"}}`: {signInsResource().permission,
			"AuditLog.Read.All"},
	} {
		f := newFakeTenant(t)
		f.answerAt(signInsPath, status(403, answer))
		source, _ := configured(t, f, nil)
		_, err := source.SignIns(t.Context(), time.Now().UTC().Format(time.RFC3339))
		var failure *contract.ProviderError
		if !errors.As(err, &failure) || failure.Code != contract.ErrorForbidden || failure.Permission != want.permission ||
			!strings.Contains(failure.Message, want.message) {
			t.Errorf("the answer is %v", err)
		}
	}
}

func TestConnection_SaysWhatTheTenantIs(t *testing.T) {
	f := newFakeTenant(t)
	source, _ := configured(t, f, nil)
	facts := func(app kinds.Application) map[string]string {
		item, err := identity.NewItem(identity.KindApplication, "object-1", "App", app)
		if err != nil {
			t.Fatal(err)
		}
		item.Raw = json.RawMessage(`{"appId":"app-1"}`)
		list, err := source.Connection(t.Context(), item)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, fact := range list {
			found[fact.Name] = fact.Value + fact.Note
		}
		return found
	}
	saml := facts(kinds.Application{Protocol: "saml", EntityID: "urn:app",
		RedirectURIs: []string{"https://app.example/acs"}, NameIDFormat: "emailAddress"})
	for name, want := range map[string]string{
		observation.ConnectionEntityID: "https://sts.windows.net/" + testTenant + "/",
		observation.ConnectionSignOn:   f.URL + "/" + testTenant + "/saml2",
		observation.ConnectionMetadata: f.URL + "/" + testTenant +
			"/federationmetadata/2007-06/federationmetadata.xml?appid=app-1",
	} {
		if saml[name] != want {
			t.Errorf("%s is %q, want %q", name, saml[name], want)
		}
	}
	oidc := facts(kinds.Application{Protocol: "oidc", ClientID: "app-1", ClientType: "confidential"})
	if !strings.HasPrefix(oidc[observation.ConnectionIssuer], f.URL+"/"+testTenant+"/v2.0") ||
		oidc[observation.ConnectionClientID] != "app-1" {
		t.Errorf("OIDC: %v", oidc)
	}
}
