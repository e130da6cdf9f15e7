package apply_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/contract"
)

// markers is a target's marker. Lose makes the next write arrive without an answer.
type markers struct {
	mutex  sync.Mutex
	marker contract.Marker
	count  int
	lose   bool

	written func() // hears of each write
}

func (m *markers) ReadMarker(context.Context) (contract.Marker, contract.MarkerRevision, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.marker, contract.MarkerRevision(strconv.Itoa(m.count)), nil
}

func (m *markers) WriteMarker(_ context.Context, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if string(basedOn) != strconv.Itoa(m.count) {
		return "", &contract.ProviderError{Code: contract.ErrorConflict, Message: "somebody else has written the marker"}
	}
	m.marker, m.count = marker, m.count+1
	if m.written != nil {
		m.written()
	}
	if m.lose {
		m.lose = false
		return "", &contract.ProviderError{Code: contract.ErrorUnreachable, Message: "no answer"}
	}
	return contract.MarkerRevision(strconv.Itoa(m.count)), nil
}

// clock is a time that tests move.
type clock struct {
	mutex sync.Mutex
	at    time.Time
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
}

// acme is who asks in these tests.
var acme = contract.Owner{Migration: "acme", Tenant: "acme"}

func claim(run string) apply.Claim {
	return apply.Claim{Owner: acme, PlanHash: "sha256:1",
		Holder: apply.Holder{ID: run, Run: run, Actor: "ana@desk (system user, not verified)", Host: "desk", PID: 42,
			Command: "rehome apply", Since: time.Unix(100, 0)}}
}

func take(t *testing.T, m *markers, c *clock, claim apply.Claim) *apply.Lease {
	t.Helper()
	lease, err := apply.TakeLease(t.Context(), m, claim, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func TestLease_NamesItsHolderToWhoComesSecond(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1000, 0)}
	lease := take(t, m, c, claim("r-1"))
	var held *apply.HeldError
	if _, err := apply.TakeLease(t.Context(), m, claim("r-2"), c.now); !errors.As(err, &held) ||
		held.Holder != (apply.Holder{
			ID: "r-1", Run: "r-1", Actor: "ana@desk (system user, not verified)", Host: "desk", PID: 42, Command: "rehome apply",
			Since: held.Holder.Since}) {
		t.Fatalf("the second apply got %v", err)
	}
	if err := lease.Release(t.Context(), func(*contract.Marker) {}); err != nil {
		t.Fatal(err)
	}
	take(t, m, c, claim("r-2"))
}

func TestLease_OfADeadProcessOfOursIsTakenOverAtOnceAndTheZombieStops(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1000, 0)}
	zombie := take(t, m, c, claim("r-1"))
	again := claim("r-1")
	again.Dead = func(h apply.Holder) bool { return h.Run == "r-1" && h.PID == 42 }
	take(t, m, c, again)
	if m.marker.Fence != 2 {
		t.Errorf("fence %d, wanted 2", m.marker.Fence)
	}
	c.pass(6 * time.Second)
	if err := zombie.Confirm(t.Context()); !errors.Is(err, apply.ErrLeaseLost) ||
		!strings.Contains(err.Error(), "fence 2") {
		t.Errorf("the zombie may go on: %v", err)
	}
	if err := zombie.Update(t.Context(), func(*contract.Marker) {}); !errors.Is(err, apply.ErrLeaseLost) {
		t.Errorf("the zombie wrote the marker: %v", err)
	}
}

func TestLease_EndsByItselfWhenNobodyRenewsIt(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1000, 0)}
	take(t, m, c, claim("r-1"))
	c.pass(apply.LeaseTime + time.Second)
	take(t, m, c, claim("r-2"))
}

