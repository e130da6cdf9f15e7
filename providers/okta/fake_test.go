package okta_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/okta"
	"github.com/rehome-iam/rehome/providers/sdk"
)

const plantedToken = "00PLANTED-token-value"

// fakeOrg answers by path with query; what it does not know is an empty list.
type fakeOrg struct {
	*httptest.Server
	mu       sync.Mutex
	bodies   map[string]string
	next     map[string]string // location to the Link of its next page
	faults   map[string]http.HandlerFunc
	seen     map[string]int
	requests int
}

func newOrg(t testing.TB) *fakeOrg {
	t.Helper()
	org := &fakeOrg{bodies: map[string]string{"/api/v1/domains": `{"domains":[]}`}, next: map[string]string{},
		faults: map[string]http.HandlerFunc{}, seen: map[string]int{}}
	org.Server = httptest.NewTLSServer(org)
	t.Cleanup(org.Close)
	return org
}

func (o *fakeOrg) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	location := r.URL.RequestURI()
	o.requests++
	o.seen[location]++
	if r.Header.Get("Authorization") != "SSWS "+plantedToken || r.Method != http.MethodGet {
		refuse(401, "E0000011", "Invalid token provided")(w, r)
		return
	}
	if fault, found := o.faults[location]; found {
		fault(w, r)
		return
	}
	body, found := o.bodies[location]
	if !found {
		body = "[]"
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Add("Link", fmt.Sprintf(`<%s%s>; rel="self"`, o.URL, location))
	if next := o.next[location]; next != "" {
		w.Header().Add("Link", next)
	}
	fmt.Fprint(w, body)
}

func refuse(status int, code, summary string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"errorCode":%q,"errorSummary":%q,"errorCauses":[]}`, code, summary)
	}
}

func (o *fakeOrg) caFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.Certificate().Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (o *fakeOrg) source(t testing.TB) sdk.Source {
	t.Helper()
	source := okta.New("0.0.1")
	if list := source.Configure(t.Context(), map[string]any{"org_url": o.URL, "api_token": plantedToken,
		"ca_file": o.caFile(t), "rate_share": 1.0}); list.HasErrors() {
		t.Fatal(list)
	}
	return source
}

// memory is a sink that keeps all.
type memory struct {
	mu    sync.Mutex
	pages []identity.PageEvidence
	items []identity.Item
	gaps  []identity.Gap
}

func (m *memory) Page(_ context.Context, page identity.PageEvidence) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pages = append(m.pages, page)
	return len(m.pages), nil
}

func (m *memory) Items(_ context.Context, items ...identity.Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = append(m.items, items...)
	return nil
}

func (m *memory) Gap(_ context.Context, gap identity.Gap) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gaps = append(m.gaps, gap)
	return nil
}

// ids lists kind/id of all items, sorted.
func (m *memory) ids() []string {
	var ids []string
	for _, item := range m.items {
		ids = append(ids, string(item.Kind)+"/"+item.ID)
	}
	sort.Strings(ids)
	return ids
}

func (m *memory) item(t *testing.T, kind identity.Kind, id string) identity.Item {
	t.Helper()
	for _, item := range m.items {
		if item.Kind == kind && item.ID == id {
			return item
		}
	}
	t.Fatalf("no item %s/%s among %s", kind, id, strings.Join(m.ids(), " "))
	return identity.Item{}
}

func decode[T any](t *testing.T, item identity.Item) T {
	t.Helper()
	var out T
	if err := item.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}
