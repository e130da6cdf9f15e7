package labentra_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labentra"
	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
)

const exampleTenant = "../../../examples/entra-to-keycloak/tenant"

// lab starts the example tenant over TLS.
func lab(t *testing.T, o labentra.Options) (*labentra.Server, *httptest.Server) {
	t.Helper()
	s, err := labentra.New(os.DirFS(exampleTenant), o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewTLSServer(s)
	t.Cleanup(web.Close)
	return s, web
}

func signIn(t *testing.T, s *labentra.Server, web *httptest.Server, secret string) (int, map[string]any) {
	t.Helper()
	resp, err := web.Client().PostForm(web.URL+"/"+s.TenantID()+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
		"client_id": {s.ClientID()}, "client_secret": {secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// reader asks Graph with a token.
type reader struct {
	t     *testing.T
	web   *httptest.Server
	token string
}

func signedIn(t *testing.T, o labentra.Options) (*labentra.Server, reader) {
	t.Helper()
	s, web := lab(t, o)
	status, body := signIn(t, s, web, labentra.DefaultClientSecret)
	if status != 200 {
		t.Fatalf("no token: %d %v", status, body)
	}
	return s, reader{t: t, web: web, token: fmt.Sprint(body["access_token"])}
}

func (r reader) ask(method, address string) (int, http.Header, map[string]any) {
	r.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = r.web.URL + address
	}
	req, err := http.NewRequest(method, address, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := r.web.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		r.t.Fatalf("%s: %v in %.200s", address, err, text)
	}
	return resp.StatusCode, resp.Header, body
}

func (r reader) list(address string) []any {
	r.t.Helper()
	status, _, body := r.ask(http.MethodGet, address)
	values, ok := body["value"].([]any)
	if status != 200 || !ok {
		r.t.Fatalf("%s: %d %v", address, status, body)
	}
	return values
}

func errorCode(body map[string]any) string {
	e, _ := body["error"].(map[string]any)
	return fmt.Sprint(e["code"])
}

func TestEveryListGivesEachObjectOnceInSmallPages(t *testing.T) {
	_, r := signedIn(t, labentra.Options{})
	for path, want := range map[string]int{
		"/v1.0/users": 20, "/v1.0/groups": 8, "/v1.0/applications": 12, "/v1.0/servicePrincipals": 17,
		"/v1.0/domains": 4, "/v1.0/identity/conditionalAccess/policies": 5, "/v1.0/organization": 1,
	} {
		seen := map[string]bool{}
		for at := path + "?$top=3&$select=id,displayName"; at != ""; {
			_, _, body := r.ask(http.MethodGet, at)
			for _, o := range body["value"].([]any) {
				seen[fmt.Sprint(o.(map[string]any)["id"])] = true
			}
			at, _ = body["@odata.nextLink"].(string)
			if at != "" && (!strings.HasPrefix(at, r.web.URL+"/v1.0/") || !strings.Contains(at, "$skiptoken=")) {
				t.Fatalf("next link is %q", at)
			}
		}
		if len(seen) != want {
			t.Errorf("%s: %d different objects over all pages, want %d", path, len(seen), want)
		}
	}
	if status, _, _ := r.ask("GET", "/v1.0/users?$top=1000"); status != 400 {
		t.Errorf("a page of 1000 answers %d, want 400", status)
	}
	if status, _, _ := r.ask("GET", "/v1.0/groups?$skiptoken=bm90LW91cnM"); status != 400 {
		t.Errorf("a made-up page token answers %d, want 400", status)
	}
}

func TestUsersComeWithElevenPropertiesUnlessSelected(t *testing.T) {
	_, r := signedIn(t, labentra.Options{})
	if n := len(r.list("/v1.0/users")[0].(map[string]any)); n != 11 {
		t.Errorf("%d properties without $select, want 11", n)
	}
	got := r.list("/v1.0/users?$select=id,userType,accountEnabled")[0].(map[string]any)
	if len(got) != 3 || got["userType"] == nil {
		t.Errorf("with $select the user is %v", got)
	}
}

func TestKeysOfCertificatesComeOnlyWhenSelected(t *testing.T) {
	_, r := signedIn(t, labentra.Options{})
	count := func(path string) (keys int) {
		for _, a := range r.list(path) {
			credentials, _ := a.(map[string]any)["keyCredentials"].([]any)
			for _, c := range credentials {
				if c.(map[string]any)["key"] != nil {
					keys++
				}
			}
		}
		return keys
	}
	if n := count("/v1.0/applications"); n != 0 {
		t.Errorf("%d keys without $select", n)
	}
	if n := count("/v1.0/applications?$select=id,keyCredentials"); n != 1 {
		t.Errorf("%d keys with $select, want 1", n)
	}
}

func TestMembersCarryTheirTypeAndTransitiveOnesComeOnce(t *testing.T) {
	_, r := signedIn(t, labentra.Options{})
	for _, g := range r.list("/v1.0/groups") {
		group := g.(map[string]any)
		if group["displayName"] != "Mill" {
			continue
		}
		path := fmt.Sprintf("/v1.0/groups/%v", group["id"])
		types := map[string]int{}
		for _, m := range r.list(path + "/members?$top=2&$select=id") {
			types[fmt.Sprint(m.(map[string]any)["@odata.type"])]++
		}
		if len(types) == 0 || types["<nil>"] > 0 {
			t.Errorf("types of the members are %v", types)
		}
		if n := len(r.list(path + "/members")); n != 4 {
			t.Errorf("%d members, want 4", n)
		}
		if n := len(r.list(path + "/transitiveMembers")); n != 6 {
			t.Errorf("%d transitive members, want 6", n)
		}
		if n := len(r.list(path + "/members/microsoft.graph.user")); n != 2 {
			t.Errorf("%d users among the members, want 2", n)
		}
		return
	}
	t.Error("the tenant has no group Mill")
}

func TestFederationOfAManagedDomainIsNotFound(t *testing.T) {
	_, r := signedIn(t, labentra.Options{})
	if status, _, body := r.ask("GET", "/v1.0/domains/larkfield.example/federationConfiguration"); status != 404 ||
		errorCode(body) != "Request_ResourceNotFound" {
		t.Errorf("managed domain answers %d %v", status, body)
	}
	if n := len(r.list("/v1.0/domains/mill.larkfield.example/federationConfiguration")); n != 1 {
		t.Errorf("federated domain has %d configurations, want 1", n)
	}
}

func TestTokenIsGivenForTheRightSecretOnlyAndExpires(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	s, r := signedIn(t, labentra.Options{Now: func() time.Time { return now }})
	status, body := signIn(t, s, r.web, "wrong")
	if status != 401 || !strings.HasPrefix(fmt.Sprint(body["error_description"]), "AADSTS7000215: ") {
		t.Errorf("wrong secret answers %d %v", status, body)
	}
	if strings.Contains(fmt.Sprint(body), labentra.DefaultClientSecret) {
		t.Error("the refusal shows the secret")
	}
	now = now.Add(time.Hour)
	if status, _, body := r.ask("GET", "/v1.0/users"); status != 401 || errorCode(body) != "InvalidAuthenticationToken" {
		t.Errorf("an expired token answers %d %v", status, body)
	}
	r.token = ""
	if status, _, _ := r.ask("GET", "/v1.0/users"); status != 401 {
		t.Errorf("no token answers %d", status)
	}
}

func TestDiscoveryNamesTheSameHost(t *testing.T) {
	s, web := lab(t, labentra.Options{})
	_, _, body := reader{t: t, web: web}.ask("GET", "/"+s.TenantID()+"/v2.0/.well-known/openid-configuration")
	for _, key := range []string{"issuer", "token_endpoint"} {
		if !strings.HasPrefix(fmt.Sprint(body[key]), web.URL+"/") {
			t.Errorf("%s is %v", key, body[key])
		}
	}
}

func TestMissingPermissionAndRateAreRefused(t *testing.T) {
	_, r := signedIn(t, labentra.Options{Forbidden: []string{"/v1.0/identity/conditionalAccess"}, RatePerMinute: 2,
		RetryAfter: "2.128"})
	if status, _, body := r.ask("GET", "/v1.0/identity/conditionalAccess/policies"); status != 403 ||
		errorCode(body) != "AccessDenied" {
		t.Errorf("policies answer %d %v", status, body)
	}
	r.list("/v1.0/domains")
	status, header, body := r.ask("GET", "/v1.0/domains")
	if status != 429 || header.Get("Retry-After") != "2.128" || errorCode(body) != "TooManyRequests" {
		t.Errorf("third answer is %d, Retry-After %q, %v", status, header.Get("Retry-After"), body)
	}
}

func TestNoWriteIsAccepted(t *testing.T) {
	s, r := signedIn(t, labentra.Options{})
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if status, _, _ := r.ask(method, "/v1.0/users"); status != 405 {
			t.Errorf("%s answers %d, want 405", method, status)
		}
	}
	if s.Writes() != 4 || s.Requests() != 5 {
		t.Errorf("counted %d writes in %d requests, want 4 in 5", s.Writes(), s.Requests())
	}
}

func TestFaultsBendLists(t *testing.T) {
	for name, wrong := range map[string]func(body map[string]any, web string) bool{
		"null-list": func(b map[string]any, _ string) bool { v, ok := b["value"]; return ok && v == nil },
		"loop-page": func(b map[string]any, web string) bool { return b["@odata.nextLink"] == web+"/v1.0/users" },
		"foreign-next-link": func(b map[string]any, _ string) bool {
			return strings.Contains(fmt.Sprint(b["@odata.nextLink"]), labfault.ForeignHost)
		},
		"forbidden-users": func(b map[string]any, _ string) bool { return errorCode(b) == "Authorization_RequestDenied" },
		"expired-token":   func(b map[string]any, _ string) bool { return errorCode(b) == "InvalidAuthenticationToken" },
	} {
		t.Run(name, func(t *testing.T) {
			fault, err := labfault.Parse(name, "/v1.0/users")
			if err != nil {
				t.Fatal(err)
			}
			_, r := signedIn(t, labentra.Options{Fault: fault})
			if _, _, body := r.ask("GET", "/v1.0/users"); !wrong(body, r.web.URL) {
				t.Errorf("body is %.200v", body)
			}
			r.list("/v1.0/groups")
		})
	}
}

func TestNewNamesTheFileThatDoesNotParse(t *testing.T) {
	_, err := labentra.New(fstest.MapFS{"groups.json": {Data: []byte(`[{}]`)}}, labentra.Options{})
	if err == nil || !strings.Contains(err.Error(), "groups.json") {
		t.Errorf("error is %v", err)
	}
}
