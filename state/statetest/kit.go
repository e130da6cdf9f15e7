package statetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/state"
)

// Subject is a backend under test.
type Subject struct {
	// Place names a new, empty place for a state: a path, a database.
	Place func(t *testing.T) string
	// Open opens a place for somebody who works under a command, as another process would; a transaction of it waits at
	// most timeout.
	Open func(place string, timeout time.Duration, command string) (state.Backend, error)
}

// patience is how long the kit waits for what must happen. It is long, as a machine may be busy.
const patience = 30 * time.Second

// kit is one case on a place of its own.
type kit struct {
	*testing.T
	subject Subject
	place   string
}

// Run checks a backend, and the Store on top of it.
func Run(t *testing.T, subject Subject) {
	cases := []struct {
		name  string
		check func(kit)
	}{
		{"buckets are apart", bucketsAreApart},
		{"keys come in the order of their bytes", keysComeInOrder},
		{"a prefix finds what begins with it and nothing else", prefixFinds},
		{"a visitor that fails ends the walk with its error", visitorEndsTheWalk},
		{"a transaction reads what it wrote", readsItsWrites},
		{"an empty value is not absent", emptyIsNotAbsent},
		{"a large value and many keys come back", largeComesBack},
		{"an error undoes the whole transaction", errorUndoes},
		{"a panic undoes the whole transaction and goes on", panicUndoes},
		{"a view does not write", viewDoesNotWrite},
		{"a view sees one moment", viewSeesOneMoment},
		{"readers do not wait for each other", readersShare},
		{"a transaction inside another one does not hang", nestingEnds},
		{"a wait that is too long names the holder", lockNamesTheHolder},
		{"a wait ends when the holder does", waitEnds},
		{"a context ends a wait", contextEndsAWait},
		{"two processes lose none of their changes", processesTakeTurns},
		{"a killed process loses nothing that it was told is kept", killedLosesNothing},
		{"a killed process holds nobody up", killedHoldsNobodyUp},
		{"two stores begin one state", storesBeginOne},
		{"two stores keep one audit chain", storesKeepOneChain},
		{"a store follows a key that another one rotated", storeFollowsTheKey},
		{"a store that was shut out says so", storeShutOut},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.check(kit{T: t, subject: subject, place: subject.Place(t)})
		})
	}
}

// open opens the place as somebody else than those who opened it before.
func (k kit) open(timeout time.Duration, command string) state.Backend {
	k.Helper()
	b, err := k.subject.Open(k.place, timeout, command)
	k.check(err)
	k.Cleanup(func() { k.check(b.Close()) })
	return b
}

func (k kit) check(err error) {
	if err != nil {
		k.Helper()
		k.Fatal(err)
	}
}

// put writes pairs of key and value into a bucket, in one transaction.
func (k kit) put(b state.Backend, bucket string, pairs ...string) {
	k.Helper()
	k.check(b.Update(k.Context(), func(tx state.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put(bucket, pairs[i], []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	}))
}

// all is what a bucket holds below a prefix, as key=value, in the order of Each. Keys must say the same.
func all(tx state.Tx, bucket, prefix string) ([]string, error) {
	var found, keys []string
	err := tx.Each(bucket, prefix, func(key string, value []byte) error {
		found = append(found, key+"="+string(value))
		return nil
	})
	if err == nil {
		err = tx.Keys(bucket, prefix, func(key string) error {
			keys = append(keys, key)
			return nil
		})
	}
	same := slices.EqualFunc(found, keys, func(pair, key string) bool { return strings.HasPrefix(pair, key+"=") })
	if err == nil && !same {
		err = fmt.Errorf("Keys says %q where Each says %q", keys, found)
	}
	return found, err
}

// holds demands what a bucket holds below a prefix.
func (k kit) holds(b state.Backend, bucket, prefix string, want ...string) {
	k.Helper()
	k.check(b.View(k.Context(), func(tx state.Tx) error {
		found, err := all(tx, bucket, prefix)
		if diff := cmp.Diff(want, found); diff != "" {
			k.Errorf("bucket %s below %q: %s", bucket, prefix, diff)
		}
		return err
	}))
}

func bucketsAreApart(k kit) {
	b := k.open(patience, "test")
	k.put(b, "one", "key", "1")
	k.put(b, "two", "key", "2", "more", "3")
	k.check(b.Update(k.Context(), func(tx state.Tx) error { return tx.Delete("two", "key") }))
	k.holds(b, "one", "", "key=1")
	k.holds(b, "two", "", "more=3")
	k.holds(b, "three", "")
	k.check(b.Update(k.Context(), func(tx state.Tx) error { return tx.Delete("three", "key") }))
}

func keysComeInOrder(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "é", "5", "a", "2", "A", "1", "z", "4", "a/b", "3", "\xff", "6")
	k.holds(b, "b", "", "A=1", "a=2", "a/b=3", "z=4", "é=5", "\xff=6")
}

func prefixFinds(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "run", "0", "run/", "1", "run/1", "2", "run/2", "3",
		"run-step/1", "4", "run0", "5", "ru", "6", "\xff\xff", "7")
	k.holds(b, "b", "run/", "run/=1", "run/1=2", "run/2=3")
	k.holds(b, "b", "run-", "run-step/1=4")
	k.holds(b, "b", "\xff", "\xff\xff=7")
	k.holds(b, "b", "s")
}

var errOwn = errors.New("an error of the caller")

func visitorEndsTheWalk(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "1", "", "2", "", "3", "")
	visits := 0
	err := b.View(k.Context(), func(tx state.Tx) error {
		return tx.Each("b", "", func(string, []byte) error {
			if visits++; visits == 2 {
				return errOwn
			}
			return nil
		})
	})
	if !errors.Is(err, errOwn) || visits != 2 {
		k.Errorf("%d visits, error %v", visits, err)
	}
}

