package reading_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func TestRetry_TriesAgainOnlyWhatMayBeAndWaitsForWhoIsBusy(t *testing.T) {
	asked := http.Header{"Retry-After": {"20"}}
	cases := map[string]struct {
		attempt      reading.Attempt
		budget       time.Duration
		sleep        error
		tries, waits int
		least        time.Duration // of the first wait
	}{
		"nothing to try again":        {reading.Attempt{Header: asked}, time.Hour, nil, 1, 0, 0},
		"until the tries are used up": {reading.Attempt{Again: true}, time.Hour, nil, 3, 2, 250 * time.Millisecond},
		"as long as the server asks": {reading.Attempt{Again: true, Header: asked}, time.Hour, nil, 3, 2,
			20 * time.Second},
		"longer than the budget": {reading.Attempt{Again: true, Header: asked}, 10 * time.Second, nil, 1, 0, 0},
		"busy, and never to be resent": {reading.Attempt{Busy: true, Header: asked}, time.Hour, nil, 1, 1,
			20 * time.Second},
		"stopped in the midst of a wait": {reading.Attempt{Again: true}, time.Hour, errors.New("stopped"), 1, 1, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var waits []time.Duration
			now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
			retry := reading.Retry{Tries: 3, Budget: c.budget, Now: func() time.Time { return now },
				Sleep: func(_ context.Context, d time.Duration) error {
					now = now.Add(d)
					waits = append(waits, d)
					return c.sleep
				}}
			reported := 0
			tries := retry.Do(t.Context(), func(int) reading.Attempt { return c.attempt },
				func(int, time.Duration) { reported++ })
			if tries != c.tries || len(waits) != c.waits || reported != tries {
				t.Errorf("%d tries, waits %v, told of %d", tries, waits, reported)
			}
			if len(waits) > 0 && waits[0] < c.least {
				t.Errorf("waited only %s", waits[0])
			}
		})
	}
}

func TestRetry_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	retry := reading.Retry{Tries: 3, Budget: time.Hour, Now: time.Now, Sleep: reading.Sleep}
	tries := retry.Do(ctx, func(int) reading.Attempt {
		cancel()
		return reading.Attempt{Again: true}
	}, nil)
	if tries != 1 {
		t.Errorf("%d tries", tries)
	}
}
