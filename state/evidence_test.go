package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/switchover"
	"github.com/rehome-iam/rehome/state"
)

func TestStore_AnArchivedMigrationTakesNoEvidence(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	by := state.Event{At: time.Unix(1, 0), Tenant: "acme", Actor: "test"}
	if _, err := openMigration(store, lifecycle.Declaration{Name: "acme", Tenant: "acme", Sources: []string{"okta.corp"}},
		by); err != nil {
		t.Fatal(err)
	}
	said := 0
	changes := map[string]func() error{
		"evidence": func() error {
			said++ // what is kept already would not be recorded again
			_, err := store.Declare("sha256:1", declaration.Declared{Rollback: &declaration.Rollback{Owner: fmt.Sprint(said)}},
				by)
			return err
		},
		"a verification": func() error { return store.PutVerification(state.Verification{ID: "v-1"}, by) },
		"a cutover": func() error {
			return store.PutCutovers(state.CutoverChange{Record: switchover.Record{Application: "okta.corp/application/1"}})
		},
		"anything": store.MayChange,
	}
	for name, change := range changes {
		if err := change(); err != nil {
			t.Errorf("an active migration refuses %s: %v", name, err)
		}
	}
	if _, err := store.of("acme").Archive(by); err != nil {
		t.Fatal(err)
	}
	for name, change := range changes {
		var refused *lifecycle.Refusal
		if err := change(); !errors.As(err, &refused) || refused.Rule != lifecycle.RuleArchived {
			t.Errorf("an archived migration takes %s: %v", name, err)
		}
	}
}

func TestStore_TheKeyOfPseudonymsStaysAndReadingItWritesNothing(t *testing.T) {
	path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
	if err := open(t, path, identities).Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key := func() []byte {
		store := open(t, path, identities)
		defer store.Close()
		key, err := store.PseudonymKey()
		if err != nil || len(key) != 32 {
			t.Fatalf("the key has %d bytes, %v", len(key), err)
		}
		return key
	}
	first := key()
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("reading the key changed the state (%v)", err)
	}
	store := open(t, path, identities)
	if _, err := store.Rotate([]string{state.RecipientOf(identities)}, t.TempDir(),
		state.Event{Name: "rotated", At: time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, key()) {
		t.Error("a rotation changed the key of pseudonyms")
	}
	other := open(t, filepath.Join(t.TempDir(), "other.db"), identities)
	defer other.Close()
	if another, err := other.PseudonymKey(); err != nil || bytes.Equal(first, another) {
		t.Errorf("two states have one key of pseudonyms (%v)", err)
	}
}