func readsItsWrites(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "before", "1", "gone", "2")
	k.check(b.Update(k.Context(), func(tx state.Tx) error {
		err := errors.Join(tx.Put("b", "new", []byte("3")), tx.Delete("b", "gone"),
			tx.Put("b", "before", []byte("4")), tx.Put("fresh", "x", []byte("5")))
		if err != nil {
			return err
		}
		found, err := all(tx, "b", "")
		if diff := cmp.Diff([]string{"before=4", "new=3"}, found); diff != "" {
			k.Errorf("within the transaction: %s", diff)
		}
		if tx.Get("b", "gone") != nil || string(tx.Get("b", "new")) != "3" || string(tx.Get("fresh", "x")) != "5" {
			k.Error("Get reads what was before the transaction")
		}
		return err
	}))
	k.holds(b, "b", "", "before=4", "new=3")
}

func emptyIsNotAbsent(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "empty", "")
	k.check(b.View(k.Context(), func(tx state.Tx) error {
		if empty, absent := tx.Get("b", "empty"), tx.Get("b", "absent"); empty == nil || len(empty) > 0 || absent != nil {
			k.Errorf("empty reads as %v, absent as %v", empty, absent)
		}
		return nil
	}))
}

func largeComesBack(k kit) {
	b := k.open(patience, "test")
	large := strings.Repeat("a page of a source ", 500_000)
	var want []string
	k.check(b.Update(k.Context(), func(tx state.Tx) error {
		for i := range 5000 {
			key := fmt.Sprintf("%06d", i)
			want = append(want, key+"="+key)
			if err := tx.Put("many", key, []byte(key)); err != nil {
				return err
			}
		}
		return tx.Put("large", "one", []byte(large))
	}))
	k.holds(b, "many", "", want...)
	k.check(b.View(k.Context(), func(tx state.Tx) error {
		if string(tx.Get("large", "one")) != large {
			k.Error("the large value is another one")
		}
		return nil
	}))
}

func errorUndoes(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "kept", "1")
	err := b.Update(k.Context(), func(tx state.Tx) error {
		return errors.Join(tx.Put("b", "new", []byte("2")), tx.Delete("b", "kept"), tx.Put("fresh", "x", []byte("3")), errOwn)
	})
	if !errors.Is(err, errOwn) {
		k.Errorf("the error of the caller became %v", err)
	}
	k.holds(b, "b", "", "kept=1")
	k.holds(b, "fresh", "")
}

// panics runs do and returns what it panicked with.
func panics(do func()) (value any) {
	defer func() { value = recover() }()
	do()
	return nil
}

// panicUndoes looks at the panics of a mistake in the code around the store: such a one is never taken for damage of
// the state.
func panicUndoes(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "kept", "1")
	var nothing *kit
	mistakes := map[string]func(){
		"nil pointer":        func() { _ = nothing.place },
		"index out of range": func() { _ = []string{}[len(k.place)] },
		"words of a store":   func() { panic("page 7 of bucket b: assertion failed") },
	}
	for name, mistake := range mistakes {
		write := func(tx state.Tx) error {
			if err := tx.Put("b", "new", []byte("2")); err != nil {
				return err
			}
			mistake()
			return nil
		}
		read := func(tx state.Tx) error { return tx.Each("b", "", func(string, []byte) error { mistake(); return nil }) }
		update := func() { k.Errorf("%s in an update became the error %v", name, b.Update(k.Context(), write)) }
		view := func() { k.Errorf("%s in a view became the error %v", name, b.View(k.Context(), read)) }
		if panics(update) == nil {
			k.Errorf("%s in an update: the panic was swallowed", name)
		}
		if panics(view) == nil {
			k.Errorf("%s in a view: the panic was swallowed", name)
		}
		k.holds(b, "b", "", "kept=1")
	}
	k.put(b, "b", "after", "3")
	k.holds(b, "b", "", "after=3", "kept=1")
}

func viewDoesNotWrite(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "kept", "1")
	err := b.View(k.Context(), func(tx state.Tx) error { return tx.Put("b", "new", []byte("2")) })
	if err == nil {
		k.Error("a view took a value")
	}
	k.holds(b, "b", "", "kept=1")
}

func viewSeesOneMoment(k kit) {
	b := k.open(patience, "reader")
	k.put(b, "b", "key", "1")
	other, done := k.open(patience, "writer"), make(chan error, 1)
	k.check(b.View(k.Context(), func(tx state.Tx) error {
		first := string(tx.Get("b", "key"))
		go func() {
			ctx := context.WithoutCancel(k.Context())
			done <- other.Update(ctx, func(tx state.Tx) error { return tx.Put("b", "key", []byte("2")) })
		}()
		time.Sleep(100 * time.Millisecond) // the writer writes now, or waits
		if second := string(tx.Get("b", "key")); second != first {
			k.Errorf("one view read %q and %q", first, second)
		}
		return nil
	}))
	k.check(<-done)
	k.holds(b, "b", "", "key=2")
}

func readersShare(k kit) {
	b := k.open(patience, "test")
	k.put(b, "b", "key", "1")
	k.check(b.View(k.Context(), func(state.Tx) error {
		other := k.open(patience, "other")
		k.holds(other, "b", "", "key=1")
		return nil
	}))
}

func nestingEnds(k kit) {
	b := k.open(200*time.Millisecond, "test")
	k.put(b, "b", "key", "1")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = b.Update(k.Context(), func(state.Tx) error {
			return b.View(k.Context(), func(state.Tx) error { return nil })
		})
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		k.Fatal("it waits for itself for ever")
	}
	k.holds(b, "b", "", "key=1")
}
