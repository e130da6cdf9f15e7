package reading_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// serve answers the n-th request (from 1) with the function and returns how a GET of it ends, with the waits asked for.
func serve(t *testing.T, options reading.Options, answer func(n int, w http.ResponseWriter, r *http.Request)) (string,
	error, int, []time.Duration) {
	t.Helper()
	var count atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(int(count.Add(1)), w, r)
	}))
	defer server.Close()
	var waits []time.Duration
	if options.Origin == "" {
		options.Origin = server.URL
	}
	if options.Sleep == nil {
		options.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	}
	client := &http.Client{Transport: reading.Transport(options)}
	response, err := client.Get(server.URL + "/things?page=1")
	body := ""
	if err == nil {
		defer response.Body.Close()
		content, readErr := io.ReadAll(response.Body)
		if readErr != nil {
			t.Fatal(readErr)
		}
		body = string(content)
	}
	return body, err, int(count.Load()), waits
}

func ok(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	fmt.Fprint(w, `[1]`)
}

func TestAGetIsSentAgainAfterATemporaryFault(t *testing.T) {
	faults := map[string]func(w http.ResponseWriter){
		"500":       func(w http.ResponseWriter) { w.WriteHeader(500) },
		"502":       func(w http.ResponseWriter) { w.WriteHeader(502) },
		"503":       func(w http.ResponseWriter) { w.WriteHeader(503) },
		"504":       func(w http.ResponseWriter) { w.WriteHeader(504) },
		"429":       func(w http.ResponseWriter) { w.WriteHeader(429) },
		"closed":    func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"truncated": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "99"); ok(w) },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			body, err, requests, _ := serve(t, reading.Options{}, func(n int, w http.ResponseWriter, _ *http.Request) {
				if n < 3 {
					fault(w)
					return
				}
				ok(w)
			})
			if err != nil || body != "[1]" || requests != 3 {
				t.Fatalf("got %q, %v after %d requests", body, err, requests)
			}
		})
	}
}

func TestItGivesUpAfterFiveTriesWithAFaultThatHidesEOF(t *testing.T) {
	_, err, requests, _ := serve(t, reading.Options{},
		func(int, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	var fault *reading.Fault
	if !errors.As(err, &fault) || fault.Code != contract.ErrorUnreachable || requests != 5 || errors.Is(err, io.EOF) {
		t.Fatalf("got %v after %d requests", err, requests)
	}
	_, err, _, _ = serve(t, reading.Options{}, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) })
	if !errors.As(err, &fault) || fault.Code != contract.ErrorRateLimited || fault.Status != 429 {
		t.Fatalf("got %v", err)
	}
}

// A limit that names no time is waited for by time: five tries are over in a few seconds, and a limit lasts a minute.
func TestALimitWithoutATimeIsWaitedForUntilTheBudgetEnds(t *testing.T) {
	now := time.Now()
	options := reading.Options{Budget: 5 * time.Minute, Now: func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil }}
	began := now
	body, err, requests, _ := serve(t, options, func(_ int, w http.ResponseWriter, _ *http.Request) {
		if now.Sub(began) < 2*time.Minute {
			w.WriteHeader(429)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "[1]")
	})
	if err != nil || body != "[1]" || requests <= reading.DefaultTries {
		t.Errorf("got %q, %v after %d requests", body, err, requests)
	}
	began = now
	_, err, _, _ = serve(t, options, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) })
	var fault *reading.Fault
	if spent := now.Sub(began); !errors.As(err, &fault) || fault.Code != contract.ErrorRateLimited ||
		spent < 4*time.Minute || spent > 5*time.Minute {
		t.Errorf("%v after %s", err, now.Sub(began))
	}
}

func TestAFaultSaysWhatTheServerAskedToWait(t *testing.T) {
	reset := time.Date(2099, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct{ header, value, want string }{
		"longer than is waited for": {"Retry-After", "900", "the server answered 429, and asked to wait 15m0s"},
		"far away": {"X-Rate-Limit-Reset", strconv.FormatInt(reset.Unix(), 10),
			"the server answered 429, and asked to wait until 2099-01-02T03:04:05Z"},
		"no number of this world": {"Retry-After", "1e300", "and asked to wait until"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err, requests, _ := serve(t, reading.Options{}, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set(c.header, c.value)
				w.WriteHeader(429)
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || requests != 1 {
				t.Errorf("%v after %d requests", err, requests)
			}
		})
	}
}

func TestAResetThatIsFarAwayIsToldWhileItIsWaitedFor(t *testing.T) {
	now := time.Date(2026, 11, 28, 6, 0, 0, 0, time.UTC)
	reset := now.Add(48 * time.Hour)
	var reported []reading.Sign
	options := reading.Options{Alive: func(s reading.Sign) { reported = append(reported, s) }, Now: func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil }}
	transport := func(w http.ResponseWriter) {
		w.Header().Set("X-Rate-Limit-Limit", "100")
		w.Header().Set("X-Rate-Limit-Remaining", "0")
		w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(reset.Unix(), 10))
		w.Header()["Date"] = nil
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "[1]")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { transport(w) }))
	defer server.Close()
	options.Origin = server.URL
	client := &http.Client{Transport: reading.Transport(options)}
	for range 2 {
		response, err := client.Get(server.URL + "/list")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if !slices.ContainsFunc(reported, func(s reading.Sign) bool {
		return s.Wait == 10*time.Minute && strings.Contains(s.Reason, "the server gives none before 2026-11-30T06:00:00Z")
	}) {
		t.Errorf("told %+v", reported)
	}
}

