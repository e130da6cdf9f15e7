package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

func newIdentity(t testing.TB) []age.Identity {
	t.Helper()
	x, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return []age.Identity{x}
}

func open(t testing.TB, path string, identities []age.Identity) opened {
	t.Helper()
	backend, err := bolt.Open(path, time.Second, bolt.Holder{PID: os.Getpid(), Host: "h", Command: "test"})
	if err != nil {
		t.Fatal(err)
	}
	store, err := state.Open(t.Context(), backend, identities)
	if err != nil {
		t.Fatal(errors.Join(err, backend.Close()))
	}
	return withAcme(store)
}

func withAcme(store *state.Store) opened {
	if store == nil {
		return opened{}
	}
	return opened{Store: store, Migration: store.Migration("acme", "acme")}
}

// opened is a store with the migration acme of tenant acme at hand.
type opened struct {
	*state.Store
	*state.Migration
}

// of is a migration of tenant acme.
func (o opened) of(name string) *state.Migration { return o.Store.Migration(name, "acme") }

// openMigration records a declaration.
func openMigration(o opened, d lifecycle.Declaration, by state.Event) (lifecycle.Migration, error) {
	return o.Store.Migration(d.Name, d.Tenant).Open(d.Mode, d.Sources, d.Addresses, by)
}

func item(kind identity.Kind, id string) identity.Item {
	return identity.Item{Kind: kind, ID: id, Name: "planted-name-" + id, Version: 1,
		Attributes: []byte(`{"name":"planted-name"}`)}
}