func TestLease_AWriteWhoseAnswerWasLostIsOurs(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1000, 0)}
	lease := take(t, m, c, claim("r-1"))
	m.lose = true
	if err := lease.Update(t.Context(), func(x *contract.Marker) { x.Run = "r-1" }); err == nil ||
		errors.Is(err, apply.ErrLeaseLost) {
		t.Fatalf("a lost answer gave %v", err)
	}
	if err := lease.Release(t.Context(), func(*contract.Marker) {}); err != nil || m.marker.Lease.ID != "" ||
		m.marker.Run != "r-1" {
		t.Errorf("released with %v: %+v", err, m.marker)
	}
}

func TestLease_KeepsItsHolderInFieldsOfTheMarker(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1700000000, 0)}
	want := apply.Holder{ID: "ci/42", Run: "r-2026-11-22-1", Actor: "ana, process 3 of x (github actor, not verified)",
		Host: "runner-7",
		PID:  9, Command: "rehome apply", Since: time.Unix(1700000000, 0).UTC()}
	if _, err := apply.TakeLease(t.Context(), m, apply.Claim{Owner: acme, Holder: want}, c.now); err != nil {
		t.Fatal(err)
	}
	if got := apply.HolderOf(m.marker.Lease); got != want {
		t.Errorf("%+v reads back as %+v", want, got)
	}
	if m.marker.Lease.Expires != "2023-11-14T22:15:20Z" {
		t.Errorf("the lease ends %s", m.marker.Lease.Expires)
	}
}

func TestTakeLease_EndsWithItsContextAndGivesTheLeaseBack(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1000, 0)}
	ctx, cancel := context.WithCancel(t.Context())
	m.written = cancel
	if _, err := apply.TakeLease(ctx, m, claim("r-1"), c.now); !errors.Is(err, context.Canceled) {
		t.Fatalf("the wait after writing the marker ended with %v", err)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.marker.Lease != (contract.Lease{}) || m.marker.Fence != 1 {
		t.Errorf("the marker stays at %+v", m.marker)
	}
}

func TestAwaitClaim_WaitsForTheOtherOneAndNoLonger(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	claim := apply.Claim{Owner: acme, Holder: apply.Holder{ID: "r-2", Run: "r-2"}, CreatedAt: start}
	lease := contract.Lease{ID: "ci-7", Run: "r-1", Actor: "ann", Host: "runner", PID: 42, Command: "rehome apply",
		Since: start.Add(-90 * time.Second).Format(time.RFC3339), Expires: start.Add(time.Hour).Format(time.RFC3339)}
	held := func() *markers {
		return &markers{marker: contract.Marker{Migration: "acme", Lease: lease}}
	}
	began := time.Now()
	now := func() time.Time { return start.Add(time.Since(began)) }
	t.Run("until it gives the lease back", func(t *testing.T) {
		m, heard := held(), 0
		err := apply.AwaitClaim(t.Context(), m, claim, now, time.Minute, func(e *apply.HeldError) {
			heard++
			m.mutex.Lock()
			defer m.mutex.Unlock()
			m.marker.Lease = contract.Lease{}
		})
		if err != nil || heard != 1 {
			t.Errorf("heard %d times, error %v", heard, err)
		}
	})
	t.Run("until the limit", func(t *testing.T) {
		err := apply.AwaitClaim(t.Context(), held(), claim, now, 50*time.Millisecond, func(*apply.HeldError) {})
		var other *apply.HeldError
		if !errors.As(err, &other) || !strings.Contains(err.Error(),
			"ci-7: run r-1 of ann on runner, process 42, rehome apply, since ") || !strings.Contains(err.Error(), ", for 1m3") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("not at all", func(t *testing.T) {
		err := apply.AwaitClaim(t.Context(), held(), claim, now, 0, func(*apply.HeldError) { t.Error("it waited") })
		if err == nil {
			t.Error("the target was free")
		}
	})
	t.Run("until it is interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		if err := apply.AwaitClaim(ctx, held(), claim, now, time.Hour, func(*apply.HeldError) { cancel() }); err == nil {
			t.Error("the target was free")
		}
	})
}
