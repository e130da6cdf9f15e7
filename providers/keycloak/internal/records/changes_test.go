package records

import (
	"net/http"
	"testing"
	"time"
)

func TestClockAhead_TellsMoreThanTheHeaderRoundsAway(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"Sun, 22 Nov 2026 09:00:01 GMT": 0, "Sun, 22 Nov 2026 09:01:00 GMT": time.Minute,
		"Sun, 22 Nov 2026 08:59:00 GMT": -time.Minute, "soon": 0,
	} {
		if got := clockAhead(http.Header{"Date": {text}}, at, at); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
