package entra

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func TestIdentify_TellsTheTenantThroughTheRealTokenAndRequestPath(t *testing.T) {
	f := newFakeTenant(t)
	s, _ := configured(t, f, nil)
	found, err := s.Identify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if found.Tenant != testTenant || found.Detail != "Contoso" || f.tokens != 1 {
		t.Errorf("got %+v with %d tokens", found, f.tokens)
	}
}

func TestIdentify_RefusesAnotherTenant(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("organization", elements(`{"id":"11111111-0000-4000-8000-000000000000","displayName":"Other"}`))
	s, _ := configured(t, f, nil)
	_, err := s.Identify(t.Context())
	wantError(t, err, contract.ErrorNotFound, "and not for "+testTenant)
}

func TestIdentify_SaysInOneLineThatTheSecretIsWrong(t *testing.T) {
	f := newFakeTenant(t)
	s, _ := configured(t, f, map[string]any{"client_secret": "wrong-" + testSecret})
	_, err := s.Identify(t.Context())
	wantError(t, err, contract.ErrorUnauthorized, "AADSTS7000215 (invalid_client): the client secret is wrong")
	if strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), testSecret) {
		t.Errorf("the message has many lines or the secret: %q", err)
	}
}

func TestIdentify_ReportsAnUnknownAuthority(t *testing.T) {
	f := newFakeTenant(t)
	s, _ := configured(t, f, map[string]any{"ca_file": ""})
	_, err := s.Identify(t.Context())
	wantError(t, err, contract.ErrorUnreachable, "certificate")
}

func TestIdentify_AsksAgainWhenTheTokenEndpointIsBusy(t *testing.T) {
	f := newFakeTenant(t)
	f.busy = 1
	s, _ := configured(t, f, nil)
	if _, err := s.Identify(t.Context()); err != nil || f.tokens != 2 {
		t.Errorf("got %v after %d token requests", err, f.tokens)
	}
}

func wantError(t *testing.T, err error, code contract.ErrorCode, part string) {
	t.Helper()
	var failed *contract.ProviderError
	if !errors.As(err, &failed) {
		t.Fatalf("want a provider error, got %v", err)
	}
	if failed.Code != code || !strings.Contains(failed.Message, part) {
		t.Errorf("got %s: %s\nwant %s with %q", failed.Code, failed.Message, code, part)
	}
}

