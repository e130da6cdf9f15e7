package reading_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// sender answers at once and counts how many requests are under way. The limit of the bucket slow is used up after the
// first.
type sender struct{ now, most atomic.Int64 }

func (s *sender) RoundTrip(request *http.Request) (*http.Response, error) {
	now := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	time.Sleep(time.Millisecond)
	header := http.Header{"Content-Type": {"application/json"}}
	if strings.HasPrefix(request.URL.Path, "/slow") {
		header.Set("X-Rate-Limit-Limit", "1")
		header.Set("X-Rate-Limit-Remaining", "0")
		header.Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10))
	}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader("[]")),
		Request: request}, nil
}

func TestTransport_ARequestThatWaitsForItsLimitHoldsNoPlace(t *testing.T) {
	sent := &sender{}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	waiting := make(chan struct{}, 16)
	client := &http.Client{Transport: reading.Transport(reading.Options{Origin: "https://id.example.test", Base: sent,
		Places: 2,
		Bucket: func(r *http.Request) string { return strings.SplitN(r.URL.Path, "/", 3)[1] },
		Sleep: func(ctx context.Context, _ time.Duration) error {
			waiting <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}})}
	get := func(ctx context.Context, path string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://id.example.test"+path, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		return err
	}
	if err := get(ctx, "/slow/first"); err != nil {
		t.Fatal(err)
	}
	held, release := context.WithCancel(ctx)
	ended := make(chan error, 4)
	for range cap(ended) {
		go func() { ended <- get(held, "/slow/more") }()
	}
	for range cap(ended) {
		<-waiting
	}
	// All four wait for their bucket, twice as many as there are places. Another bucket is served all the same.
	done := make(chan error, 8)
	for range cap(done) {
		go func() { done <- get(ctx, "/quick/list") }()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Fatalf("a request of another bucket was kept from being sent: %v", err)
		}
	}
	release()
	for range cap(ended) {
		if err := <-ended; err == nil {
			t.Error("a request was sent although its limit is used up")
		}
	}
	if most := sent.most.Load(); most > 2 {
		t.Errorf("%d requests were under way, with 2 places", most)
	}
}
