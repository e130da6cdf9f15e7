package bolt_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
	"github.com/rehome-iam/rehome/state/statetest"
)

func subject() statetest.Subject {
	return statetest.Subject{
		Place: func(t *testing.T) string { return filepath.Join(t.TempDir(), "state.db") },
		Open: func(place string, timeout time.Duration, command string) (state.Backend, error) {
			holder := bolt.Holder{PID: os.Getpid(), Host: "h", Command: command, Since: "2026-11-27T20:00:00Z"}
			return bolt.Open(place, timeout, holder)
		},
	}
}

func TestMain(m *testing.M) { statetest.Main(m, subject()) }

func TestBackend_IsWhatAStateNeeds(t *testing.T) { statetest.Run(t, subject()) }

func begun(t *testing.T, path string) *bolt.Backend {
	t.Helper()
	b, err := bolt.Open(path, time.Second, bolt.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(t.Context(), func(tx state.Tx) error { return tx.Put("b", "key", []byte("value")) }); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpen_AGoneOrEmptyFileBesideItsTracesIsNotBegunAnew(t *testing.T) {
	beside := map[string]string{"its lock file": "state.db.lock", "a journal": "journal/r-1.journal"}
	for name, trace := range beside {
		for _, empty := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, empty %t", name, empty), func(t *testing.T) {
				folder := t.TempDir()
				path := filepath.Join(folder, "state.db")
				if err := os.MkdirAll(filepath.Join(folder, "journal"), 0o700); err != nil {
					t.Fatal(err)
				}
				files := []string{trace}
				if empty {
					files = append(files, "state.db")
				}
				for _, file := range files {
					if err := os.WriteFile(filepath.Join(folder, file), nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				_, err := bolt.Open(path, time.Second, bolt.Holder{})
				var lost *state.LostError
				if !errors.As(err, &lost) || lost.Empty != empty ||
					len(lost.Beside) != 1 || !strings.HasSuffix(lost.Beside[0], trace) {
					t.Errorf("opening it gave %v", err)
				}
				if info, err := os.Stat(path); empty != (err == nil) || err == nil && info.Size() > 0 {
					t.Error("something was begun all the same")
				}
			})
		}
	}
}

func TestOpen_AnEmptyFileWithNothingBesideItIsBegun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	begun(t, path)
}

func TestTransaction_AFileThatVanishesMeanwhileIsNotBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	b := begun(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var lost *state.LostError
	if err := b.Update(t.Context(), func(state.Tx) error { return nil }); !errors.As(err, &lost) {
		t.Errorf("a transaction on nothing gave %v", err)
	}
}

func TestTransaction_NothingStaysOpenAfterDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	b := begun(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func(tx state.Tx) error { tx.Get("b", "key"); return nil }
	for _, size := range []int{100, 4096, 9000, len(whole) / 2} {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{"view": b.View(t.Context(), read), "update": b.Update(t.Context(), read)} {
			if err != nil && !errors.Is(err, state.ErrCorrupt) {
				t.Errorf("cut at %d, %s: %v", size, name, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.Update(t.Context(), read); err != nil {
			t.Errorf("put back after a cut at %d: %v", size, err)
		}
	}
}

func TestTransaction_UsedAfterItsEndIsAPanicOfOurs(t *testing.T) {
	var kept state.Tx
	b := begun(t, filepath.Join(t.TempDir(), "state.db"))
	if err := b.View(t.Context(), func(tx state.Tx) error { kept = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a transaction that is over was read")
		}
	}()
	kept.Get("b", "key")
}
