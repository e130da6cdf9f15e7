package keycloak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

const testSecret = "s3cret-of-the-service-account"

// fakeServer hands out tokens and leaves everything else to a handler. It counts the tokens.
func fakeServer(t *testing.T, seconds int, handle http.HandlerFunc) (*client, *atomic.Int64) {
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
	target.client.sleep = func(context.Context, time.Duration) error { return nil }
	return target.client, tokens
}

func TestClient_RepeatsOnlyWhatMeansTheSameTwice(t *testing.T) {
	cases := []struct {
		name   string
		method string
		status int
		want   int64
	}{
		{"a GET is repeated after 503", http.MethodGet, 503, mostTries},
		{"a PUT is repeated after 502", http.MethodPut, 502, mostTries},
		{"a DELETE is repeated after 503", http.MethodDelete, 503, mostTries},
		{"a POST is not repeated after 503", http.MethodPost, 503, 1},
		{"a GET is repeated after 429", http.MethodGet, 429, mostTries},
		{"a POST is not repeated after 429", http.MethodPost, 429, 1},
		{"a 500 is often an answer and gets one more try", http.MethodGet, 500, 2},
		{"a POST is not repeated after 500", http.MethodPost, 500, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			asked := &atomic.Int64{}
			client, _ := fakeServer(t, 300, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.WriteHeader(c.status)
			})
			_, err := client.do(t.Context(), call{method: c.method, path: client.admin("groups")}, nil)
			if err == nil || asked.Load() != c.want {
				t.Errorf("asked %d times, want %d; error %v", asked.Load(), c.want, err)
			}
		})
	}
}

func TestClient_RepeatsAGetWhoseConnectionBroke(t *testing.T) {
	asked := &atomic.Int64{}
	client, _ := fakeServer(t, 300, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, `{"realm":"acme"}`)
	})
	var got map[string]any
	if err := client.get(t.Context(), client.admin(), nil, &got); err != nil || got["realm"] != "acme" {
		t.Errorf("got %v, error %v", got, err)
	}
}

func TestClient_RenewsItsToken(t *testing.T) {
	t.Run("before it ends", func(t *testing.T) {
		client, tokens := fakeServer(t, 300, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) })
		now := time.Now()
		client.now = func() time.Time { return now }
		for _, later := range []time.Duration{0, 279 * time.Second, 281 * time.Second} {
			client.now = func() time.Time { return now.Add(later) }
			if err := client.get(t.Context(), client.admin(), nil, &map[string]any{}); err != nil {
				t.Fatal(err)
			}
		}
		if tokens.Load() != 2 {
			t.Errorf("fetched %d tokens, want 2", tokens.Load())
		}
	})
	t.Run("once after 401", func(t *testing.T) {
		client, tokens := fakeServer(t, 300, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer token-1" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fmt.Fprint(w, `{}`)
		})
		if err := client.get(t.Context(), client.admin(), nil, &map[string]any{}); err != nil || tokens.Load() != 2 {
			t.Errorf("fetched %d tokens, error %v", tokens.Load(), err)
		}
	})
	t.Run("and gives up after the second 401", func(t *testing.T) {
		client, tokens := fakeServer(t, 300, func(w http.ResponseWriter,
			_ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		})
		err := client.get(t.Context(), client.admin(), nil, &map[string]any{})
		if codeOf(err) != contract.ErrorUnauthorized || tokens.Load() != 2 {
			t.Errorf("fetched %d tokens, error %v", tokens.Load(), err)
		}
	})
}

func codeOf(err error) contract.ErrorCode {
	var fault *contract.ProviderError
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
}

