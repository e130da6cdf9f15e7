package entra

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

const (
	testTenant = "8500cad3-193d-48a6-8d00-c129b114dc10"
	testClient = "91ab0000-0000-4000-8000-000000000001"
	testSecret = "planted-client-secret-8Qk"
	testToken  = "planted-access-token-7Zp"
)

const securityDefaults = "policies/identitySecurityDefaultsEnforcementPolicy"

// fakeTenant is token endpoint and Graph on one private TLS server. It refuses what it does not know.
type fakeTenant struct {
	*httptest.Server
	mu       sync.Mutex
	answers  map[string][]http.HandlerFunc // by path, or path?$skiptoken: one after the other, the last for ever
	requests []string                      // path and query of Graph requests
	tokens   int
	busy     int // token requests to answer with 503 first
}

func newFakeTenant(t *testing.T) *fakeTenant {
	t.Helper()
	f := &fakeTenant{answers: map[string][]http.HandlerFunc{}}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.StartTLS()
	t.Cleanup(f.Close)
	f.answer("organization", elements(`{"id":"`+testTenant+`","displayName":"Contoso","verifiedDomains":[]}`))
	for _, empty := range []string{"domains", "applications", "servicePrincipals", "groups",
		"identity/conditionalAccess/policies", "users"} {
		f.answer(empty, elements())
	}
	f.answer(securityDefaults, body(`{"id":"0005","displayName":"Security Defaults","isEnabled":false}`))
	return f
}

func (f *fakeTenant) answer(path string, handlers ...http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers["/v1.0/"+path] = handlers
}

func (f *fakeTenant) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/" + testTenant + "/v2.0/.well-known/openid-configuration":
		write(w, 200, `{"issuer":"`+f.URL+`/`+testTenant+`/v2.0","authorization_endpoint":"`+f.URL+`/`+testTenant+
			`/oauth2/v2.0/authorize","token_endpoint":"`+f.URL+`/`+testTenant+`/oauth2/v2.0/token"}`)
		return
	case "/" + testTenant + "/oauth2/v2.0/token":
		f.token(w, r)
		return
	}
	f.mu.Lock()
	f.requests = append(f.requests, r.URL.RequestURI())
	key := r.URL.Path
	if skip := r.URL.Query().Get("$skiptoken"); skip != "" {
		key += "?" + skip
	}
	handlers := f.answers[key]
	if len(handlers) > 1 {
		f.answers[key] = handlers[1:]
	}
	f.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+testToken:
		write(w, 401, `{"error":{"code":"InvalidAuthenticationToken","message":"Access token is empty."}}`)
	case len(handlers) == 0:
		write(w, 404, `{"error":{"code":"Request_ResourceNotFound","message":"not here"}}`)
	default:
		handlers[0](w, r)
	}
}

func (f *fakeTenant) token(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.tokens++
	busy := f.tokens <= f.busy
	f.mu.Unlock()
	if busy {
		write(w, 503, `{}`)
		return
	}
	if r.PostFormValue("client_secret") != testSecret || r.PostFormValue("scope") == "" {
		write(w, 401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: x","error_codes":[7000215]}`)
		return
	}
	write(w, 200, `{"token_type":"Bearer","expires_in":3600,"access_token":"`+testToken+`"}`)
}

func (f *fakeTenant) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

func write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type",
		"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func body(text string) http.HandlerFunc { return status(200, text) }

func status(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { write(w, code, text) }
}

func elements(elements ...string) http.HandlerFunc {
	return body(`{"value":[` + strings.Join(elements, ",") + `]}`)
}

// linked is a page with a link to another one.
func linked(next string, elements ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		link := next
		if !strings.Contains(next, "://") {
			link = "https://" + r.Host + next
		}
		write(w, 200, `{"@odata.nextLink":"`+link+`","value":[`+strings.Join(elements, ",")+`]}`)
	}
}

// configured is a source that talks to the fake and notes waits instead of waiting.
func configured(t *testing.T, f *fakeTenant, more map[string]any) (*source, *waits) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	config := map[string]any{"tenant_id": testTenant, "client_id": testClient, "client_secret": testSecret,
		"graph_endpoint": f.URL, "authority_host": f.URL, "ca_file": file}
	for name, value := range more {
		config[name] = value
	}
	s := New("test").(*source)
	w := &waits{}
	s.settings.sleep = w.sleep
	if problems := s.Configure(t.Context(), config); problems.HasErrors() {
		t.Fatal(problems)
	}
	return s, w
}

type waits struct {
	mu   sync.Mutex
	list []time.Duration
}

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, d)
	return ctx.Err()
}

// collected is a sink that keeps everything.
type collected struct {
	mu    sync.Mutex
	pages []identity.PageEvidence
	items map[string]identity.Item
	gaps  []identity.Gap
	twice []string
}

func (c *collected) Page(_ context.Context, page identity.PageEvidence) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = append(c.pages, page)
	return len(c.pages), nil
}

func (c *collected) Items(_ context.Context, items ...identity.Item) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, item := range items {
		key := string(item.Kind) + "/" + item.ID
		if _, exists := c.items[key]; exists {
			c.twice = append(c.twice, key)
		}
		c.items[key] = item
	}
	return nil
}

func (c *collected) Gap(_ context.Context, gap identity.Gap) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gaps = append(c.gaps, gap)
	return nil
}

func collect(t *testing.T, s *source) (*collected, error) {
	t.Helper()
	c := &collected{items: map[string]identity.Item{}}
	err := s.Collect(t.Context(), c)
	if len(c.twice) > 0 {
		t.Errorf("items sent twice: %v", c.twice)
	}
	return c, err
}

// attributes decodes an item that must be there.
func attributes[T any](t *testing.T, c *collected, key string) T {
	t.Helper()
	var out T
	item, ok := c.items[key]
	if !ok {
		t.Fatalf("no item %s", key)
	}
	if err := item.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// everything is all that left the source, as text.
func (c *collected) everything(err error) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	for _, page := range c.pages {
		out.Write(page.Body)
		out.WriteString(page.Path + page.Query)
	}
	_ = encoder.Encode(c.items)
	_ = encoder.Encode(c.gaps)
	if err != nil {
		out.WriteString(err.Error())
	}
	return out.String()
}

func query(t *testing.T, requestURI string) url.Values {
	t.Helper()
	u, err := url.Parse(requestURI)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
