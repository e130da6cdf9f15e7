package bucket

import (
	"testing"
	"time"
)

func TestMinuteRefusesWhatIsOverTheLimitAndOpensAgain(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	m := New(2)
	for i, want := range []bool{true, true, false} {
		if got := m.Take(now).Allowed; got != want {
			t.Fatalf("request %d: allowed %v, want %v", i+1, got, want)
		}
	}
	if v := m.Take(now.Add(time.Minute)); !v.Allowed || v.Remaining != 1 {
		t.Fatalf("the next window answers %+v, want allowed with 1 left", v)
	}
}

func TestMinuteWithoutLimitAllowsEverything(t *testing.T) {
	m := New(0)
	for range 1000 {
		if !m.Take(time.Unix(0, 0)).Allowed {
			t.Fatal("a bucket without a limit refused a request")
		}
	}
}
