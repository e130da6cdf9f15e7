package statetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/state"
)

func (k kit) identity() *age.X25519Identity {
	k.Helper()
	x, err := age.GenerateX25519Identity()
	k.check(err)
	return x
}

// store opens the place as a Store of its own.
func (k kit) store(identities ...age.Identity) *state.Store {
	k.Helper()
	store, err := state.Open(k.Context(), k.open(patience, "test"), identities)
	k.check(err)
	return store
}

func event(target string) state.Event {
	return state.Event{Name: "migration.test", At: time.Unix(1, 0).UTC(), Target: target}
}

// audited demands how many records the chain has, and that it is whole.
func (k kit) audited(store *state.Store, want int) {
	k.Helper()
	chain, err := store.Audit()
	if err != nil || len(chain) != want {
		k.Errorf("the chain has %d records, wanted %d: %v", len(chain), want, err)
	}
}

func storesBeginOne(k kit) {
	identity := k.identity()
	stores := make([]*state.Store, 4)
	var all sync.WaitGroup
	for i := range stores {
		backend := k.open(patience, "test")
		all.Go(func() {
			var err error
			if stores[i], err = state.Open(k.Context(), backend, []age.Identity{identity}); err != nil {
				k.Error(err)
			}
		})
	}
	all.Wait()
	if k.Failed() {
		k.FailNow()
	}
	for i, store := range stores {
		k.check(store.Record(event(fmt.Sprint(i))))
	}
	for _, store := range stores {
		k.audited(store, len(stores))
	}
}

func storesKeepOneChain(k kit) {
	identity := k.identity()
	stores := []*state.Store{k.store(identity), k.store(identity), k.store(identity)}
	var all sync.WaitGroup
	for _, store := range stores {
		all.Go(func() {
			for i := range 10 {
				if err := store.Record(event(fmt.Sprint(i))); err != nil {
					k.Error(err)
				}
			}
		})
	}
	all.Wait()
	k.audited(stores[0], 30)
}

func storeFollowsTheKey(k kit) {
	identity := k.identity()
	first, second := k.store(identity), k.store(identity)
	k.check(first.Record(event("before")))
	for round := range 3 {
		_, err := first.Rotate([]string{identity.Recipient().String()}, k.TempDir(), event("rotated"))
		k.check(err)
		k.check(second.Record(event("by the other one")))
		k.audited(second, 3+2*round)
		k.audited(first, 3+2*round)
	}
	k.audited(k.store(identity), 7)
}

func storeShutOut(k kit) {
	before, after := k.identity(), k.identity()
	first, second := k.store(before), k.store(before)
	k.check(second.Record(event("before")))
	_, err := first.Rotate([]string{after.Recipient().String()}, k.TempDir(), event("rotated"))
	k.check(err)
	if err := second.Record(event("after")); !errors.Is(err, state.ErrNoKey) {
		k.Errorf("who was shut out wrote on: %v", err)
	}
	k.audited(k.store(after), 2)
}