func TestCollect_FaultsOfGraphStopTheReadAndNameThePage(t *testing.T) {
	user := `{"id":"u1","userPrincipalName":"a@contoso.example","accountEnabled":true}`
	other := `{"id":"u2","userPrincipalName":"b@contoso.example","accountEnabled":true}`
	second := "/v1.0/users?$skiptoken=two"
	cases := []struct {
		name   string
		first  []http.HandlerFunc
		second []http.HandlerFunc
		code   contract.ErrorCode
		part   string
	}{
		{"a null list", []http.HandlerFunc{body(`{"value":null}`)}, nil, contract.ErrorInvalid, "the list is null"},
		{"an object for a list", []http.HandlerFunc{body(`{"value":{}}`)}, nil, contract.ErrorInvalid, "the body is no list"},
		{"no list", []http.HandlerFunc{body(`{}`)}, nil, contract.ErrorInvalid, "has no list value"},
		{"an empty body", []http.HandlerFunc{body(``)}, nil, contract.ErrorInvalid, "the body is empty"},
		{"JSON cut short", []http.HandlerFunc{body(`{"value":[{"id":`)}, nil, contract.ErrorInvalid, "cannot be used"},
		{"HTML with 200", []http.HandlerFunc{htmlPage}, nil, contract.ErrorInvalid, "not JSON"},
		{"a redirect", []http.HandlerFunc{redirect}, nil, contract.ErrorInvalid, "302"},
		{"no content", []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }}, nil,
			contract.ErrorInvalid, "204"},
		{"a link to itself", []http.HandlerFunc{linked(second, user)}, []http.HandlerFunc{linked(second, other)},
			contract.ErrorInvalid, "leads back"},
		{"a link to another host", []http.HandlerFunc{linked("https://graph.attacker.example/v1.0/users", user)}, nil,
			contract.ErrorInvalid, "another host"},
		{"a link without TLS", []http.HandlerFunc{linked("http://127.0.0.1/v1.0/users", user)}, nil, contract.ErrorInvalid,
			"another host"},
		{"a link that is a number", []http.HandlerFunc{body(`{"value":[],"@odata.nextLink":7}`)}, nil,
			contract.ErrorInvalid, "no text"},
		{"an item twice", []http.HandlerFunc{linked(second, user)}, []http.HandlerFunc{elements(user)}, contract.ErrorInvalid,
			"element u1 was already in the list"},
		{"an item without id", []http.HandlerFunc{elements(`{"mail":"x"}`)}, nil, contract.ErrorInvalid,
			"element 0 has no id"},
		{"a number for a name", []http.HandlerFunc{elements(`{"id":"u1","displayName":4}`)}, nil, contract.ErrorInvalid,
			"an element cannot be read"},
		{"500 for ever", []http.HandlerFunc{status(500, `{}`)}, nil, contract.ErrorUnreachable,
			"the server answered 500 (5 tries)"},
		{"429 for ever", []http.HandlerFunc{tooMany("0.5")}, nil, contract.ErrorRateLimited, "429"},
		{"a body cut off for ever", []http.HandlerFunc{cutOff}, nil, contract.ErrorUnreachable, "closed early"},
		{"a dead token", []http.HandlerFunc{status(401,
			`{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}`)}, nil,
			contract.ErrorUnauthorized, "InvalidAuthenticationToken"},
		{"a refused query", []http.HandlerFunc{status(400,
			`{"error":{"code":"Request_UnsupportedQuery","message":"size"}}`)}, nil,
			contract.ErrorInvalid, "Request_UnsupportedQuery"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFakeTenant(t)
			f.answer("users", c.first...)
			if c.second != nil {
				f.answer("users?two", c.second...)
			}
			s, _ := configured(t, f, nil)
			got, err := collect(t, s)
			wantError(t, err, c.code, c.part)
			if !strings.Contains(err.Error(), "/v1.0/users") {
				t.Errorf("the message does not name the page: %v", err)
			}
			if text := got.everything(err); strings.Contains(text, testSecret) || strings.Contains(text, testToken) {
				t.Error("a secret left the source")
			}
		})
	}
}

func TestCollect_GoesOnAfterFaultsThatPass(t *testing.T) {
	user := `{"id":"u1","userPrincipalName":"a@contoso.example","accountEnabled":true}`
	for name, fault := range map[string]http.HandlerFunc{
		"429": tooMany("2.128"), "503": status(503, `{}`), "500": status(500, `{}`), "502": status(502, `{}`),
		"504":            status(504, `{}`),
		"a body cut off": cutOff,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeTenant(t)
			f.answer("users", fault, elements(user))
			s, w := configured(t, f, nil)
			got, err := collect(t, s)
			if err != nil {
				t.Fatal(err)
			}
			attributes[kinds.User](t, got, "user/u1")
			if name == "429" && (len(w.list) != 1 || w.list[0] < 2128*time.Millisecond) {
				t.Errorf("waited %v, the server asked for 2.128 s", w.list)
			}
		})
	}
}

func tooMany(after string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", after)
		write(w, 429, `{"error":{"code":"TooManyRequests","message":"later"}}`)
	}
}

func htmlPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html>sign in</html>"))
}

func redirect(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "https://attacker.example/")
	w.WriteHeader(302)
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "500")
	_, _ = w.Write([]byte(`{"value":[`))
	panic(http.ErrAbortHandler)
}

