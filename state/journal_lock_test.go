package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rehome-iam/rehome/state/fault"
	"github.com/rehome-iam/rehome/state/journal"
)

func nothing(journal.Record) error { return nil }

func TestJournal_IsOneWritersAlone(t *testing.T) {
	folder := t.TempDir()
	path, identities := filepath.Join(folder, "state.db"), newIdentity(t)
	first, second := open(t, path, identities), open(t, path, identities)
	options := journal.Options{Folder: journal.Folder(path), Run: "r-1"}
	j, _, err := first.OpenJournal(options, nothing)
	if err == nil {
		err = j.Append(begun("r-1"), intend("a"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if held, err := journal.Held(options.Folder, "r-1"); err != nil || !held {
		t.Errorf("held %t, %v", held, err)
	}

	// Half a record of the writer looks like what a crash leaves: nobody else may cut it.
	half, err := os.OpenFile(filepath.Join(options.Folder, "r-1.journal"), os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = half.WriteString("half a record")
	}
	if err = errors.Join(err, half.Close()); err != nil {
		t.Fatal(err)
	}
	if found, err := second.BringUp(options.Folder); err != nil || found.Records+len(found.Torn) > 0 {
		t.Errorf("the journal of a writer was followed: %+v, %v", found, err)
	}
	if _, _, err := second.OpenJournal(options, nothing); !errors.Is(err, fault.ErrHeld) {
		t.Errorf("a second writer got %v", err)
	}
	if err := j.Append(outcome("a", "applied")); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if held, err := journal.Held(options.Folder, "r-1"); err != nil || held {
		t.Errorf("held %t after its end, %v", held, err)
	}
	if found, err := second.BringUp(options.Folder); err != nil || found.Records != 3 {
		t.Errorf("after its end: %+v, %v", found, err)
	}
}

func TestBringUp_ManyProcessesTakeEachRecordOnce(t *testing.T) {
	path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
	folder := journal.Folder(path)
	first := open(t, path, identities)
	journalOf(t, first, folder, "r-1", begun("r-1"), intend("a"), outcome("a", "applied"),
		intend("b"), outcome("b", "applied"))
	var all sync.WaitGroup
	for range 6 {
		store := open(t, path, identities)
		all.Go(func() {
			if _, err := store.BringUp(folder); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	chain, err := first.Audit()
	if err != nil || len(chain) != 3 { // the beginning and two steps
		t.Errorf("the chain has %d records, %v", len(chain), err)
	}
}
