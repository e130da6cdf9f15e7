package state

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

const journalSuffix = ".journal"

// largestBatch is how many records one fsync commits at most.
const largestBatch = 512

// JournalMoment is a boundary that a test may stop at.
type JournalMoment string

// The moments of a record.
const (
	BeforeRecord JournalMoment = "before" // nothing of it is in the file
	AfterRecord  JournalMoment = "after"  // it is on disk
)

// JournalOptions say where a journal is.
type JournalOptions struct {
	Folder string
	Run    string
	// Watch hears of every record before it is written and after it is on disk. Nil in the product; tests kill the process
	// in it.
	Watch func(moment JournalMoment, sequence int, record JournalRecord)
	// Single commits each record with an fsync of its own. It is there to measure what group commit gains.
	Single bool
}

func (o JournalOptions) path() string { return filepath.Join(o.Folder, o.Run+journalSuffix) }

// Torn says that the end of a journal was cut: the process died while it wrote a record, so nothing had relied on it
// yet.
type Torn struct {
	Run   string
	After int   // sequence of the last whole record
	Bytes int64 // that were cut
}

// Journal is the write-ahead record of one run: what Append returns for is on disk. It is safe for many goroutines;
// records that wait at the same time share one fsync.
type Journal struct {
	owner   *Migration
	options JournalOptions
	file    *os.File
	end     scanned
	broken  error

	queue   chan pendingRecords
	stopped sync.WaitGroup
}

type pendingRecords struct {
	records []JournalRecord
	done    chan error
}

// OpenJournal opens or begins the journal of a run and hands its records to visit, in order. A record that was cut off
// by a crash is removed and reported; one that is damaged in the midst is ErrCorrupt. The journal is this process's
// alone until it is closed: ErrJournalHeld says that it is another one's.
func (m *Migration) OpenJournal(options JournalOptions, visit func(JournalRecord) error) (*Journal, *Torn, error) {
	if err := validRun(options.Run); err != nil {
		return nil, nil, err
	}
	if err := MakeFolder(options.Folder); err != nil {
		return nil, nil, fmt.Errorf("making the folder of the journal: %w", err)
	}
	file, err := openAlone(m.store.backend.ctx, options.path())
	if err != nil {
		return nil, nil, fmt.Errorf("run %s: %w", options.Run, err)
	}
	err = m.mine(options.Run, file)
	var end scanned
	var torn *Torn
	if err == nil || errors.Is(err, errNoRecord) {
		end, torn, err = m.scanJournal(file, options.Run, scanned{}, visit)
	}
	if err == nil {
		err = SyncFolder(options.Folder)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("journal %s: %w", options.path(), err), file.Close())
	}
	j := &Journal{owner: m, options: options, file: file, end: end, queue: make(chan pendingRecords, largestBatch)}
	j.stopped.Add(1)
	go j.commit()
	return j, torn, nil
}

