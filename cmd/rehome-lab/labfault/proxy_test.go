package labfault_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
)

func TestProxySpoilsBeforeOrAfterTheEffect(t *testing.T) {
	cases := []struct {
		name   string
		spoil  labfault.Spoil
		status int // 0 for no whole answer
		done   int64
	}{
		{"nothing", labfault.Spoil{}, 201, 1},
		{"503 before", labfault.Spoil{Status: 503}, 503, 0},
		{"503 after", labfault.Spoil{Status: 503, After: true}, 503, 1},
		{"reset before", labfault.Spoil{Reset: true}, 0, 0},
		{"lost answer", labfault.Spoil{Reset: true, After: true}, 0, 1},
		{"hang", labfault.Spoil{Hang: true}, 0, 0},
		{"cut after", labfault.Spoil{Cut: true, After: true}, 0, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			done := &atomic.Int64{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				done.Add(1)
				w.WriteHeader(http.StatusCreated)
				_, _ = io.Copy(w, r.Body)
			}))
			defer server.Close()
			base, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			front := httptest.NewServer(labfault.Proxy(base, func(*http.Request, []byte) labfault.Spoil { return c.spoil }))
			defer front.Close()
			client := &http.Client{Timeout: 300 * time.Millisecond}
			status := 0
			if response, err := client.Post(front.URL+"/x?y=1", "text/plain",
				strings.NewReader("a body of some length")); err == nil {
				if _, err = io.ReadAll(response.Body); err == nil {
					status = response.StatusCode
				}
				_ = response.Body.Close()
			}
			if status != c.status || done.Load() != c.done {
				t.Errorf("status %d, done %d times; wanted %d, %d", status, done.Load(), c.status, c.done)
			}
		})
	}
}
