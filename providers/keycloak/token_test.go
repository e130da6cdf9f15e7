package keycloak

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// signingIn is a server that makes one group, and whose tokens end and are not given out any more when it is told so.
type signingIn struct {
	mutex  sync.Mutex
	fail   func(http.ResponseWriter) // of the token endpoint; nil works
	method string                    // whose first request ends the tokens
	after  bool                      // once the request is done, else before it
	failed bool
	tokens int
	posts  int
	stored map[string]any
}

func (s *signingIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if r.URL.Path == "/realms/acme/protocol/openid-connect/token" {
		if s.failed && s.fail != nil {
			s.fail(w)
			return
		}
		s.tokens++
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":300}`, s.tokens)
		return
	}
	ends := r.Method == s.method && !s.failed && s.fail != nil
	if ends && !s.after {
		s.failed = true
	}
	if s.failed && s.fail != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.failed = s.failed || ends
	if r.Method == http.MethodPost {
		s.posts++
		_ = json.NewDecoder(r.Body).Decode(&s.stored)
		s.stored["id"] = "g1"
		w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"/g1")
		w.WriteHeader(http.StatusCreated)
		return
	}
	rows := []any{}
	if s.stored != nil {
		rows = append(rows, s.stored)
	}
	_ = json.NewEncoder(w).Encode(rows)
}

// TestApply_ATokenEndpointThatFailsInTheMidst: the step says so, and the next one finds what it has done.
func TestApply_ATokenEndpointThatFailsInTheMidst(t *testing.T) {
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code) }
	}
	for name, c := range map[string]struct {
		fail func(http.ResponseWriter)
		want contract.ErrorCode
	}{
		"503":           {status(http.StatusServiceUnavailable), contract.ErrorUnreachable},
		"a reset":       {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, contract.ErrorUnreachable},
		"401":           {status(http.StatusUnauthorized), contract.ErrorUnauthorized},
		"a broken body": {func(w http.ResponseWriter) { fmt.Fprint(w, `{"access_`) }, contract.ErrorInvalid},
	} {
		for when, s := range map[string]*signingIn{
			"before what it asks":   {method: http.MethodGet},
			"before what it writes": {method: http.MethodPost},
			"after what it writes":  {method: http.MethodPost, after: true},
		} {
			t.Run(name+" "+when, func(t *testing.T) {
				s.fail = c.fail
				server := httptest.NewServer(s)
				defer server.Close()
				target := New("test")
				if err := target.Configure(t.Context(), map[string]any{"url": server.URL, "realm": "acme", "client_id": "rehome",
					"client_secret": testSecret}).Err(); err != nil {
					t.Fatal(err)
				}
				target.client.Sleep = func(context.Context, time.Duration) error { return nil }
				step := create("group", "/staff", identity.Attributes{"path": "/staff", "name": "staff"})
				step.Begun = s.method == http.MethodGet // one that was begun asks first what is there
				_, err := target.Apply(t.Context(), step)
				wrote := s.posts
				if wrote == 0 && codeOf(err) != c.want {
					t.Errorf("error %v, wanted the code %s", err, c.want)
				}
				s.mutex.Lock()
				s.fail = nil
				s.mutex.Unlock()
				step.Begun = true
				again, err := target.Apply(t.Context(), step)
				if err != nil || again.Already != (wrote == 1) || s.posts != 1 || again.ServerID != "g1" {
					t.Errorf("then %+v after %d requests to create, error %v", again, s.posts, err)
				}
			})
		}
	}
}
