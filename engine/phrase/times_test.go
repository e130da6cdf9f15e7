package phrase

import (
	"testing"
	"time"
)

func TestTook_ReadsInOneForm(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "less than 0.1 s", 700 * time.Millisecond: "0.7 s", 9940 * time.Millisecond: "9.9 s", 38 * time.Second: "38 s",
		125 * time.Second: "2 min 5 s", 59600 * time.Millisecond: "60 s", 50*time.Hour + 3*time.Minute: "50 h 3 min",
	} {
		if got := Took(d); got != want {
			t.Errorf("%s reads %q, not %q", d, got, want)
		}
	}
}

func TestMomentOf_LeavesWhatIsNoTime(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	if got := MomentAgo("2026-11-22T08:00:00+01:00", now); got != "22 Nov 2026 07:00 UTC, 3 hours ago" {
		t.Error(got)
	}
	if got := MomentOf("soon\x1b[2J"); got != "soon[2J" {
		t.Error(got)
	}
}