func TestItWaitsAsLongAsTheServerAsks(t *testing.T) {
	now := time.Now()
	cases := []struct {
		name, header, value string
		least, most         time.Duration
	}{
		{"seconds", "Retry-After", "2", 2 * time.Second, 2300 * time.Millisecond},
		{"fraction", "Retry-After", "1.5", 1500 * time.Millisecond, 1800 * time.Millisecond},
		{"date", "Retry-After", now.Add(7 * time.Second).UTC().Format(http.TimeFormat), 6 * time.Second, 8 * time.Second},
		{"reset", "X-Rate-Limit-Reset", strconv.FormatInt(now.Add(9*time.Second).Unix(), 10), 7 * time.Second,
			10 * time.Second},
		{"past reset", "X-Rate-Limit-Reset", strconv.FormatInt(now.Add(-time.Hour).Unix(), 10), 0, time.Second},
		{"nonsense", "Retry-After", "soon", 0, time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err, _, waits := serve(t, reading.Options{}, func(n int, w http.ResponseWriter, _ *http.Request) {
				if n == 1 {
					w.Header().Set(c.header, c.value)
					w.WriteHeader(429)
					return
				}
				ok(w)
			})
			if err != nil || len(waits) != 1 || waits[0] < c.least || waits[0] > c.most {
				t.Fatalf("waits %v, %v", waits, err)
			}
		})
	}
}

func TestAWaitBeyondTheBudgetIsNotStarted(t *testing.T) {
	_, err, requests, waits := serve(t, reading.Options{Budget: time.Second},
		func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(429)
		})
	if err == nil || requests != 1 || len(waits) != 0 {
		t.Fatalf("%d requests, waits %v, %v", requests, waits, err)
	}
}

func TestItRefusesWhatIsNoJSONOrTooLarge(t *testing.T) {
	answers := map[string]func(w http.ResponseWriter){
		"html":    func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html"); fmt.Fprint(w, "<html>") },
		"no type": func(w http.ResponseWriter) { w.Header()["Content-Type"] = nil; fmt.Fprint(w, "[1]") },
		"large": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, strings.Repeat(" ", 200))
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			_, err, requests, _ := serve(t, reading.Options{BodyLimit: 100},
				func(_ int, w http.ResponseWriter, _ *http.Request) { answer(w) })
			var fault *reading.Fault
			if !errors.As(err, &fault) || fault.Code != contract.ErrorInvalid || requests != 1 {
				t.Fatalf("%d requests, %v", requests, err)
			}
		})
	}
}

func TestARedirectToAnotherHostIsRefused(t *testing.T) {
	var foreign atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { foreign.Add(1); ok(w) }))
	defer other.Close()
	_, err, _, _ := serve(t, reading.Options{}, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/x", http.StatusFound)
	})
	if err == nil || foreign.Load() != 0 {
		t.Fatalf("foreign host saw %d requests, %v", foreign.Load(), err)
	}
}

func TestItSlowsDownWhenItsShareIsUsed(t *testing.T) {
	now := time.Now()
	options := reading.Options{RateShare: 0.5, Now: func() time.Time { return now }}
	var waited []time.Duration
	options.Sleep = func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		now = now.Add(d)
		return nil
	}
	remaining := "60"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		w.Header().Set("X-Rate-Limit-Limit", "100")
		w.Header().Set("X-Rate-Limit-Remaining", remaining)
		w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(now.Add(30*time.Second).Unix(), 10))
		ok(w)
	}))
	defer server.Close()
	options.Origin = server.URL
	client := &http.Client{Transport: reading.Transport(options)}
	for _, left := range []string{"60", "50", "100"} {
		remaining = left
		response, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if len(waited) != 1 || waited[0] < 28*time.Second || waited[0] > 31*time.Second {
		t.Fatalf("waited %v", waited)
	}
}
