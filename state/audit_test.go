package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
	"github.com/rehome-iam/rehome/state/journal"
)

// Somebody who can write the file but has no key: records are removed, moved, changed and the counters with them.
func TestAudit_NamesTheRecordThatWasTamperedWith(t *testing.T) {
	key := func(n int) string { return fmt.Sprintf("%012d", n) }
	take := func(tx state.Tx, n int) []byte { return bytes.Clone(tx.Get("audit", key(n))) }
	cases := map[string]struct {
		tamper func(state.Tx) error
		broken int
		says   string
	}{
		"a removed first record":  {func(tx state.Tx) error { return tx.Delete("audit", key(1)) }, 1, "missing"},
		"a removed middle record": {func(tx state.Tx) error { return tx.Delete("audit", key(3)) }, 3, "missing"},
		"a removed last record": {func(tx state.Tx) error { return tx.Delete("audit", key(5)) }, 5,
			"ends at record 4 of 5"},
		"two records exchanged": {func(tx state.Tx) error {
			a, b := take(tx, 2), take(tx, 3)
			return errors.Join(tx.Put("audit", key(2), b), tx.Put("audit", key(3), a))
		}, 2, "does not decrypt"},
		"a changed byte": {func(tx state.Tx) error {
			record := take(tx, 4)
			record[len(record)/2] ^= 1
			return tx.Put("audit", key(4), record)
		}, 4, "does not decrypt"},
		"a record put in again": {func(tx state.Tx) error { return tx.Put("audit", key(6), take(tx, 5)) }, 6,
			"does not decrypt"},
		"a cut with its count": {func(tx state.Tx) error {
			return errors.Join(tx.Delete("audit", key(5)), tx.Put("meta", "audit_count", []byte("4")))
		}, 4, "another hash"},
		"a count that is too big": {func(tx state.Tx) error { return tx.Put("meta", "audit_count", []byte("9")) }, 6,
			"ends at record 5 of 9"},
		"a forged head": {func(tx state.Tx) error { return tx.Put("meta", "audit_head", []byte("00")) }, 5,
			"another hash"},
		"a foreign key": {func(tx state.Tx) error { return tx.Put("audit", "x", []byte("x")) }, 6, `"x"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
			store := open(t, path, identities)
			for i := range 5 {
				if err := store.Store.Record(state.Event{Name: "migration.test", At: time.Unix(int64(i), 0),
					Target: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
			if report, err := store.WalkAudit("", nil); err != nil || report.Records != 5 {
				t.Fatalf("an untouched chain: %+v, %v", report, err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			backend, err := bolt.Open(path, time.Second, bolt.Holder{})
			if err != nil {
				t.Fatal(err)
			}
			if err := backend.Update(t.Context(), c.tamper); err != nil {
				t.Fatal(err)
			}
			if store.Store, err = state.Open(t.Context(), backend, identities); err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			_, err = store.WalkAudit("", nil)
			var broken *audit.BrokenError
			if !errors.Is(err, state.ErrCorrupt) || !errors.As(err, &broken) || broken.Sequence != c.broken ||
				!strings.Contains(err.Error(), c.says) {
				t.Errorf("wanted record %d and %q, got %v", c.broken, c.says, err)
			}
		})
	}
}

// Somebody who also has the key can write a whole shorter chain. Only a hash that was kept elsewhere shows it.
func TestAudit_ACheckpointFindsAChainThatWasWrittenAnew(t *testing.T) {
	record := func(n int) (*state.Store, string) {
		store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
		t.Cleanup(func() { _ = store.Close() })
		for i := range n {
			if err := store.Store.Record(state.Event{Name: "migration.test", At: time.Unix(int64(i), 0),
				Target: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		head, err := store.AuditHead()
		if err != nil {
			t.Fatal(err)
		}
		return store.Store, head
	}
	whole, checkpoint := record(5)
	if report, err := whole.WalkAudit(checkpoint[:12], nil); err != nil || report.Checkpoint != 5 {
		t.Fatalf("%+v, %v", report, err)
	}
	shorter, _ := record(4)
	if _, err := shorter.WalkAudit("", nil); err != nil {
		t.Fatalf("a chain written anew is whole in itself: %v", err)
	}
	_, err := shorter.WalkAudit(checkpoint, nil)
	var cut *audit.CutError
	if !errors.Is(err, state.ErrCorrupt) || !errors.As(err, &cut) || cut.Records != 4 {
		t.Errorf("wanted a cut after record 4, got %v", err)
	}
	if _, err := whole.WalkAudit("4be1", nil); !errors.Is(err, audit.ErrCheckpoint) {
		t.Errorf("a checkpoint of four digits was taken: %v", err)
	}
}

func TestAudit_EachStepOfAJournalIsNamedByItsOutcome(t *testing.T) {
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "state.db"), newIdentity(t))
	defer store.Close()
	for _, record := range []journal.Record{begun("r1"), intend("a"), outcome("a", "applied"), intend("b"),
		outcome("b", "already"), intend("c"), outcome("c", "failed"),
		{Kind: journal.End, At: time.Unix(9, 0).UTC(), Status: "failed"}} {
		journalOf(t, store, folder, "r1", record)
	}
	if _, err := store.BringUp(folder); err != nil {
		t.Fatal(err)
	}
	var found []string
	if _, err := store.WalkAudit("", func(r state.AuditRecord) error {
		found = append(found,
			string(r.Event.Name))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := "migration.cutover_plan.applying migration.cutover_step.applied migration.cutover_step.applied " +
		"migration.cutover_step.failed migration.cutover_plan.applied"
	if got := strings.Join(found, " "); got != want {
		t.Errorf("wanted %s, got %s", want, got)
	}
}
