package admintest

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// Server answers for the realm acme.
type Server struct {
	URL string
	Now time.Time

	mutex   sync.Mutex
	answers map[string]string
	claims  string
	asked   []string
}

// New starts a server that is closed with the test. Paths are those below the admin address of the realm, such as
// "clients", or public ones that begin with a slash. An answer that is a number, such as 403, is a status without a
// body.
func New(t testing.TB, answers map[string]string) *Server {
	t.Helper()
	s := &Server{answers: answers, Now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), claims: "{}"}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Claims are those of the tokens that it hands out.
func (s *Server) Claims(json string) { s.claims = json }

// Client speaks to the server, as the service account rehome.
func (s *Server) Client(t testing.TB) *admin.Client {
	t.Helper()
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := admin.New(admin.Settings{Base: base, RealmName: "acme", ID: "rehome", Secret: "planted-secret", Requests: 2,
		Timeout: time.Minute})
	c.Now = func() time.Time { return s.Now }
	c.Sleep = func(context.Context, time.Duration) error { return nil }
	return c
}

// Asked lists the paths that were asked for, with their queries, sorted.
func (s *Server) Asked() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Sorted(slices.Values(s.asked))
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/realms/acme/protocol/openid-connect/token" {
		claims := base64.RawURLEncoding.EncodeToString([]byte(s.claims))
		fmt.Fprintf(w, `{"access_token":"e30.%s.c2ln","expires_in":300}`, claims)
		return
	}
	path := r.URL.Path
	if below, admin := strings.CutPrefix(path, "/admin/realms/acme/"); admin {
		path = below
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	asked := path
	if r.URL.RawQuery != "" {
		asked += "?" + r.URL.RawQuery
	}
	s.asked = append(s.asked, asked)
	answer, known := s.answers[asked]
	if !known {
		answer, known = s.answers[path]
	}
	status, err := strconv.Atoi(answer)
	switch {
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !known:
		w.WriteHeader(http.StatusNotFound)
	case err == nil && status >= 300:
		w.WriteHeader(status)
	default:
		fmt.Fprint(w, strings.ReplaceAll(answer, "SERVER", s.URL))
	}
}