func TestCollect_AForbiddenListIsAGapThatNamesThePermission(t *testing.T) {
	denied := status(403,
		`{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`)
	for path, want := range map[string]identity.Gap{
		"users":                               {Kind: identity.KindUser, Permission: "User.Read.All"},
		"groups":                              {Kind: identity.KindGroup, Permission: "Group.Read.All"},
		"applications":                        {Kind: identity.KindApplication, Permission: "Application.Read.All"},
		"servicePrincipals":                   {Kind: identity.KindServicePrincipal, Permission: "Application.Read.All"},
		"domains":                             {Kind: identity.KindDomain, Permission: "Domain.Read.All"},
		"identity/conditionalAccess/policies": {Kind: identity.KindAuthPolicy, Permission: "Policy.Read.All"},
	} {
		t.Run(path, func(t *testing.T) {
			f := newFakeTenant(t)
			f.answer(path, denied)
			s, _ := configured(t, f, nil)
			got, err := collect(t, s)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.gaps) != 1 || got.gaps[0].Kind != want.Kind || got.gaps[0].Permission != want.Permission ||
				got.gaps[0].Status != 403 || got.gaps[0].Path != "/v1.0/"+path {
				t.Errorf("got gaps %+v", got.gaps)
			}
		})
	}
}

func TestCollect_AsksForPagesAsLargeAsAllowedAndFollowsLinksAsWritten(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("users", linked("/v1.0/users?$top=999&$skiptoken=a%2Bb", `{"id":"u1","accountEnabled":true}`))
	f.answer("users?a+b", elements(`{"id":"u2","accountEnabled":false}`))
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.items) != 3 { // and the security defaults
		t.Errorf("got %d items", len(got.items))
	}
	requests := f.seen()
	if len(requests) != 9 {
		t.Errorf("9 pages took %d requests: %v", len(requests), requests)
	}
	first := requests[slices.IndexFunc(requests, func(r string) bool { return strings.HasPrefix(r, "/v1.0/users") })]
	if q := query(t, first); q.Get("$top") != "999" || !strings.Contains(q.Get("$select"), "accountEnabled") {
		t.Errorf("first request %s", first)
	}
	if !slices.Contains(requests, "/v1.0/users?$top=999&$skiptoken=a%2Bb") {
		t.Errorf("the link was not followed as written: %v", requests)
	}
	for _, page := range got.pages {
		if page.Path == "/v1.0/applications" && !strings.Contains(page.Query, "keyCredentials") {
			t.Errorf("keyCredentials are not asked for: %s", page.Query)
		}
	}
}

func TestCollect_PlantedSecretsNeverLeave(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("applications", elements(`{"id":"a1","appId":"c1","displayName":"x","web":{"redirectUris":["https://x.example/cb"]},
		"passwordCredentials":[{"keyId":"k","secretText":"planted-1","hint":"planted-2","endDateTime":"2999-01-01T00:00:00Z"}],
		"keyCredentials":[{"keyId":"s","type":"Symmetric","usage":"Verify","key":"planted-3"}]}`))
	f.answer("users", elements(`{"id":"u1","passwordProfile":{"password":"planted-4"}}`))
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if text := got.everything(nil); strings.Contains(text, "planted-") {
		t.Errorf("a planted secret left the source: %s", text)
	}
	if app := got.items["application/a1"]; len(app.Secrets) != 0 {
		t.Error("Entra hands out no secrets, but the item offers one")
	}
}

func TestConfigure_RefusesWhatCannotWork(t *testing.T) {
	good := map[string]any{"tenant_id": testTenant, "client_id": "c", "client_secret": "s"}
	for name, value := range map[string]any{
		"graph_endpoint": "http://graph.microsoft.com", "authority_host": "https://login.example/path", "concurrency": 0.5,
		"tenant_id": "https://contoso.example", "client_secret": "", "read_conditional_access": "yes", "colour": "red",
	} {
		config := map[string]any{name: value}
		for n, v := range good {
			if n != name {
				config[n] = v
			}
		}
		problems := New("test").Configure(t.Context(), config)
		if !problems.HasErrors() || problems[0].Address != name {
			t.Errorf("%s = %v gave %v", name, value, problems)
		}
	}
	if problems := New("test").Configure(t.Context(), good); len(problems) != 0 {
		t.Errorf("good arguments gave %v", problems)
	}
}

func TestSecret_IsNeverHandedOut(t *testing.T) {
	_, err := New("test").Secret(t.Context(), identity.ItemID{Kind: identity.KindApplication, ID: "a"}, "client_secret")
	wantError(t, err, contract.ErrorForbidden, "does not hand out")
}

