package state_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/state"
)

func work(id string, w state.Work, subject string) state.Activity {
	return state.Activity{ID: id, Work: w, Tenant: "acme", Migration: "acme", Subject: subject, Actor: "ana",
		Command: "rehome test", Process: state.ThisProcess("here")}
}

func asOf(now time.Time) state.BeginOptions {
	return state.BeginOptions{Now: func() time.Time { return now }}
}

// ended is a process of this host that is gone.
func ended(t *testing.T) state.Process {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^$")
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	return state.Process{Host: "here", PID: command.Process.Pid}
}

func TestBegin_SaysWhatMayNotRunSideBySide(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	other := work("w-2", state.WorkCollect, "okta.corp")
	other.Tenant, other.Migration = "beta", "beta"
	cases := []struct {
		name          string
		first, second state.Activity
		refused       bool
	}{
		{"one source", work("w-1", state.WorkCollect, "okta.corp"), work("w-2", state.WorkCollect, "okta.corp"), true},
		{"two sources", work("w-1", state.WorkCollect, "okta.corp"), work("w-2", state.WorkCollect, "entra.hq"), false},
		{"one source of two tenants", work("w-1", state.WorkCollect, "okta.corp"), other, false},
		{"two works", work("w-1", state.WorkCollect, ""), work("w-2", state.WorkApply, ""), false},
		{"two applies", work("w-1", state.WorkApply, ""), work("w-2", state.WorkApply, ""), true},
		{"a rotation beside it", work("w-1", state.WorkCollect, "okta.corp"), work("w-2", state.WorkRotate, ""), true},
		{"another tenant's collection beside a rotation", work("w-1", state.WorkRotate, ""), other, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
			_, first, err := store.Begin(t.Context(), c.first, asOf(now))
			if err != nil {
				t.Fatal(err)
			}
			_, second, err := store.Begin(t.Context(), c.second, asOf(now))
			var active *state.ActiveError
			if refused := errors.As(err, &active); refused != c.refused || !refused && err != nil {
				t.Fatalf("the second one got %v", err)
			}
			named := "w-1: " + c.first.What() + " by ana on here, process "
			if c.refused && !strings.HasPrefix(active.Activity.String(), named) {
				t.Errorf("refused by %s", active.Activity)
			}
			if err := first.End(); err != nil {
				t.Fatal(err)
			}
			if second == nil {
				if _, second, err = store.Begin(t.Context(), c.second, asOf(now)); err != nil {
					t.Fatalf("after the first one's end: %v", err)
				}
			}
			if err := second.End(); err != nil {
				t.Fatal(err)
			}
			if left, err := store.Activities(); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestBegin_TakesOverWhatIsOver(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	dead := work("w-1", state.WorkApply, "")
	dead.Process = ended(t)
	again := work("w-1", state.WorkApply, "")
	again.Started += "0" // a number that was given out again
	elsewhere := work("w-1", state.WorkApply, "")
	elsewhere.Host = "there"
	cases := []struct {
		name  string
		first state.Activity
		after time.Duration
		taken bool
	}{
		{"a dead process of this host", dead, 0, true},
		{"another process of that number", again, 0, true},
		{"a live one of this host", work("w-1", state.WorkApply, ""), state.StaleAfter, false},
		{"one elsewhere that was just seen", elsewhere, state.StaleAfter, false},
		{"one elsewhere that was not seen", elsewhere, state.StaleAfter + time.Second, true},
		{"one of this host that was not seen", work("w-1", state.WorkApply, ""), state.StaleAfter + time.Second, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
			_, first, err := store.Begin(t.Context(), c.first, asOf(now))
			if err != nil {
				t.Fatal(err)
			}
			_, second, err := store.Begin(t.Context(), work("w-2", state.WorkApply, ""), asOf(now.Add(c.after)))
			if taken := err == nil; taken != c.taken {
				t.Fatalf("the second one got %v", err)
			}
			if !c.taken {
				return
			}
			if err := first.End(); !errors.Is(err, state.ErrTakenOver) {
				t.Errorf("the first one ended with %v", err)
			}
			if err := second.End(); err != nil {
				t.Errorf("the end of the first one took the record of the second: %v", err)
			}
		})
	}
}

func TestBegin_WaitsForTheOtherOneAsLongAsItMay(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	_, first, err := store.Begin(t.Context(), work("w-1", state.WorkApply, ""), state.BeginOptions{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var active *state.ActiveError
	options := state.BeginOptions{Now: time.Now, Wait: 50 * time.Millisecond}
	if _, _, err := store.Begin(t.Context(), work("w-2", state.WorkApply, ""), options); !errors.As(err, &active) {
		t.Errorf("the wait was long enough: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	options = state.BeginOptions{Now: time.Now, Wait: time.Hour, Waiting: func(*state.ActiveError) { cancel() }}
	if _, _, err := store.Begin(ctx, work("w-2", state.WorkApply, ""), options); !errors.As(err, &active) {
		t.Errorf("an interrupt ended the wait with %v", err)
	}
	heard := 0
	options.Waiting = func(*state.ActiveError) {
		heard++
		go func() { _ = first.End() }()
	}
	_, second, err := store.Begin(t.Context(), work("w-2", state.WorkApply, ""), options)
	if err != nil || heard != 1 {
		t.Fatalf("heard %d times, %v", heard, err)
	}
	if err := second.End(); err != nil {
		t.Error(err)
	}
}

func TestUnlock_RemovesTheRecordOfThatIDOnly(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	_, held, err := store.Begin(t.Context(), work("w-1", state.WorkApply, ""), state.BeginOptions{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	event := state.Event{Name: "migration.state_lock.forced", Target: "w-1"}
	if err := store.Unlock("w-2", event); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
	if err := store.Unlock("w-1", event); err != nil {
		t.Fatal(err)
	}
	if err := held.End(); !errors.Is(err, state.ErrTakenOver) {
		t.Errorf("whoever was unlocked ended with %v", err)
	}
	if chain, err := store.Audit(); err != nil || len(chain) != 1 {
		t.Errorf("the chain has %d records, %v", len(chain), err)
	}
}

func TestAbandonUnfinished_LeavesWhatSomebodyFills(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	collecting := work("w-1", state.WorkCollect, "okta.corp")
	collecting.Writes = "s-1"
	_, held, err := store.Begin(t.Context(), collecting, asOf(now))
	if err != nil {
		t.Fatal(err)
	}
	writer, err := store.BeginSnapshot(state.Snapshot{ID: "s-1", Source: "okta.corp", StartedAt: now})
	if err != nil {
		t.Fatal(err)
	}
	event := func(name audit.Name, target string, facts map[string]string) state.Event {
		return state.Event{Name: name, At: now, Target: target, Facts: facts}
	}
	if found, err := store.AbandonUnfinished("here", now, event); err != nil || len(found.Snapshots) > 0 {
		t.Fatalf("a snapshot that is being filled was abandoned: %+v, %v", found, err)
	}
	late := now.Add(state.StaleAfter + time.Second)
	if found, err := store.AbandonUnfinished("here", late, event); err != nil || len(found.Snapshots) != 1 {
		t.Fatalf("a snapshot that nobody fills was left: %+v, %v", found, err)
	}
	if _, err := writer.Complete(late, "acme", state.Event{}); !errors.Is(err, state.ErrTakenOver) {
		t.Errorf("who was thought dead completed it: %v", err)
	}
	if kept, err := store.Snapshot("s-1"); err != nil || kept.Status != state.SnapshotFailed {
		t.Errorf("the snapshot is %s, %v", kept.Status, err)
	}
	if err := held.End(); err != nil {
		t.Error(err)
	}
}

func TestBegin_TheWorkIsSeenAliveAndStopsWhenItsRecordIsGone(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	began := time.Now().UTC()
	options := state.BeginOptions{Now: time.Now, Beat: 10 * time.Millisecond}
	ctx, held, err := store.Begin(t.Context(), work("w-1", state.WorkApply, ""), options)
	if err != nil {
		t.Fatal(err)
	}
	for seen := began; !seen.After(began.Add(30 * time.Millisecond)); {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the work was not seen alive again")
		}
		running, err := store.Activities()
		if err != nil || len(running) != 1 {
			t.Fatalf("%v, %v", running, err)
		}
		seen = running[0].Seen
	}
	if err := store.Unlock("w-1", state.Event{}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the work goes on under a record that is gone")
	}
	if cause := context.Cause(ctx); !errors.Is(cause, state.ErrTakenOver) {
		t.Errorf("it ended because of %v", cause)
	}
	if err := held.End(); !errors.Is(err, state.ErrTakenOver) {
		t.Errorf("it ended with %v", err)
	}
}
