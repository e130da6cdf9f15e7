package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
	"github.com/rehome-iam/rehome/engine/identity"
)

// fakeServer is what the fake target writes to: resources of three kinds in memory. A client gets a secret when it is
// made.
type fakeServer struct {
	mutex     sync.Mutex
	resources map[string]fakeResource // by path
	marker    fakeMarker
	made      map[string]int // path → how often it was made
	changes   int
}

// newFakeServer has a team that the plan changes and one that it maps.
func newFakeServer() *fakeServer {
	s := &fakeServer{resources: map[string]fakeResource{}, made: map[string]int{}}
	for _, name := range []string{"sales", "guests"} {
		s.resources["/resources/team/"+name] = fakeResource{Type: "team", Key: name, ID: "id-" + name,
			Attributes: identity.Attributes{"name": name, "purpose": "as the portal has it"}}
	}
	return s
}

// copy is another server with the same content.
func (s *fakeServer) copy() *fakeServer {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return &fakeServer{resources: maps.Clone(s.resources), marker: s.marker, made: map[string]int{}, changes: s.changes}
}

func (s *fakeServer) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	status, answer := s.answer(r)
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(status)
	_ = json.NewEncoder(out).Encode(answer) // a peer that has gone is what the test wants
}

func (s *fakeServer) answer(r *http.Request) (int, any) {
	path := r.URL.Path
	switch {
	case path == "/marker" && r.Method == http.MethodPut:
		return s.writeMarker(r)
	case path == "/marker":
		return http.StatusOK, s.marker
	case path == "/resources":
		all := []fakeResource{}
		for _, path := range slices.Sorted(maps.Keys(s.resources)) {
			one := s.resources[path]
			one.Secret = ""
			all = append(all, one)
		}
		return http.StatusOK, all
	}
	live, exists := s.resources[path]
	if r.Method == http.MethodGet && exists {
		return http.StatusOK, live
	}
	if exists != (r.Method != http.MethodPost) {
		return map[bool]int{true: http.StatusConflict, false: http.StatusNotFound}[exists], nil
	}
	return s.write(r, path, live)
}

func (s *fakeServer) write(r *http.Request, path string, live fakeResource) (int, any) {
	var wanted fakeResource
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return http.StatusBadRequest, nil
	}
	s.changes++
	switch r.Method {
	case http.MethodDelete:
		delete(s.resources, path)
		return http.StatusOK, live
	case http.MethodPost:
		kind, key, _ := strings.Cut(strings.TrimPrefix(path, "/resources/"), "/")
		live = fakeResource{Type: kind, Key: key, ID: fmt.Sprint("id-", s.changes)}
		if kind == "client" {
			live.Secret = fmt.Sprint("fake-secret-", s.changes)
		}
		s.made[path]++
	}
	live.Tag, live.Attributes = wanted.Tag, wanted.Attributes
	if wanted.Secret != "" {
		live.Secret = wanted.Secret
	}
	s.resources[path] = live
	return http.StatusOK, live
}

func (s *fakeServer) writeMarker(r *http.Request) (int, any) {
	var wanted fakeMarker
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return http.StatusBadRequest, nil
	}
	if r.Header.Get("If-Match") != s.marker.Revision {
		return http.StatusPreconditionFailed, nil
	}
	s.changes++
	s.marker = fakeMarker{Marker: wanted.Marker, Revision: fmt.Sprint(s.changes)}
	return http.StatusOK, s.marker
}

// end is what is there, without ids, secrets and marker.
func (s *fakeServer) end() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	all := map[string]any{}
	for path, r := range s.resources {
		r.ID = ""
		if r.Secret != "" {
			r.Secret = "(made)"
		}
		all[path] = r
	}
	return string(encoded(all))
}

// secrets maps type:key to the secret.
func (s *fakeServer) secrets() map[string]string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found := map[string]string{}
	for _, r := range s.resources {
		if r.Secret != "" {
			found[r.Type+":"+r.Key] = r.Secret
		}
	}
	return found
}

// fakeSpoiler spoils the first request of a kind of step and, when it lasts, everything after it.
type fakeSpoiler struct {
	mutex sync.Mutex
	spoil labfault.Spoil
	kind  string
	lasts bool
	hit   int
}

// arm begins to spoil.
func (s *fakeSpoiler) arm(spoil labfault.Spoil, kind string, lasts bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.spoil, s.kind, s.lasts, s.hit = spoil, kind, lasts, 0
}

func (s *fakeSpoiler) hits() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.hit
}

// fakeKind is the kind of step that a request belongs to. A mapping writes nothing: it rests on what was read.
func fakeKind(method, path string) string {
	switch {
	case method == http.MethodPut && path == "/marker":
		return "marker"
	case path == "/marker":
		return "reading the marker"
	case method == http.MethodGet && path == "/resources":
		return "map"
	case method == http.MethodGet:
		return "precondition"
	}
	return map[string]string{http.MethodPost: "create", http.MethodPut: "update", http.MethodDelete: "delete"}[method]
}

func (s *fakeSpoiler) choose(r *http.Request, _ []byte) labfault.Spoil {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	begins := s.hit == 0 && s.kind == fakeKind(r.Method, r.URL.Path)
	if s.spoil == (labfault.Spoil{}) || !begins && (s.hit == 0 || !s.lasts) {
		return labfault.Spoil{}
	}
	s.hit++
	return s.spoil
}

// start serves it on loopback behind a proxy that spoils, for the plugin that runs in folder.
func (s *fakeServer) start(t *testing.T, folder string) *fakeSpoiler {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	spoil := &fakeSpoiler{}
	front := httptest.NewServer(labfault.Proxy(base, spoil.choose))
	t.Cleanup(front.Close)
	if err := os.WriteFile(filepath.Join(folder, fakeAddress), []byte(front.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	return spoil
}
