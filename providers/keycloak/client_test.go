package keycloak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/observing"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/writing"
)

const testSecret = "s3cret-of-the-service-account"

// fakeServer hands out tokens and leaves everything else to a handler. It counts the tokens.
func fakeServer(t *testing.T, seconds int, handle http.HandlerFunc) (*current.Realm, *atomic.Int64) {
	t.Helper()
	tokens := &atomic.Int64{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /realms/acme/protocol/openid-connect/token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_secret") != testSecret || r.FormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":%d}`, tokens.Add(1), seconds)
	})
	mux.HandleFunc("/", handle)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	target := New("test")
	problems := target.Configure(t.Context(), map[string]any{"url": server.URL, "realm": "acme", "client_id": "rehome",
		"client_secret": testSecret})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	target.client.Sleep = func(context.Context, time.Duration) error { return nil }
	return target.client, tokens
}

func codeOf(err error) contract.ErrorCode {
	var fault *contract.ProviderError
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
}

func TestConfigure_RefusesWhatCannotWork(t *testing.T) {
	good := func() map[string]any {
		return map[string]any{"url": "https://id.example.test", "realm": "acme", "client_id": "rehome", "client_secret": "x"}
	}
	cases := []struct {
		name, argument string
		value          any
	}{
		{"no address", "url", ""}, {"http to another machine", "url", "http://id.example.test"},
		{"a password in the address", "url", "https://a:b@id.example.test"},
		{"another scheme", "url", "ftp://id.example.test"}, {"a query", "url", "https://id.example.test?x=1"},
		{"no realm", "realm", ""},
		{"a path as realm", "realm", "a/b"}, {"no client", "client_id", nil}, {"no secret", "client_secret", ""},
		{"too many requests", "concurrency", float64(9)}, {"half a request", "concurrency", 1.5},
		{"a missing file", "ca_file", "/does/not/exist"},
		{"a public address that is none", "public_url", "id"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			config := good()
			config[c.argument] = c.value
			problems := New("test").Configure(t.Context(), config)
			if len(problems) != 1 || problems[0].Address != c.argument {
				t.Errorf("got %v", problems)
			}
		})
	}
	config := good()
	config["url"] = "http://127.0.0.1:8080/auth/"
	target := New("test")
	if problems := target.Configure(t.Context(), config); len(problems) != 0 ||
		target.issuer() != "http://127.0.0.1:8080/auth/realms/acme" {
		t.Errorf("a loopback address gave %v and issuer %s", problems, target.issuer())
	}
}

func TestApply_ACreateWhoseAnswerWasLostIsNotSentTwice(t *testing.T) {
	posts := &atomic.Int64{}
	var stored map[string]any
	client, _ := fakeServer(t, 300, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
			if err := json.NewDecoder(r.Body).Decode(&stored); err != nil {
				t.Error(err)
			}
			stored["id"] = "g1"
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		rows := []any{}
		if stored != nil {
			rows = append(rows, stored)
		}
		if err := json.NewEncoder(w).Encode(rows); err != nil {
			t.Error(err)
		}
	})
	target := &Target{client: client, Observer: observing.Observer{Live: client}}
	step := create("group", "/staff", identity.Attributes{"path": "/staff", "name": "staff"})
	result, err := target.Apply(t.Context(), step)
	if err != nil || posts.Load() != 1 || result.Already || result.ServerID != "g1" {
		t.Errorf("got %+v after %d requests to create, error %v", result, posts.Load(), err)
	}
}

// TestWriteMarker_ATryThatWasDoneAndRefusedIsOurs: of a marker that is made twice the second try finds it taken, by the
// first.
func TestWriteMarker_ATryThatWasDoneAndRefusedIsOurs(t *testing.T) {
	for name, foreign := range map[string]bool{"by the first try": false, "by somebody else": true} {
		t.Run(name, func(t *testing.T) {
			var made map[string]any
			tries := 0
			client, _ := fakeServer(t, 300, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodGet && made == nil:
					fmt.Fprint(w, `[]`)
				case r.Method == http.MethodGet:
					_ = json.NewEncoder(w).Encode([]any{made})
				case tries == 0:
					tries++
					_ = json.NewDecoder(r.Body).Decode(&made)
					if attributes, ok := made["attributes"].(map[string]any); ok && foreign {
						for key := range attributes {
							attributes[key] = "{}"
						}
					}
					w.WriteHeader(http.StatusTooManyRequests)
				default:
					w.WriteHeader(http.StatusConflict)
				}
			})
			_, err := writing.WriteMarker(t.Context(), client, contract.Marker{Migration: "acme", Lease: contract.Lease{ID: "r-1"}}, "")
			if foreign != (err != nil) {
				t.Errorf("taken %s: %v", name, err)
			}
		})
	}
}
