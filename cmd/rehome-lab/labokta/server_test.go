package labokta_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
)

const exampleTenant = "../../../examples/okta-to-keycloak/tenant"

// lab starts the example tenant over TLS.
func lab(t *testing.T, o labokta.Options) (*labokta.Server, *httptest.Server) {
	t.Helper()
	s, err := labokta.New(os.DirFS(exampleTenant), o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewTLSServer(s)
	t.Cleanup(web.Close)
	return s, web
}

type response struct {
	status int
	header http.Header
	body   string
}

func ask(t *testing.T, web *httptest.Server, method, address, token string) response {
	t.Helper()
	r, err := try(web, method, address, token)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func try(web *httptest.Server, method, address, token string) (response, error) {
	if strings.HasPrefix(address, "/") {
		address = web.URL + address
	}
	req, err := http.NewRequest(method, address, nil)
	if err != nil {
		return response{}, err
	}
	req.Header.Set("Authorization", "SSWS "+token)
	resp, err := web.Client().Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return response{status: resp.StatusCode, header: resp.Header, body: string(body)}, err
}

func get(t *testing.T, web *httptest.Server, address string) response {
	t.Helper()
	return ask(t, web, http.MethodGet, address, labokta.DefaultToken)
}

var relation = regexp.MustCompile(`^<([^>]*)>; rel="(self|next)"$`)

func next(t *testing.T, h http.Header) string {
	t.Helper()
	for _, line := range h.Values("Link") {
		m := relation.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("Link line %q has not exactly one relation", line)
		}
		if m[2] == "next" {
			return m[1]
		}
	}
	return ""
}

func elements(t *testing.T, body string) []map[string]any {
	t.Helper()
	var out []map[string]any
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
	return out
}

func TestEveryPagedListGivesEachElementOnceInSmallPages(t *testing.T) {
	_, web := lab(t, labokta.Options{RatePerMinute: -1})
	everyone := elements(t, get(t, web, `/api/v1/groups?filter=`+url.QueryEscape(`type eq "BUILT_IN"`)).body)[0]["id"]
	lists := map[string]int{
		"/api/v1/apps": 19, "/api/v1/users": 23, "/api/v1/groups": 8, "/api/v1/idps": 4, "/api/v1/groups/rules": 2,
		"/api/v1/mappings": 3, "/api/v1/idps/credentials/keys": 2, "/api/v1/policies?type=ACCESS_POLICY": 2,
		fmt.Sprintf("/api/v1/groups/%v/users", everyone): 23,
	}
	for path, want := range lists {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		seen := map[string]bool{}
		for at := path + separator + "limit=3"; at != ""; {
			page := get(t, web, at)
			found := elements(t, page.body)
			if len(found) > 3 {
				t.Errorf("%s: a page has %d elements, limit is 3", path, len(found))
			}
			for _, e := range found {
				seen[fmt.Sprint(e["id"], e["kid"])] = true
			}
			at = next(t, page.header)
		}
		if len(seen) != want {
			t.Errorf("%s: %d different elements over all pages, want %d", path, len(seen), want)
		}
	}
}

func TestPageSizesFollowTheVendor(t *testing.T) {
	_, web := lab(t, labokta.Options{})
	for path, want := range map[string]string{
		"/api/v1/users": "limit=200", "/api/v1/users?limit=9999": "limit=200", "/api/v1/apps": "limit=20",
		"/api/v1/apps?limit=500": "limit=200", "/api/v1/groups": "limit=10000",
	} {
		if self := get(t, web, path).header.Get("Link"); !strings.Contains(self, want) {
			t.Errorf("%s: self link %q, want %s", path, self, want)
		}
	}
	_, small := lab(t, labokta.Options{PageCap: 2})
	if n := len(elements(t, get(t, small, "/api/v1/users?limit=200").body)); n != 2 {
		t.Errorf("with a page cap of 2 the page has %d users", n)
	}
}

func TestDeprovisionedUsersOnlyComeWhenAskedFor(t *testing.T) {
	_, web := lab(t, labokta.Options{})
	for _, u := range elements(t, get(t, web, "/api/v1/users").body) {
		if u["status"] == "DEPROVISIONED" {
			t.Errorf("user %v is DEPROVISIONED in the plain list", u["id"])
		}
	}
	gone := elements(t, get(t, web, "/api/v1/users?filter="+url.QueryEscape(`status eq "DEPROVISIONED"`)).body)
	if len(gone) != 2 {
		t.Errorf("%d DEPROVISIONED users, want 2", len(gone))
	}
	if r := get(t, web, "/api/v1/users?filter=nonsense"); r.status != 400 || !strings.Contains(r.body, "E0000031") {
		t.Errorf("an unknown filter answers %d %s", r.status, r.body)
	}
}

func TestMappingsAreFoundBySourceAndCarryPropertiesOnlyAlone(t *testing.T) {
	_, web := lab(t, labokta.Options{})
	all := elements(t, get(t, web, "/api/v1/mappings").body)
	source := all[0]["source"].(map[string]any)["id"]
	found := elements(t, get(t, web, fmt.Sprintf("/api/v1/mappings?limit=200&sourceId=%v", source)).body)
	if len(found) != 1 || found[0]["id"] != all[0]["id"] || found[0]["properties"] != nil {
		t.Errorf("mappings of %v are %v", source, found)
	}
	one := get(t, web, fmt.Sprintf("/api/v1/mappings/%v", found[0]["id"])).body
	if !strings.Contains(one, `"properties":{"`) {
		t.Errorf("the single mapping is %.200s", one)
	}
}

func TestRateLimitRefusesAndOpensAgain(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	_, web := lab(t, labokta.Options{RatePerMinute: 2, Now: func() time.Time { return now }})
	if r := get(t, web, "/api/v1/org"); r.header.Get("X-Rate-Limit-Remaining") != "1" {
		t.Errorf("first answer leaves %q", r.header.Get("X-Rate-Limit-Remaining"))
	}
	get(t, web, "/api/v1/org")
	r := get(t, web, "/api/v1/org")
	if r.status != 429 || !strings.Contains(r.body, "E0000047") {
		t.Errorf("third answer is %d %s", r.status, r.body)
	}
	if got, want := r.header.Get("X-Rate-Limit-Reset"), fmt.Sprint(now.Add(time.Minute).Unix()); got != want {
		t.Errorf("reset is %q, want %q", got, want)
	}
	if r.header.Get("Date") != now.Format(http.TimeFormat) {
		t.Errorf("date is %q", r.header.Get("Date"))
	}
	now = now.Add(time.Minute)
	if r := get(t, web, "/api/v1/org"); r.status != 200 {
		t.Errorf("after a minute the answer is %d", r.status)
	}
}

func TestAccessIsRefusedWithoutTheTokenOrThePermission(t *testing.T) {
	_, web := lab(t, labokta.Options{Forbidden: []string{"/api/v1/policies"}})
	cases := []struct {
		name, path, token string
		status            int
		code              string
	}{
		{"wrong token", "/api/v1/users", "wrong", 401, "E0000011"},
		{"missing permission", "/api/v1/policies?type=PASSWORD", labokta.DefaultToken, 403, "E0000006"},
		{"unknown path", "/api/v1/nothing", labokta.DefaultToken, 404, "E0000007"},
		{"unknown object", "/api/v1/apps/none/groups", labokta.DefaultToken, 404, "E0000007"},
		{"policies without type", "/api/v1/policies", labokta.DefaultToken, 403, "E0000006"},
		{"well-known needs no token", "/.well-known/okta-organization", "wrong", 200, "pipeline"},
	}
	for _, c := range cases {
		r := ask(t, web, http.MethodGet, c.path, c.token)
		if r.status != c.status || !strings.Contains(r.body, c.code) {
			t.Errorf("%s: %d %.120s, want %d %s", c.name, r.status, r.body, c.status, c.code)
		}
	}
}

func TestNoWriteIsAccepted(t *testing.T) {
	s, web := lab(t, labokta.Options{})
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if r := ask(t, web, method, "/api/v1/users", labokta.DefaultToken); r.status != 405 {
			t.Errorf("%s answers %d, want 405", method, r.status)
		}
	}
	if s.Writes() != 4 || s.Requests() != 4 {
		t.Errorf("counted %d writes in %d requests, want 4 in 4", s.Writes(), s.Requests())
	}
}

