package state_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

func begun(run string) journal.Record {
	return journal.Record{Kind: journal.Begin, At: time.Unix(1, 0).UTC(), Process: &journal.Process{
		Format: journal.Format, Run: run, PlanHash: "sha256:1", Migration: "acme", Tenant: "acme", Actor: "me",
		Host: "h", PID: 7}}
}

func intend(step string) journal.Record {
	return journal.Record{Kind: journal.Intend, At: time.Unix(2, 0).UTC(), Intend: &journal.Intention{
		StepID: step, Action: "create", Resource: identity.ResourceID{Type: "group", Key: step}}}
}

func outcome(step string, what history.Outcome) journal.Record {
	address := identity.Address{Source: "okta.corp", Kind: identity.KindGroup, ID: step}
	id := identity.ResourceID{Type: "group", Key: step}
	return journal.Record{Kind: journal.Outcome, At: time.Unix(3, 0).UTC(), Outcome: &journal.StepOutcome{
		StepID: step, Resource: id, Outcome: what, ServerID: "id-" + step,
		Bindings: []history.Binding{{Item: address, Resource: id}}}}
}

// journalOf writes records into a new journal and closes it.
func journalOf(t *testing.T, store opened, folder, run string, records ...journal.Record) {
	t.Helper()
	j, _, err := store.OpenJournal(journal.Options{Folder: folder, Run: run},
		func(journal.Record) error { return nil })
	if err == nil {
		err = errors.Join(j.Append(records...), j.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func kinds(t *testing.T, store opened, folder, run string) []string {
	t.Helper()
	var found []string
	err := store.ReadJournal(folder, run, func(r journal.Record) error {
		found = append(found, fmt.Sprint(r.Sequence, " ", r.Kind))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestJournal_ReadsBackInOrderAndNothingIsReadableAtRest(t *testing.T) {
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "state.db"), newIdentity(t))
	defer store.Close()
	journalOf(t, store, folder, "r1", begun("r1"), intend("planted-name"), outcome("planted-name", "applied"))
	journalOf(t, store, folder, "r1", journal.Record{Kind: journal.End, Status: "completed"})
	if diff := cmp.Diff([]string{"1 begin", "2 intend", "3 outcome", "4 end"}, kinds(t, store, folder, "r1")); diff != "" {
		t.Error(diff)
	}
	content, err := os.ReadFile(filepath.Join(folder, "r1.journal"))
	if err != nil || strings.Contains(string(content), "planted") {
		t.Errorf("the journal is not encrypted (%v)", err)
	}
	if info, err := os.Stat(filepath.Join(folder, "r1.journal")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestJournal_ACutEndIsRemovedAndReported(t *testing.T) {
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "state.db"), newIdentity(t))
	defer store.Close()
	journalOf(t, store, folder, "r1", begun("r1"), intend("a"))
	path := filepath.Join(folder, "r1.journal")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	journalOf(t, store, folder, "r1", outcome("a", "applied"))
	long, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole) + 1; cut < len(long); cut++ {
		if err := os.WriteFile(path, long[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j, torn, err := store.OpenJournal(journal.Options{Folder: folder, Run: "r1"},
			func(journal.Record) error { return nil })
		if err != nil || torn == nil || torn.After != 2 || torn.Bytes != int64(cut-len(whole)) {
			t.Fatalf("cut at %d: %+v, %v", cut, torn, err)
		}
		if err := errors.Join(j.Append(outcome("a", "applied")), j.Close()); err != nil {
			t.Fatal(err)
		}
		if got := kinds(t, store, folder, "r1"); len(got) != 3 {
			t.Fatalf("cut at %d: %v", cut, got)
		}
	}
}

func TestJournal_AFlippedByteInTheMidstIsNamed(t *testing.T) {
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "state.db"), newIdentity(t))
	defer store.Close()
	journalOf(t, store, folder, "r1", begun("r1"))
	path := filepath.Join(folder, "r1.journal")
	first, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	journalOf(t, store, folder, "r1", intend("a"))
	second, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	journalOf(t, store, folder, "r1", outcome("a", "applied"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := first.Size(); at < second.Size(); at++ {
		damaged := append([]byte{}, whole...)
		damaged[at] ^= 0x40
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		err := store.ReadJournal(folder, "r1", func(journal.Record) error { return nil })
		if !errors.Is(err, state.ErrCorrupt) || !strings.Contains(err.Error(), "record 2") {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
}

func TestJournal_ARecordCannotChangeItsPlaceOrRun(t *testing.T) {
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "state.db"), newIdentity(t))
	defer store.Close()
	journalOf(t, store, folder, "r1", begun("r1"))
	content, err := os.ReadFile(filepath.Join(folder, "r1.journal"))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "r2.journal"), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := store.ReadJournal(folder, "r2", func(journal.Record) error { return nil }); !errors.Is(err,
		state.ErrCorrupt) {
		t.Errorf("the journal of another run gave %v", err)
	}
}

func TestJournal_ManyWritersLoseNothing(t *testing.T) {
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "state.db"), newIdentity(t))
	defer store.Close()
	j, _, err := store.OpenJournal(journal.Options{Folder: folder, Run: "r1"},
		func(journal.Record) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for w := range 16 {
		writers.Go(func() {
			for i := range 20 {
				if err := j.Append(intend(fmt.Sprintf("s%d-%d", w, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got := kinds(t, store, folder, "r1"); len(got) != 320 {
		t.Errorf("%d records, wanted 320", len(got))
	}
}

func TestJournal_TheStateFollowsOnceHoweverOftenItIsAsked(t *testing.T) {
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "state.db"), newIdentity(t))
	defer store.Close()
	records := []journal.Record{begun("r1"), intend("a"), outcome("a", "applied"), intend("b"),
		outcome("b", "failed"),
		{Kind: journal.End, At: time.Unix(9, 0).UTC(), Status: "failed"}}
	for i, record := range records {
		journalOf(t, store, folder, "r1", record)
		for range 2 {
			if _, err := store.BringUp(folder); err != nil {
				t.Fatalf("after record %d: %v", i+1, err)
			}
		}
	}
	run, err := store.Run("r1")
	if err != nil || run.Status != "failed" || !run.CompletedAt.Equal(time.Unix(9, 0)) || len(run.Steps) != 4 {
		t.Errorf("run %+v, %v", run, err)
	}
	chain, err := store.Audit()
	if err != nil || len(chain) != 4 {
		t.Errorf("%d audit records, wanted 4: %v", len(chain), err)
	}
	bindings, err := store.Bindings()
	if err != nil || len(bindings) != 2 {
		t.Errorf("%d bindings, %v", len(bindings), err)
	}
}

func TestJournal_ARescueFileReadsBackWholeOrNotAtAll(t *testing.T) {
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "state.db"), newIdentity(t))
	defer store.Close()
	path := filepath.Join(folder, "x.rescue")
	if err := store.WriteRescue(path, *begun("r1").Process, []journal.Record{outcome("a", "applied")}); err != nil {
		t.Fatal(err)
	}
	process, records, err := store.ReadRescue(path)
	if err != nil || process.Run != "r1" || len(records) != 1 || records[0].Outcome.StepID != "a" {
		t.Errorf("%+v %+v %v", process, records, err)
	}
	if err := store.WriteRescue(path, process, records); err == nil {
		t.Error("an earlier rescue file was written over")
	}
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, content[:len(content)-1], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.ReadRescue(path); !errors.Is(err, state.ErrCorrupt) {
		t.Errorf("a cut rescue file gave %v", err)
	}
}

// BenchmarkJournal measures what group commit gains over an fsync of its own for each record.
func BenchmarkJournal(b *testing.B) {
	for _, single := range []bool{false, true} {
		for _, writers := range []int{1, 4, 16} {
			name := fmt.Sprintf("group/%d_writers", writers)
			if single {
				name = fmt.Sprintf("one_fsync_each/%d_writers", writers)
			}
			b.Run(name, func(b *testing.B) { benchJournal(b, single, writers) })
		}
	}
}

func benchJournal(b *testing.B, single bool, writers int) {
	folder := b.TempDir()
	store := open(b, filepath.Join(folder, "state.db"), newIdentity(b))
	defer store.Close()
	j, _, err := store.OpenJournal(journal.Options{Folder: folder, Run: "r1", Single: single},
		func(journal.Record) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	work := make(chan struct{})
	var busy sync.WaitGroup
	for range writers {
		busy.Go(func() {
			for range work {
				if err := j.Append(intend("step")); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ResetTimer()
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	busy.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
}
