package state_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// met is a backend before one of whose transactions something else happens.
type met struct {
	state.Backend
	left int
	meet func()
}

func (m *met) step() {
	if m.left--; m.left == -1 {
		m.meet()
	}
}

func (m *met) View(ctx context.Context, do func(state.Tx) error) error {
	m.step()
	return m.Backend.View(ctx, do)
}

func (m *met) Update(ctx context.Context, do func(state.Tx) error) error {
	m.step()
	return m.Backend.Update(ctx, do)
}

// twoMigrations writes a state of format 1 with two migrations of one tenant, and closes it.
func twoMigrations(b before) {
	b.t.Helper()
	b.migration(lifecycle.Migration{Name: "acme1", Tenant: "acme", CreatedAt: at(10)}, "okta.corp")
	b.migration(lifecycle.Migration{Name: "acme2", Tenant: "acme", CreatedAt: at(30)}, "okta.north")
	b.things("acme1", "okta.corp", 12)
	b.things("acme2", "okta.north", 32)
	if err := b.store.Close(); err != nil {
		b.t.Fatal(err)
	}
}

// A second process that opens the state finishes the upgrade and works with it, whatever the first one had read or
// moved by then: the first one must neither fail nor write over what came after.
func TestUpgrade_AnotherProcessMayFinishItAtAnyMoment(t *testing.T) {
	for moment := 1; ; moment++ {
		path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
		twoMigrations(newBefore(t, path, identities))
		happened := false
		meet := func() {
			happened = true
			other := open(t, path, identities)
			plan := []lifecycle.PlannedStep{{StepID: "new", FollowUp: true}}
			if err := other.Store.Migration("acme2", "acme").PutRunPlan(state.Run{ID: "r9"}, plan,
				make([]state.Event, 1)); err != nil {
				t.Fatal(err)
			}
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
		}
		backend, err := bolt.Open(path, time.Second, bolt.Holder{})
		if err != nil {
			t.Fatal(err)
		}
		store, err := state.Open(t.Context(), &met{Backend: backend, left: moment, meet: meet}, identities)
		if err != nil {
			t.Fatalf("at moment %d: %v", moment, err)
		}
		if !happened { // the upgrade has no such moment
			if moment < 5 {
				t.Errorf("the upgrade took %d transactions: too few to show anything", moment)
			}
			break
		}
		if diff := cmp.Diff(wholly("acme1", "okta.corp"), owns(t, store, "acme1", "acme")); diff != "" {
			t.Errorf("at moment %d: %s", moment, diff)
		}
		next := []lifecycle.PlannedStep{{StepID: "newer", FollowUp: true}}
		m := store.Migration("acme2", "acme")
		if err := m.PutRunPlan(state.Run{ID: "r10"}, next, make([]state.Event, 1)); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		all, err := m.FollowUps()
		for _, f := range all {
			ids[f.ID] = true
		}
		if err != nil || len(all) != 3 || len(ids) != 3 {
			t.Errorf("at moment %d: a number was given twice: %v %v", moment, ids, err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUpgrade_ManyProcessesAtOnceMakeOneStateOfIt(t *testing.T) {
	for range 3 {
		path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
		twoMigrations(newBefore(t, path, identities))
		var all sync.WaitGroup
		failures := make([]error, 4)
		for i := range failures {
			all.Go(func() {
				backend, err := bolt.Open(path, 10*time.Second, bolt.Holder{})
				if err == nil {
					var store *state.Store
					if store, err = state.Open(t.Context(), backend, identities); err == nil {
						err = store.Close()
					}
				}
				failures[i] = err
			})
		}
		all.Wait()
		if err := errors.Join(failures...); err != nil {
			t.Fatal(err)
		}
		store := open(t, path, identities).Store
		for name, source := range map[string]string{"acme1": "okta.corp", "acme2": "okta.north"} {
			if diff := cmp.Diff(wholly(name, source), owns(t, store, name, "acme")); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
