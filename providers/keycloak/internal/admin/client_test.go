package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
)

const accountSecret = "s3cret-of-the-service-account"

// testClient speaks to a server that hands out tokens and leaves everything else to a handler. It counts the tokens.
func testClient(t *testing.T, seconds int, handle http.HandlerFunc) (*Client, *atomic.Int64) {
	t.Helper()
	tokens := &atomic.Int64{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /realms/acme/protocol/openid-connect/token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_secret") != accountSecret || r.FormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":%d}`, tokens.Add(1), seconds)
	})
	mux.HandleFunc("/", handle)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := New(Settings{Base: base, RealmName: "acme", ID: "rehome", Secret: accountSecret, Requests: 4,
		Timeout: 120 * time.Second})
	c.Sleep = func(context.Context, time.Duration) error { return nil }
	return c, tokens
}

func codeIn(err error) contract.ErrorCode {
	var fault *contract.ProviderError
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
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
		{"a POST is not repeated after 429", http.MethodPost, 429, 1},
		{"a 500 is often an answer and gets one more try", http.MethodGet, 500, 2},
		{"a POST is not repeated after 500", http.MethodPost, 500, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			asked := &atomic.Int64{}
			client, _ := testClient(t, 300, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.WriteHeader(c.status)
			})
			_, err := client.Do(t.Context(), Call{Method: c.method, Path: client.Admin("groups")}, nil)
			if err == nil || asked.Load() != c.want {
				t.Errorf("asked %d times, want %d; error %v", asked.Load(), c.want, err)
			}
		})
	}
}

func TestClient_WaitsForALimitByTimeAndSaysWhatWasAsked(t *testing.T) {
	asked, wait := &atomic.Int64{}, ""
	client, _ := testClient(t, 300, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if wait != "" {
			w.Header().Set("Retry-After", wait)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	})
	var slept time.Duration
	client.Sleep = func(_ context.Context, d time.Duration) error { slept += d; return nil }
	err := client.Get(t.Context(), client.Admin("groups"), nil, nil)
	if codeIn(err) != contract.ErrorRateLimited || asked.Load() <= mostTries || slept < 4*time.Minute || slept > requestLimit {
		t.Errorf("%v after %d requests and %s", err, asked.Load(), slept)
	}
	wait, slept = "1200", 0
	err = client.Get(t.Context(), client.Admin("groups"), nil, nil)
	if err == nil || !strings.Contains(err.Error(), "and asked to wait 20m0s") || slept != 0 {
		t.Errorf("%v after %s", err, slept)
	}
}

func TestClient_RepeatsAGetWhoseConnectionBroke(t *testing.T) {
	asked := &atomic.Int64{}
	client, _ := testClient(t, 300, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, `{"realm":"acme"}`)
	})
	var got map[string]any
	if err := client.Get(t.Context(), client.Admin(), nil, &got); err != nil || got["realm"] != "acme" {
		t.Errorf("got %v, error %v", got, err)
	}
}

func TestClient_RenewsItsToken(t *testing.T) {
	t.Run("before it ends", func(t *testing.T) {
		client, tokens := testClient(t, 300, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) })
		now := time.Now()
		client.Now = func() time.Time { return now }
		for _, later := range []time.Duration{0, 279 * time.Second, 281 * time.Second} {
			client.Now = func() time.Time { return now.Add(later) }
			if err := client.Get(t.Context(), client.Admin(), nil, &map[string]any{}); err != nil {
				t.Fatal(err)
			}
		}
		if tokens.Load() != 2 {
			t.Errorf("fetched %d tokens, want 2", tokens.Load())
		}
	})
	t.Run("once after 401", func(t *testing.T) {
		client, tokens := testClient(t, 300, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer token-1" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fmt.Fprint(w, `{}`)
		})
		if err := client.Get(t.Context(), client.Admin(), nil, &map[string]any{}); err != nil || tokens.Load() != 2 {
			t.Errorf("fetched %d tokens, error %v", tokens.Load(), err)
		}
	})
	t.Run("and gives up after the second 401", func(t *testing.T) {
		client, tokens := testClient(t, 300, func(w http.ResponseWriter,
			_ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		})
		err := client.Get(t.Context(), client.Admin(), nil, &map[string]any{})
		if codeIn(err) != contract.ErrorUnauthorized || tokens.Load() != 2 {
			t.Errorf("fetched %d tokens, error %v", tokens.Load(), err)
		}
	})
}

func TestClient_NeverFollowsARedirect(t *testing.T) {
	stolen := &atomic.Int64{}
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer other.Close()
	client, _ := testClient(t, 300, func(w http.ResponseWriter,
		r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	if err := client.Get(t.Context(), client.Admin(), nil, &map[string]any{}); err == nil || stolen.Load() != 0 {
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
		{"a secret in the answer", "GET", "clients", 400, `{"error":"` + accountSecret + `"}`, contract.ErrorInvalid,
			"(redacted)", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client, _ := testClient(t, 300, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			path := client.Admin()
			if c.path != "" {
				path = client.Admin(c.path)
			}
			_, err := client.Do(t.Context(), Call{Method: c.method, Path: path}, nil)
			var fault *contract.ProviderError
			if !errors.As(Outward("trying", err), &fault) {
				t.Fatalf("got %v", err)
			}
			if fault.Code != c.code || !strings.Contains(fault.Message, c.says) || fault.Permission != c.permission {
				t.Errorf("got code %s, permission %q, message %q", fault.Code, fault.Permission, fault.Message)
			}
			if strings.Contains(fault.Message, accountSecret) {
				t.Errorf("the message holds the secret: %s", fault.Message)
			}
		})
	}
}

func TestClient_WrongSecretIsUnauthorizedWithoutTheSecret(t *testing.T) {
	client, _ := testClient(t, 300, func(http.ResponseWriter, *http.Request) {})
	client.secret = "wrong-but-still-secret"
	err := client.Get(t.Context(), client.Admin(), nil, &map[string]any{})
	if codeIn(err) != contract.ErrorUnauthorized || strings.Contains(err.Error(), client.secret) {
		t.Errorf("got %v", err)
	}
}

func TestClient_AServerThatIsGoneIsUnreachable(t *testing.T) {
	client, _ := testClient(t, 300, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Get(ctx, client.Admin(), nil, &map[string]any{}); codeIn(err) != contract.ErrorUnreachable {
		t.Errorf("got %v", err)
	}
}

func TestClient_EscapesWhatIsInAPath(t *testing.T) {
	var got string
	client, _ := testClient(t, 300, func(w http.ResponseWriter,
		r *http.Request) {
		got = r.URL.EscapedPath()
		fmt.Fprint(w, `{}`)
	})
	if err := client.Get(t.Context(), client.Admin("clients", "1", "roles", "a/b c?"), nil,
		&map[string]any{}); err != nil {
		t.Fatal(err)
	}
	if want := "/admin/realms/acme/clients/1/roles/a%2Fb%20c%3F"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func FuzzExplain(f *testing.F) {
	for _, seed := range []string{`{}`, `{"errorMessage":"a"}`, `{"errors":[{"errors":[]}]}`, `null`, `[`,
		`{"error":"\u202e\n"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := Explain(body)
		if text == "" || strings.ContainsAny(text, "\n\r\x1b") {
			t.Errorf("explained as %q", text)
		}
	})
}