func TestStore_ASnapshotReadsBackInOrderAfterReopening(t *testing.T) {
	path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
	store := open(t, path, identities)
	w, err := store.BeginSnapshot(state.Snapshot{ID: "s1", Source: "okta.corp", StartedAt: time.Unix(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 3000 {
		id := fmt.Sprintf("u%04d", i)
		want = append(want, id)
		if err := w.Items([]identity.Item{item(identity.KindUser, id)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Page(identity.PageEvidence{Sequence: 1, Body: []byte("planted-body")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Complete(time.Unix(2, 0), "acme", state.Event{Name: "migration.inventory.collected"}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, path, identities)
	defer store.Close()
	snapshot, err := store.LatestSnapshot("okta.corp")
	if err != nil || snapshot.Total() != 3000 {
		t.Fatalf("latest snapshot: %+v, %v", snapshot, err)
	}
	var got []string
	for i, err := range store.Items("s1", identity.KindUser) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, i.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStore_NothingIsReadableAtRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	store := open(t, path, newIdentity(t))
	w, err := store.BeginSnapshot(state.Snapshot{ID: "s1", Source: "okta.corp"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Items([]identity.Item{item(identity.KindUser, "00u-planted-id")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Complete(time.Unix(2, 0), "acme", state.Event{}); err != nil {
		t.Fatal(err)
	}
	if err := store.PutCredential("okta", state.Credential{Value: "planted-secret"}, state.Event{}); err != nil {
		t.Fatal(err)
	}
	binding := history.Binding{Item: identity.Address{Source: "okta.corp", Kind: identity.KindUser, ID: "00u-planted-id"},
		Resource: identity.ResourceID{Type: "user", Key: "planted-key"}}
	if err := store.PutRunStep("r1", history.Step{StepID: "user:planted-key"}, []history.Binding{binding},
		state.Event{}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"planted-name", "planted-id", "planted-secret", "planted-key"} {
		if bytes.Contains(content, []byte(text)) {
			t.Errorf("the file holds %q in clear", text)
		}
	}
}

func TestStore_OpensForItsRecipientsOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := open(t, path, newIdentity(t)).Close(); err != nil {
		t.Fatal(err)
	}
	backend, err := bolt.Open(path, time.Second, bolt.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	if _, err := state.Open(t.Context(), backend, newIdentity(t)); !errors.Is(err, state.ErrNoKey) {
		t.Errorf("a stranger's key opened the state: %v", err)
	}
}

func TestStore_RefusesANewerFormat(t *testing.T) {
	path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
	if err := open(t, path, identities).Close(); err != nil {
		t.Fatal(err)
	}
	backend, err := bolt.Open(path, time.Second, bolt.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	if err := backend.Update(t.Context(), func(tx state.Tx) error {
		return tx.Put("meta", "format_version",
			[]byte("99"))
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Open(t.Context(), backend, identities); !errors.Is(err, state.ErrNewer) {
		t.Errorf("a newer state was opened: %v", err)
	}
}

func TestBolt_ADamagedFileIsAnErrorAndNoPanic(t *testing.T) {
	cases := map[string]func([]byte) []byte{
		"garbage": func([]byte) []byte { return bytes.Repeat([]byte("garbage "), 8192) },
		"cut":     func(b []byte) []byte { return b[:len(b)/3] },
		"zeroed":  func(b []byte) []byte { return make([]byte, len(b)) },
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
			if err := open(t, path, identities).Close(); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(content), 0o600); err != nil {
				t.Fatal(err)
			}
			backend, err := bolt.Open(path, time.Second, bolt.Holder{})
			if err == nil {
				defer backend.Close()
				_, err = state.Open(t.Context(), backend, identities)
			}
			if !errors.Is(err, state.ErrCorrupt) {
				t.Errorf("wanted ErrCorrupt, got %v", err)
			}
		})
	}
}

func TestBolt_WhatTheSystemRefusesIsNoDamage(t *testing.T) {
	folder := t.TempDir()
	link := filepath.Join(folder, "loop")
	if err := os.Symlink(link, link); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(link, time.Second, bolt.Holder{}); err == nil || errors.Is(err, state.ErrCorrupt) {
		t.Errorf("wanted an error of the system, got %v", err)
	}
}

func TestAudit_FindsAChangedAndARemovedRecord(t *testing.T) {
	cases := map[string]func(state.Tx) error{
		"a removed last record":   func(tx state.Tx) error { return tx.Delete("audit", "000000000003") },
		"a removed middle record": func(tx state.Tx) error { return tx.Delete("audit", "000000000002") },
		"two records exchanged": func(tx state.Tx) error {
			a, b := bytes.Clone(tx.Get("audit", "000000000001")), bytes.Clone(tx.Get("audit", "000000000002"))
			return errors.Join(tx.Put("audit", "000000000001", b), tx.Put("audit", "000000000002", a))
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
			store := open(t, path, identities)
			for i := range 3 {
				if err := store.Store.Record(state.Event{Name: "migration.test", Target: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
			if chain, err := store.Audit(); err != nil || len(chain) != 3 {
				t.Fatalf("an untouched chain: %d records, %v", len(chain), err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			backend, err := bolt.Open(path, time.Second, bolt.Holder{})
			if err != nil {
				t.Fatal(err)
			}
			if err := backend.Update(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			store.Store, err = state.Open(t.Context(), backend, identities)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			if _, err := store.Audit(); !errors.Is(err, state.ErrCorrupt) {
				t.Errorf("wanted ErrCorrupt, got %v", err)
			}
		})
	}
}

func TestMakeIdentity_WritesAFileThatOnlyItsOwnerReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "identity")
	recipient, made, err := state.MakeIdentity(path)
	if err != nil || !made || !strings.HasPrefix(recipient, "age1") {
		t.Fatalf("%q %v %v", recipient, made, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	again, made, err := state.MakeIdentity(path)
	if err != nil || made || again != recipient {
		t.Errorf("a second call made another identity: %q %v %v", again, made, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Identities("", path); err == nil {
		t.Error("an identity that others can read was taken")
	}
}

func TestMakeIdentity_ManyAtOnceMakeOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity")
	recipients := make([]string, 8)
	var all sync.WaitGroup
	for i := range recipients {
		all.Go(func() {
			var err error
			if recipients[i], _, err = state.MakeIdentity(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	identities, err := state.Identities("", path)
	for _, recipient := range recipients {
		if err != nil || recipient != state.RecipientOf(identities) {
			t.Errorf("somebody was told %q, the file has %q (%v)", recipient, state.RecipientOf(identities), err)
		}
	}
}