// validRun keeps a run's id from naming a file elsewhere.
func validRun(run string) error {
	if run == "" || strings.ContainsAny(run, `/\`) || strings.HasPrefix(run, ".") {
		return fmt.Errorf("%q is not the id of a run", run)
	}
	return nil
}

// scanJournal reads a journal that is ours alone from a known place on and cuts what a crash left behind its last whole
// record.
func (m *Migration) scanJournal(file *os.File, run string, from scanned, visit func(JournalRecord) error) (scanned,
	*Torn, error) {
	end, err := m.readJournal(file, run, from, visit)
	if err != nil || end.torn == 0 {
		return end, nil, err
	}
	torn := &Torn{Run: run, After: int(end.sequence), Bytes: end.torn}
	end.torn = 0
	if err := file.Truncate(end.offset); err != nil {
		return end, nil, fmt.Errorf("cutting what a crash left: %w", err)
	}
	return end, torn, file.Sync()
}

// readJournal reads a journal from a known place on to its last whole record.
func (m *Migration) readJournal(file *os.File, run string, from scanned,
	visit func(JournalRecord) error) (scanned, error) {
	info, err := file.Stat()
	if err != nil {
		return from, err
	}
	return scanFrames(file, info.Size(), from, func(f frame, behind scanned) error {
		record, err := m.openRecord(run, f, behind)
		if err != nil {
			return err
		}
		return visit(record)
	})
}

// errNoRecord says that a journal has no whole record, so that nobody knows whose it is.
var errNoRecord = errors.New("the journal has no whole record")

// mine tells by the first record of a journal whose run it is: that of another migration is ErrNotFound. A journal
// without a whole record, errNoRecord, is nobody's yet.
func (m *Migration) mine(run string, file io.ReaderAt) error {
	first, err := readFrame(bufio.NewReader(io.NewSectionReader(file, 0, frameHead+largestFrame+frameTail)))
	if errors.Is(err, io.EOF) || errors.Is(err, errBroken) {
		return errNoRecord
	}
	if err != nil {
		return err
	}
	record, err := m.openRecord(run, first, scanned{})
	if err == nil && record.Process != nil && (record.Process.Migration != m.name || record.Process.Tenant != m.tenant) {
		return fmt.Errorf("it is of another migration: %w", ErrNotFound)
	}
	return err
}

// Append writes records and returns when they are on disk. After an error nothing more is taken: the file ends with the
// last record that was reported as written.
func (j *Journal) Append(records ...JournalRecord) error {
	if len(records) == 0 {
		return nil
	}
	waiting := pendingRecords{records: records, done: make(chan error, 1)}
	j.queue <- waiting
	return <-waiting.done
}

// commit writes what waits, until Close.
func (j *Journal) commit() {
	defer j.stopped.Done()
	for first := range j.queue {
		batch := []pendingRecords{first}
		for more := !j.options.Single; more && len(batch) < largestBatch; {
			select {
			case next, open := <-j.queue:
				if more = open; open {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		err := j.write(batch)
		for _, waiting := range batch {
			waiting.done <- err
		}
	}
}

func (j *Journal) write(batch []pendingRecords) error {
	if j.broken != nil {
		return j.broken
	}
	var buffer []byte
	next := j.end
	for _, waiting := range batch {
		for _, record := range waiting.records {
			next.sequence++
			j.watch(BeforeRecord, next.sequence, record)
			sealed, err := j.owner.sealRecord(j.options.Run, next.sequence, record)
			if err == nil {
				buffer, err = encodeFrame(buffer, next.sequence, sealed)
			}
			if err != nil {
				return err // nothing was written: the batch is refused, the journal stays usable
			}
		}
	}
	_, err := j.file.WriteAt(buffer, j.end.offset)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.broken = fmt.Errorf("writing the journal: %w", err)
		_ = j.file.Truncate(j.end.offset) // a part that stays is cut when the journal is opened
		return j.broken
	}
	next.offset += int64(len(buffer))
	from := j.end.sequence
	j.end = next
	for _, waiting := range batch {
		for _, record := range waiting.records {
			from++
			j.watch(AfterRecord, from, record)
		}
	}
	return nil
}

func (j *Journal) watch(moment JournalMoment, sequence uint64, record JournalRecord) {
	if j.options.Watch != nil {
		j.options.Watch(moment, int(sequence), record)
	}
}

// Sequence of the last record on disk. Call it when nobody appends.
func (j *Journal) Sequence() int { return int(j.end.sequence) }

// Close waits for what was handed to Append and closes the file.
func (j *Journal) Close() error {
	close(j.queue)
	j.stopped.Wait()
	return j.file.Close()
}

// Discard closes a journal and removes its file: nothing was done in its name.
func (j *Journal) Discard() error {
	return errors.Join(j.Close(), os.Remove(j.options.path()), SyncFolder(j.options.Folder))
}

// ReadJournal hands the records of a run's journal to visit without changing it. A run without a journal is
// ErrNotFound.
func (m *Migration) ReadJournal(folder, run string, visit func(JournalRecord) error) error {
	if err := validRun(run); err != nil {
		return err
	}
	file, err := os.Open(JournalOptions{Folder: folder, Run: run}.path())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("journal of run %s: %w", run, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	defer file.Close()
	if err := m.mine(run, file); err != nil && !errors.Is(err, errNoRecord) {
		return fmt.Errorf("journal of run %s: %w", run, err)
	}
	if _, err = m.readJournal(file, run, scanned{}, visit); err != nil {
		return fmt.Errorf("journal of run %s: %w", run, err)
	}
	return nil
}