func TestAnswersCarryTheAddressTheCallerUsed(t *testing.T) {
	_, web := lab(t, labokta.Options{})
	for _, path := range []string{"/api/v1/apps", "/api/v1/users", "/.well-known/okta-organization"} {
		body := get(t, web, path).body
		if strings.Contains(body, labokta.Origin) || !strings.Contains(body, web.URL) {
			t.Errorf("%s names another host than %s", path, web.URL)
		}
	}
}

func TestSecretsStandWhereTheVendorPutsThem(t *testing.T) {
	_, web := lab(t, labokta.Options{})
	apps := get(t, web, "/api/v1/apps?limit=200").body
	if strings.Contains(apps, "client_secret\":") {
		t.Error("an app carries a client secret; the vendor keeps them below credentials/secrets")
	}
	if !strings.Contains(get(t, web, "/api/v1/idps").body, "planted-secret-okta-idp-coastline") {
		t.Error("the identity provider has no client secret in clear")
	}
	for _, app := range elements(t, apps) {
		if app["label"] != "Fieldbook" {
			continue
		}
		r := get(t, web, fmt.Sprintf("/api/v1/apps/%v/credentials/secrets", app["id"]))
		if !strings.Contains(r.body, "planted-secret-okta-fieldbook-1") || r.header.Get("Link") != "" {
			t.Errorf("the secrets of Fieldbook are %s with Link %q", r.body, r.header.Get("Link"))
		}
		return
	}
	t.Error("the tenant has no app Fieldbook")
}