func TestClient_NeverFollowsARedirect(t *testing.T) {
	stolen := &atomic.Int64{}
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer other.Close()
	client, _ := fakeServer(t, 300, func(w http.ResponseWriter,
		r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	if err := client.get(t.Context(), client.admin(), nil, &map[string]any{}); err == nil || stolen.Load() != 0 {
		t.Errorf("the other host was asked %d times, error %v", stolen.Load(), err)
	}
}

func TestClient_SaysWhatIsWrong(t *testing.T) {
	cases := []struct {
		name, method, path string
		status             int
		body               string
		code               contract.ErrorCode
		says               string
		permission         string
	}{
		{"errorMessage comes first", "POST", "groups", 409, `{"errorMessage":"taken","error":"x"}`, contract.ErrorConflict,
			"taken", ""},
		{"with its field", "POST", "users", 400,
			`{"field":"username","errorMessage":"error-invalid-length","params":["username",3,255]}`, contract.ErrorInvalid,
			"username: error-invalid-length [username 3 255]", ""},
		{"several errors", "POST", "users", 400, `{"errors":[{"field":"a","errorMessage":"x"},{"errorMessage":"y"}]}`,
			contract.ErrorInvalid, "a: x [], y", ""},
		{"error_description before error", "POST", "clients", 400,
			`{"error":"invalid_input","error_description":"illegal scheme"}`, contract.ErrorInvalid, "illegal scheme", ""},
		{"error alone", "GET", "", 404, `{"error":"Realm not found."}`, contract.ErrorNotFound, "Realm not found.", ""},
		{"no JSON at all", "GET", "clients", 500, `<html>`, contract.ErrorInternal, "no explanation", ""},
		{"forbidden to read groups", "GET", "groups", 403, `{"error":"HTTP 403 Forbidden"}`, contract.ErrorForbidden,
			"query-groups", "query-groups and view-users"},
		{"forbidden to write clients", "PUT", "clients", 403, `{}`, contract.ErrorForbidden, "manage-clients",
			"manage-clients"},
		{"forbidden to export", "POST", "partial-export", 403, `{}`, contract.ErrorForbidden, "manage-realm", "manage-realm"},
		{"a secret in the answer", "GET", "clients", 400, `{"error":"` + testSecret + `"}`, contract.ErrorInvalid,
			"(redacted)", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client, _ := fakeServer(t, 300, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			path := client.admin()
			if c.path != "" {
				path = client.admin(c.path)
			}
			_, err := client.do(t.Context(), call{method: c.method, path: path}, nil)
			var fault *contract.ProviderError
			if !errors.As(outward("trying", err), &fault) {
				t.Fatalf("got %v", err)
			}
			if fault.Code != c.code || !strings.Contains(fault.Message, c.says) || fault.Permission != c.permission {
				t.Errorf("got code %s, permission %q, message %q", fault.Code, fault.Permission, fault.Message)
			}
			if strings.Contains(fault.Message, testSecret) {
				t.Errorf("the message holds the secret: %s", fault.Message)
			}
		})
	}
}

func TestClient_WrongSecretIsUnauthorizedWithoutTheSecret(t *testing.T) {
	client, _ := fakeServer(t, 300, func(http.ResponseWriter, *http.Request) {})
	client.secret = "wrong-but-still-secret"
	err := client.get(t.Context(), client.admin(), nil, &map[string]any{})
	if codeOf(err) != contract.ErrorUnauthorized || strings.Contains(err.Error(), client.secret) {
		t.Errorf("got %v", err)
	}
}

func TestClient_AServerThatIsGoneIsUnreachable(t *testing.T) {
	client, _ := fakeServer(t, 300, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.get(ctx, client.admin(), nil, &map[string]any{}); codeOf(err) != contract.ErrorUnreachable {
		t.Errorf("got %v", err)
	}
}

func TestClient_EscapesWhatIsInAPath(t *testing.T) {
	var got string
	client, _ := fakeServer(t, 300, func(w http.ResponseWriter,
		r *http.Request) {
		got = r.URL.EscapedPath()
		fmt.Fprint(w, `{}`)
	})
	if err := client.get(t.Context(), client.admin("clients", "1", "roles", "a/b c?"), nil,
		&map[string]any{}); err != nil {
		t.Fatal(err)
	}
	if want := "/admin/realms/acme/clients/1/roles/a%2Fb%20c%3F"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
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
	target := &Target{client: client}
	step := create("group", "/staff", identity.Attributes{"path": "/staff", "name": "staff"})
	result, err := target.Apply(t.Context(), step)
	if err != nil || posts.Load() != 1 || result.Already || result.ServerID != "g1" {
		t.Errorf("got %+v after %d requests to create, error %v", result, posts.Load(), err)
	}
}

func FuzzExplain(f *testing.F) {
	for _, seed := range []string{`{}`, `{"errorMessage":"a"}`, `{"errors":[{"errors":[]}]}`, `null`, `[`,
		`{"error":"\u202e\n"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := explain(body)
		if text == "" || strings.ContainsAny(text, "\n\r\x1b") {
			t.Errorf("explained as %q", text)
		}
	})
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
			_, err := client.writeMarker(t.Context(), contract.Marker{Migration: "acme", Lease: contract.Lease{ID: "r-1"}}, "")
			if foreign != (err != nil) {
				t.Errorf("taken %s: %v", name, err)
			}
		})
	}
}
