package statetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/state"
)

// hold keeps an update open as somebody with a command, until the returned function is called. It returns when the
// update runs.
func (k kit) hold(command string) (free func()) {
	k.Helper()
	b := k.open(patience, command)
	held, end, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- b.Update(context.WithoutCancel(k.Context()), func(tx state.Tx) error {
			err := tx.Put("b", "held", []byte("by "+command))
			close(held)
			<-end
			return err
		})
	}()
	select {
	case <-held:
	case err := <-done:
		k.Fatalf("the holder did not come to hold: %v", err)
	}
	return func() {
		close(end)
		k.check(<-done)
	}
}

func write(tx state.Tx) error { return tx.Put("b", "written", []byte("1")) }

func lockNamesTheHolder(k kit) {
	free := k.hold("rehome collect")
	defer free()
	time.Sleep(100 * time.Millisecond) // who holds it for a moment only need not say so
	began := time.Now()
	err := k.open(300*time.Millisecond, "second").Update(k.Context(), write)
	var locked *state.LockedError
	if !errors.As(err, &locked) || !strings.Contains(locked.Holder, "rehome collect") {
		k.Errorf("the second writer got %v", err)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		k.Errorf("it gave up after %s", took)
	}
}

func waitEnds(k kit) {
	free := k.hold("first")
	time.AfterFunc(200*time.Millisecond, free)
	second := k.open(patience, "second")
	k.check(second.Update(k.Context(), write))
	k.holds(second, "b", "", "held=by first", "written=1")
}

func contextEndsAWait(k kit) {
	free := k.hold("first")
	defer free()
	second := k.open(time.Hour, "second")
	transactions := map[string]func(context.Context, func(state.Tx) error) error{"update": second.Update,
		"view": second.View}
	for name, transaction := range transactions {
		if name == "view" && k.readsBesideAWriter(second) {
			continue // it does not wait
		}
		ctx, cancel := context.WithTimeout(k.Context(), 150*time.Millisecond)
		err := transaction(ctx, func(state.Tx) error { return nil })
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			k.Errorf("%s: the wait ended with %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	if err := second.View(ctx, func(state.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		k.Errorf("a context that had ended before: %v", err)
	}
}

// readsBesideAWriter tells whether a reader of this backend sees the state of before while a writer is at work.
func (k kit) readsBesideAWriter(b state.Backend) bool {
	ctx, cancel := context.WithTimeout(k.Context(), 150*time.Millisecond)
	defer cancel()
	return b.View(ctx, func(state.Tx) error { return nil }) == nil
}