func TestCollect_WhatTheEditionLacksAsksForNoPermission(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("identity/conditionalAccess/policies", status(403, `{"error":{"code":"Authentication_RequestFromNonPremiumTenantOrB2CTenant",
		"message":"Neither tenant is B2C or tenant doesn't have premium license"}}`))
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.gaps) != 1 || got.gaps[0].Cause != identity.GapNotOffered || got.gaps[0].Permission != "" ||
		strings.Contains(got.gaps[0].Reason, "grant") || !strings.Contains(got.gaps[0].Reason,
		"not in this tenant's edition") {
		t.Errorf("got gaps %+v", got.gaps)
	}
}

// A list that is not found proves nothing: only what it belongs to says that it is gone.
func TestCollect_AListThatIsNotFoundIsAGapUnlessItsOwnerIsGone(t *testing.T) {
	owners := map[string]string{"groups/g1": `{"id":"g1"}`, "applications/a1": `{"id":"a1"}`,
		"servicePrincipals/sp": `{"id":"sp"}`}
	for _, exists := range []bool{true, false} {
		f := newFakeTenant(t)
		f.answer("groups", elements(`{"id":"g1","displayName":"Staff","securityEnabled":true}`))
		f.answer("applications", elements(`{"id":"a1","appId":"app","displayName":"Portal"}`))
		f.answer("servicePrincipals", elements(`{"id":"sp","appId":"app","accountEnabled":true,"appOwnerOrganizationId":"`+
			testTenant+`","appRoleAssignmentRequired":true}`))
		for path, owner := range owners {
			if exists {
				f.answer(path, body(owner))
			}
		}
		s, _ := configured(t, f, nil)
		got, err := collect(t, s)
		if err != nil {
			t.Fatal(err)
		}
		group, app := got.items["group/g1"], got.items["application/a1"]
		if group.Deleted == exists || app.Deleted == exists {
			t.Errorf("owners there: %t, group gone: %t, application gone: %t", exists, group.Deleted, app.Deleted)
		}
		if !exists {
			if len(got.gaps) != 0 {
				t.Errorf("what is gone left gaps: %+v", got.gaps)
			}
			continue
		}
		of := map[string]int{}
		for _, gap := range got.gaps {
			of[gap.Of]++
			if gap.Cause != identity.GapFailed || gap.Permission != "" || gap.Status != http.StatusNotFound {
				t.Errorf("got gap %+v", gap)
			}
		}
		if of["g1"] != 1 || of["a1"] != 2 || len(of) != 2 || !slices.Contains(group.Gaps, "members") ||
			!slices.Contains(app.Gaps, "assignments") || !slices.Contains(app.Gaps, "federated_credentials") {
			t.Errorf("gaps of %v; the group lacks %v, the application %v", of, group.Gaps, app.Gaps)
		}
	}
}

// What $select leaves out is lost without a line, so what administrators write is asked for by name.
func TestCollect_TextsOfAdministratorsAreCarriedOrNamed(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("applications", elements(`{"id":"a1","appId":"app","notes":"ask Ada","serviceManagementReference":"CMDB-7",`+
		webRedirect+`,`+validPassword+`}`))
	f.answer("servicePrincipals", elements(`{"id":"sp","appId":"app","accountEnabled":true,"appOwnerOrganizationId":"`+testTenant+
		`","appRoleAssignmentRequired":false,"notificationEmailAddresses":["ada@contoso.example"],"notes":"until 2028"}`))
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	app := attributes[kinds.Application](t, got, "application/a1")
	want := []string{"serviceManagementReference", "servicePrincipal.notes", "servicePrincipal.notificationEmailAddresses"}
	if app.Description != "ask Ada" || !slices.Equal(app.Unknown, want) {
		t.Errorf("description %q, unknown %q", app.Description, app.Unknown)
	}
	for _, page := range got.pages {
		if strings.HasSuffix(page.Path, "/applications") && !strings.Contains(page.Query,
			"notes,serviceManagementReference") ||
			strings.HasSuffix(page.Path, "/servicePrincipals") && !strings.Contains(page.Query,
				"notes,notificationEmailAddresses") {
			t.Errorf("not asked for: %s", page.Query)
		}
	}
}
