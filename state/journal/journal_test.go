package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/state/fault"
)

// paper binds a record to its address by a checksum, and hides nothing. Key parts those who may read each other.
type paper struct{ key string }

func (c paper) sum(address string, record []byte) []byte {
	sum := sha256.Sum256([]byte(c.key + "\x00" + address + "\x00" + string(record)))
	return sum[:8]
}

func (c paper) Seal(address string, record []byte) ([]byte, error) {
	return append(c.sum(address, record), record...), nil
}

func (c paper) Open(address string, sealed []byte) ([]byte, error) {
	if len(sealed) < 8 || !bytes.Equal(sealed[:8], c.sum(address, sealed[8:])) {
		return nil, fmt.Errorf("%w: %s does not open", fault.ErrCorrupt, address)
	}
	return sealed[8:], nil
}

var acme = BookOf(paper{"k"}, "acme", "acme")

func begin(run string) Record {
	return Record{Kind: Begin, At: time.Unix(1, 0).UTC(),
		Process: &Process{Format: Format, Run: run, Migration: "acme", Tenant: "acme"}}
}

func intend(step string) Record {
	return Record{Kind: Intend, At: time.Unix(2, 0).UTC(), Intend: &Intention{StepID: step}}
}

// opened opens the journal of a run and returns what was in it.
func opened(t *testing.T, options Options) (*Journal, *Torn, []string) {
	t.Helper()
	var found []string
	j, torn, err := acme.Open(t.Context(), options, func(r Record) error {
		found = append(found, name(r))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return j, torn, found
}

func name(r Record) string {
	if r.Intend != nil {
		return fmt.Sprintf("%d %s", r.Sequence, r.Intend.StepID)
	}
	return fmt.Sprintf("%d %s", r.Sequence, r.Kind)
}

func read(t *testing.T, folder, run string) []string {
	t.Helper()
	var found []string
	if err := acme.Read(folder, run, func(r Record) error { found = append(found, name(r)); return nil }); err != nil {
		t.Fatal(err)
	}
	return found
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// written is the file of a journal with a beginning and two steps, and where each record ends.
func written(t *testing.T, folder string) (content []byte, ends []int) {
	t.Helper()
	j, _, _ := opened(t, Options{Folder: folder, Run: "r1"})
	for _, r := range []Record{begin("r1"), intend("a"), intend("b")} {
		check(t, j.Append(r))
		ends = append(ends, int(j.end.Offset))
	}
	check(t, j.Close())
	content, err := os.ReadFile(filepath.Join(folder, "r1.journal"))
	check(t, err)
	return content, ends
}

func TestOpen_GoesOnWhereTheLastProcessStopped(t *testing.T) {
	options := Options{Folder: filepath.Join(t.TempDir(), "deep", "journal"), Run: "r1"}
	j, torn, found := opened(t, options)
	if torn != nil || found != nil || j.Sequence() != 0 {
		t.Errorf("a new journal holds %v, %v", found, torn)
	}
	check(t, j.Append(begin("r1"), intend("a")))
	check(t, j.Append())
	check(t, j.Close())
	j, torn, found = opened(t, options)
	if diff := cmp.Diff([]string{"1 begin", "2 a"}, found); diff != "" || torn != nil || j.Sequence() != 2 {
		t.Errorf("%v %s", torn, diff)
	}
	check(t, j.Append(intend("b")))
	check(t, j.Close())
	if diff := cmp.Diff([]string{"1 begin", "2 a", "3 b"}, read(t, options.Folder, "r1")); diff != "" {
		t.Error(diff)
	}
}

// A crash leaves any beginning of what was being written. Whatever it is, the whole records before it stay, the rest is
// cut and told, and the journal goes on with the next number.
func TestOpen_AfterACrashAtAnyByteTheWholeRecordsStay(t *testing.T) {
	content, ends := written(t, t.TempDir())
	all := []string{"1 begin", "2 a", "3 b"}
	near := func(at int) bool {
		return slices.ContainsFunc(ends, func(end int) bool { return at-end < 2 && end-at < 2 })
	}
	for length := range len(content) {
		if length%11 != 0 && !near(length) {
			continue // every byte takes ten seconds
		}
		folder := t.TempDir()
		check(t, os.WriteFile(filepath.Join(folder, "r1.journal"), content[:length], 0o600))
		whole := 0
		for whole < len(ends) && ends[whole] <= length {
			whole++
		}
		before := 0
		if whole > 0 {
			before = ends[whole-1]
		}
		if got := read(t, folder, "r1"); !slices.Equal(got, all[:whole]) {
			t.Fatalf("cut at %d it reads as %v", length, got)
		}
		if now, err := os.ReadFile(filepath.Join(folder, "r1.journal")); err != nil || len(now) != length {
			t.Fatalf("reading changed the file: %d bytes, %v", len(now), err)
		}
		j, torn, found := opened(t, Options{Folder: folder, Run: "r1"})
		if !slices.Equal(found, all[:whole]) || (torn != nil) != (length > before) ||
			torn != nil && (torn.Bytes != int64(length-before) || torn.After != whole || torn.Run != "r1") {
			t.Fatalf("cut at %d it opens with %v, torn %+v", length, found, torn)
		}
		check(t, j.Append(begin("r1")))
		check(t, j.Close())
		if got := read(t, folder, "r1"); len(got) != whole+1 || got[whole] != fmt.Sprintf("%d begin", whole+1) {
			t.Fatalf("cut at %d it goes on as %v", length, got)
		}
	}
}

// A bit that flips in the midst is no crash: nothing may be cut, as records behind it were relied on.
func TestOpen_ADamagedByteBeforeAWholeRecordIsNamedAndNothingIsCut(t *testing.T) {
	content, ends := written(t, t.TempDir())
	for at := range ends[1] {
		folder := t.TempDir()
		damaged := slices.Clone(content)
		damaged[at] ^= 0x40
		check(t, os.WriteFile(filepath.Join(folder, "r1.journal"), damaged, 0o600))
		_, _, err := acme.Open(t.Context(), Options{Folder: folder, Run: "r1"}, func(Record) error { return nil })
		record := 1
		if at >= ends[0] {
			record = 2
		}
		if !errors.Is(err, fault.ErrCorrupt) || !strings.Contains(err.Error(), fmt.Sprintf("record %d", record)) {
			t.Fatalf("byte %d: %v", at, err)
		}
		if now, err := os.ReadFile(filepath.Join(folder, "r1.journal")); err != nil || !bytes.Equal(now, damaged) {
			t.Fatalf("byte %d: the file was changed, %v", at, err)
		}
	}
}

func TestOpen_RecordsThatAreRearrangedAreDamage(t *testing.T) {
	content, ends := written(t, t.TempDir())
	first, second, third := content[:ends[0]], content[ends[0]:ends[1]], content[ends[1]:]
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"twice":     {slices.Concat(first, second, second, third), "calls itself 2"},
		"left out":  {slices.Concat(first, third), "calls itself 3"},
		"exchanged": {slices.Concat(first, third, second), "calls itself 3"},
		"from amid": {slices.Concat(second, third), "calls itself 2"},
	} {
		folder := t.TempDir()
		check(t, os.WriteFile(filepath.Join(folder, "r1.journal"), c.content, 0o600))
		err := acme.Read(folder, "r1", func(Record) error { return nil })
		if !errors.Is(err, fault.ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	folder := t.TempDir()
	check(t, os.WriteFile(filepath.Join(folder, "r2.journal"), content, 0o600))
	if err := acme.Read(folder, "r2", func(Record) error { return nil }); !errors.Is(err, fault.ErrCorrupt) {
		t.Errorf("the journal of another run: %v", err)
	}
}

func TestOpen_IsRefused(t *testing.T) {
	content, _ := written(t, t.TempDir())
	folder := t.TempDir()
	path := filepath.Join(folder, "r1.journal")
	check(t, os.WriteFile(path, content, 0o600))
	visit := func(Record) error { return nil }
	for _, run := range []string{"", "../r1", `a\b`, ".hidden", "a/b"} {
		if _, _, err := acme.Open(t.Context(), Options{Folder: folder, Run: run}, visit); err == nil {
			t.Errorf("%q was opened", run)
		}
		if err := acme.Read(folder, run, visit); err == nil {
			t.Errorf("%q was read", run)
		}
	}
	for name, book := range map[string]Book{"another migration": BookOf(paper{"k"}, "beta", "acme"),
		"another tenant": BookOf(paper{"k"}, "acme", "beta")} {
		_, _, err := book.Open(t.Context(), Options{Folder: folder, Run: "r1"}, visit)
		if !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if err := book.Read(folder, "r1", visit); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	own := errors.New("an error of the caller")
	failing := func(Record) error { return own }
	if _, _, err := acme.Open(t.Context(), Options{Folder: folder, Run: "r1"}, failing); !errors.Is(err, own) {
		t.Errorf("the error of the visitor became %v", err)
	}
	if err := acme.Read(folder, "r9", visit); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a run without a journal: %v", err)
	}
	newer := begin("r3")
	newer.Process.Format = Format + 1
	j, _, _ := opened(t, Options{Folder: folder, Run: "r3"})
	check(t, j.Append(newer))
	check(t, j.Close())
	if err := acme.Read(folder, "r3", visit); !errors.Is(err, fault.ErrNewer) {
		t.Errorf("a journal of a newer version: %v", err)
	}
	// What is refused lets go of the journal.
	if held, err := Held(folder, "r1"); held || err != nil {
		t.Errorf("a refused journal is held: %v", err)
	}
}

func TestOpen_OneProcessWritesAndTheOthersAreTold(t *testing.T) {
	options := Options{Folder: t.TempDir(), Run: "r1"}
	j, _, _ := opened(t, options)
	check(t, j.Append(begin("r1")))
	if held, err := Held(options.Folder, "r1"); !held || err != nil {
		t.Errorf("held %t, %v", held, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := acme.Open(ctx, options, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the wait ended with %v", err)
	}
	if f, err := acme.Follow(options.path(), false); f != nil || err != nil {
		t.Errorf("it is followed while it is written: %v", err)
	}
	check(t, j.Discard())
	if _, err := os.Stat(options.path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a discarded journal is there: %v", err)
	}
	if held, err := Held(options.Folder, "r1"); held || err != nil {
		t.Errorf("held %t, %v", held, err)
	}
}

// Many goroutines wait for one fsync: each record is there once, those of one call stand together, and each caller is
// told after its own are on disk.
func TestAppend_OfManyIsWholeAndInOrder(t *testing.T) {
	options := Options{Folder: t.TempDir(), Run: "r1"}
	var mutex sync.Mutex
	durable := map[string]bool{}
	options.Watch = func(moment Moment, _ int, r Record) {
		mutex.Lock()
		defer mutex.Unlock()
		if moment == AfterRecord && r.Intend != nil {
			durable[r.Intend.StepID] = true
		}
	}
	j, _, _ := opened(t, options)
	check(t, j.Append(begin("r1")))
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			pair := []Record{intend(fmt.Sprintf("%d-first", i)), intend(fmt.Sprintf("%d-second", i))}
			if err := j.Append(pair...); err != nil {
				t.Error(err)
			}
			mutex.Lock()
			defer mutex.Unlock()
			if !durable[pair[0].Intend.StepID] || !durable[pair[1].Intend.StepID] {
				t.Errorf("%d was told before its records were on disk", i)
			}
		})
	}
	all.Wait()
	check(t, j.Close())
	found := read(t, options.Folder, "r1")
	if len(found) != 81 {
		t.Fatalf("%d records", len(found))
	}
	for i := 1; i < len(found); i += 2 {
		_, first, _ := strings.Cut(found[i], " ")
		if want := fmt.Sprintf("%d %s", i+2, strings.Replace(first, "first", "second", 1)); found[i+1] != want {
			t.Errorf("%s is followed by %s", found[i], found[i+1])
		}
	}
}

// A disk that refuses: what was told as written stays, the rest is refused, and a later process goes on.
func TestAppend_AfterAWriteThatFailedTakesNothingMore(t *testing.T) {
	options := Options{Folder: t.TempDir(), Run: "r1"}
	j, _, _ := opened(t, options)
	check(t, j.Append(begin("r1")))
	writable := j.file
	readOnly, err := os.Open(options.path())
	check(t, err)
	j.file = readOnly // a write to it is refused
	first := j.Append(intend("a"))
	if first == nil || !strings.Contains(first.Error(), "writing the journal") {
		t.Fatalf("%v", first)
	}
	j.file = writable // there is room again, but nobody knows what the disk has
	if again := j.Append(intend("b")); !errors.Is(again, first) {
		t.Errorf("after a failure it took a record: %v", again)
	}
	check(t, j.Close())
	check(t, readOnly.Close())
	if diff := cmp.Diff([]string{"1 begin"}, read(t, options.Folder, "r1")); diff != "" {
		t.Error(diff)
	}
}

func TestAppend_ARecordThatIsTooLargeIsRefusedAlone(t *testing.T) {
	options := Options{Folder: t.TempDir(), Run: "r1"}
	j, _, _ := opened(t, options)
	check(t, j.Append(begin("r1")))
	if err := j.Append(intend(strings.Repeat("x", largestFrame))); err == nil {
		t.Error("a record was written that cannot be read back")
	}
	check(t, j.Append(intend("small")))
	check(t, j.Close())
	if diff := cmp.Diff([]string{"1 begin", "2 small"}, read(t, options.Folder, "r1")); diff != "" {
		t.Error(diff)
	}
}

func TestFollow_ReadsWhatIsNewAndCutsOnlyAlone(t *testing.T) {
	folder := t.TempDir()
	content, ends := written(t, folder)
	path := filepath.Join(folder, "r1.journal")
	check(t, os.WriteFile(path, append(slices.Clone(content), "RJ1\nhalf"...), 0o600))
	follow := func(alone bool, mark Mark) ([]string, News) {
		t.Helper()
		f, err := acme.Follow(path, alone)
		if err != nil || f == nil || f.Run() != "r1" {
			t.Fatalf("%+v %v", f, err)
		}
		defer f.Close()
		var found []string
		news, err := f.From(mark, func(r Record) error { found = append(found, name(r)); return nil })
		check(t, err)
		return found, news
	}
	for _, c := range []struct {
		alone bool
		mark  Mark
		want  []string
		news  News
	}{
		{false, Mark{}, []string{"1 begin", "2 a", "3 b"}, News{Torn: true}},
		{false, Mark{2, int64(ends[1])}, []string{"3 b"}, News{Torn: true}},
		{true, Mark{2, int64(ends[1])}, []string{"3 b"}, News{Cut: &Torn{Run: "r1", After: 3, Bytes: 8}}},
		{false, Mark{2, int64(ends[1])}, []string{"3 b"}, News{}},
		{false, Mark{3, int64(ends[2])}, nil, News{}},
		{false, Mark{9, int64(ends[2]) + 1}, nil, News{Short: true}},
	} {
		found, news := follow(c.alone, c.mark)
		if diff := cmp.Diff(c.news, news); diff != "" || !slices.Equal(found, c.want) {
			t.Errorf("alone %t from %+v: %v %s", c.alone, c.mark, found, diff)
		}
	}
	beta := BookOf(paper{"k"}, "beta", "beta")
	f, err := beta.Follow(path, false)
	check(t, err)
	defer f.Close()
	if news, err := f.From(Mark{}, func(Record) error { return errors.New("shown to another migration") }); err != nil ||
		news != (News{}) {
		t.Errorf("%+v %v", news, err)
	}
	if f, err := acme.Follow(filepath.Join(folder, "gone.journal"), true); f != nil || err != nil {
		t.Errorf("what is not there: %v", err)
	}
}

func TestFollow_WhatHasNoWholeRecordYetIsPassedOverAndDamageIsNot(t *testing.T) {
	folder := t.TempDir()
	content, ends := written(t, folder)
	damaged := slices.Clone(content)
	damaged[5] ^= 1
	for name, c := range map[string]struct {
		content []byte
		corrupt bool
	}{"nothing": {nil, false}, "half a record": {content[:ends[0]-1], false}, "damage": {damaged, true}} {
		path := filepath.Join(folder, "r1.journal")
		check(t, os.WriteFile(path, c.content, 0o600))
		f, err := acme.Follow(path, false)
		check(t, err)
		news, err := f.From(Mark{}, func(Record) error { return errors.New("there is no record") })
		if errors.Is(err, fault.ErrCorrupt) != c.corrupt || err != nil && !c.corrupt || news.Cut != nil {
			t.Errorf("%s: %+v %v", name, news, err)
		}
		check(t, f.Close())
	}
}

func TestRescue_KeepsWhatTheJournalRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.rescue")
	process := *begin("r1").Process
	outcome := Record{Kind: Outcome, At: time.Unix(3, 0).UTC(),
		Outcome: &StepOutcome{StepID: "a", Outcome: history.Applied, ServerID: "id"}}
	check(t, acme.WriteRescue(path, process, []Record{outcome}))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := acme.WriteRescue(path, process, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("an earlier rescue was written over: %v", err)
	}
	got, records, err := acme.ReadRescue(path)
	if diff := cmp.Diff(process, got); diff != "" || err != nil || len(records) != 1 {
		t.Fatalf("%v %v %s", records, err, diff)
	}
	if diff := cmp.Diff(outcome.Outcome, records[0].Outcome); diff != "" {
		t.Error(diff)
	}
	if _, _, err := BookOf(paper{"k"}, "beta", "beta").ReadRescue(path); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("another migration: %v", err)
	}
	content, err := os.ReadFile(path)
	check(t, err)
	for length := range len(content) {
		check(t, os.WriteFile(path, content[:length], 0o600))
		if _, records, err := acme.ReadRescue(path); !errors.Is(err, fault.ErrCorrupt) {
			t.Fatalf("cut at %d it reads as %d records, %v", length, len(records), err)
		}
	}
	j, err := os.ReadFile(mustJournal(t))
	check(t, err)
	check(t, os.WriteFile(path, j, 0o600))
	if _, _, err := acme.ReadRescue(path); !errors.Is(err, fault.ErrCorrupt) {
		t.Errorf("a journal passes for a rescue file: %v", err)
	}
}

func mustJournal(t *testing.T) string {
	folder := t.TempDir()
	written(t, folder)
	return filepath.Join(folder, "r1.journal")
}

func TestReseal_PutsAllOrNothingInPlace(t *testing.T) {
	folder := t.TempDir()
	content, ends := written(t, folder)
	path := filepath.Join(folder, "r1.journal")
	renew := func(address string, sealed []byte) ([]byte, error) {
		record, err := paper{"k"}.Open(address, sealed)
		if err != nil {
			return nil, err
		}
		return paper{"new"}.Seal(address, record)
	}
	for name, broken := range map[string]func(string, []byte) ([]byte, error){
		"fails": func(address string, sealed []byte) ([]byte, error) {
			if strings.HasSuffix(address, "/3") {
				return nil, errors.New("no")
			}
			return renew(address, sealed)
		},
		"changes sizes": func(address string, sealed []byte) ([]byte, error) { return append(sealed, 'x'), nil },
	} {
		if err := Reseal(t.Context(), path, broken); err == nil {
			t.Errorf("what %s passes", name)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
			t.Errorf("what %s changed the file: %v", name, err)
		}
	}
	check(t, os.WriteFile(path, append(slices.Clone(content), "torn"...), 0o600))
	check(t, Reseal(t.Context(), path, renew))
	book := BookOf(paper{"new"}, "acme", "acme")
	var behind []int
	check(t, book.Read(folder, "r1", func(r Record) error { behind = append(behind, int(r.Behind.Offset)); return nil }))
	if !slices.Equal(behind, ends) {
		t.Errorf("marks moved from %v to %v", ends, behind)
	}
}

func TestFiles_AreTheJournalsOfAFolder(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"b.journal", "a.journal", "a.journal.new", "notes.txt"} {
		check(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	check(t, os.Mkdir(filepath.Join(folder, "c.journal"), 0o700))
	found, err := Files(folder)
	want := []string{filepath.Join(folder, "a.journal"), filepath.Join(folder, "b.journal")}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("%v %v", found, err)
	}
	if found, err := Files(filepath.Join(folder, "none")); err != nil || found != nil {
		t.Errorf("%v %v", found, err)
	}
}