func TestFaultsShowOnTheirPathOnly(t *testing.T) {
	cases := []struct {
		fault string
		check func(t *testing.T, web *httptest.Server)
	}{
		{"429-once", func(t *testing.T, web *httptest.Server) {
			if a, b := get(t, web, "/api/v1/users"), get(t, web, "/api/v1/users"); a.status != 429 || b.status != 200 ||
				a.header.Get("X-Rate-Limit-Reset") == "" {
				t.Errorf("statuses %d and %d", a.status, b.status)
			}
		}},
		{"500-once", func(t *testing.T, web *httptest.Server) {
			if a, b := get(t, web, "/api/v1/users"), get(t, web, "/api/v1/users"); a.status != 500 || b.status != 200 {
				t.Errorf("statuses %d and %d", a.status, b.status)
			}
		}},
		{"html-200", func(t *testing.T, web *httptest.Server) {
			if r := get(t, web, "/api/v1/users"); r.status != 200 ||
				!strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
				t.Errorf("answer %d %s", r.status, r.header.Get("Content-Type"))
			}
		}},
		{"loop-page", func(t *testing.T, web *httptest.Server) {
			if got := next(t, get(t, web, "/api/v1/users?limit=2").header); got != web.URL+"/api/v1/users?limit=2" {
				t.Errorf("next link is %q", got)
			}
		}},
		{"foreign-next-link", func(t *testing.T, web *httptest.Server) {
			if got := next(t, get(t, web, "/api/v1/users?limit=2").header); !strings.HasPrefix(got,
				"https://"+labfault.ForeignHost+"/") {
				t.Errorf("next link is %q", got)
			}
		}},
		{"truncated", func(t *testing.T, web *httptest.Server) {
			if _, err := try(web, "GET", "/api/v1/users", labokta.DefaultToken); err == nil {
				t.Error("the body was read to its end")
			}
		}},
		{"null-list", func(t *testing.T, web *httptest.Server) {
			if r := get(t, web, "/api/v1/users"); r.body != "null" {
				t.Errorf("body is %.60q", r.body)
			}
		}},
		{"forbidden-users", func(t *testing.T, web *httptest.Server) {
			if r := get(t, web, "/api/v1/users"); r.status != 403 {
				t.Errorf("status %d", r.status)
			}
		}},
		{"expired-token", func(t *testing.T, web *httptest.Server) {
			if r := get(t, web, "/api/v1/users"); r.status != 401 {
				t.Errorf("status %d", r.status)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.fault, func(t *testing.T) {
			fault, err := labfault.Parse(c.fault, "/api/v1/users")
			if err != nil {
				t.Fatal(err)
			}
			_, web := lab(t, labokta.Options{Fault: fault})
			if r := get(t, web, "/api/v1/groups"); r.status != 200 || !strings.HasPrefix(r.body, "[{") {
				t.Errorf("the fault shows on another path: %d", r.status)
			}
			c.check(t, web)
		})
	}
	if _, err := labfault.Parse("no-such-fault", ""); err == nil {
		t.Error("an unknown fault is accepted")
	}
}

func TestNewNamesTheFileThatDoesNotParse(t *testing.T) {
	_, err := labokta.New(fstest.MapFS{"users.json": {Data: []byte(`[{"status":"ACTIVE"}]`)}}, labokta.Options{})
	if err == nil || !strings.Contains(err.Error(), "users.json") {
		t.Errorf("error is %v", err)
	}
	if _, err := labokta.New(fstest.MapFS{}, labokta.Options{}); err != nil {
		t.Errorf("an empty folder is refused: %v", err)
	}
}
