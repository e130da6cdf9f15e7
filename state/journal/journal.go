package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rehome-iam/rehome/state/fault"
)

const suffix = ".journal"

// largestBatch is how many records one fsync commits at most.
const largestBatch = 512

// Moment is a boundary that a test may stop at.
type Moment string

// The moments of a record.
const (
	BeforeRecord Moment = "before" // nothing of it is in the file
	AfterRecord  Moment = "after"  // it is on disk
)

// Options say where a journal is.
type Options struct {
	Folder string
	Run    string
	// Watch hears of every record before it is written and after it is on disk. Nil in the product; tests kill the
	// process in it.
	Watch func(moment Moment, sequence int, record Record)
	// Single commits each record with an fsync of its own. It is there to measure what group commit gains.
	Single bool
}

func (o Options) path() string { return filepath.Join(o.Folder, o.Run+suffix) }

// Torn says that the end of a journal was cut: the process died while it wrote a record, so nothing had relied on it
// yet.
type Torn struct {
	Run   string
	After int   // sequence of the last whole record
	Bytes int64 // that were cut
}

// Book has the journals of one migration: those of others do not open with it.
type Book struct {
	cipher            Cipher
	migration, tenant string
}

// BookOf is the book of a migration of a tenant.
func BookOf(cipher Cipher, migration, tenant string) Book {
	return Book{cipher: cipher, migration: migration, tenant: tenant}
}

func (b Book) owns(p *Process) bool { return p.Migration == b.migration && p.Tenant == b.tenant }

// Journal is the write-ahead record of one run: what Append returns for is on disk. It is safe for many goroutines;
// records that wait at the same time share one fsync.
type Journal struct {
	book    Book
	options Options
	file    *os.File
	end     Mark
	broken  error

	queue   chan pendingRecords
	stopped sync.WaitGroup
}

type pendingRecords struct {
	records []Record
	done    chan error
}

// Open opens or begins the journal of a run and hands its records to visit, in order. A record that was cut off by a
// crash is removed and reported; one that is damaged in the midst is fault.ErrCorrupt. The journal is this process's
// alone until it is closed: fault.ErrHeld says that it is another one's.
func (b Book) Open(ctx context.Context, options Options, visit func(Record) error) (*Journal, *Torn, error) {
	if err := validRun(options.Run); err != nil {
		return nil, nil, err
	}
	if err := fault.MakeFolder(options.Folder); err != nil {
		return nil, nil, fmt.Errorf("making the folder of the journal: %w", err)
	}
	file, err := openAlone(ctx, options.path())
	if err != nil {
		return nil, nil, fmt.Errorf("run %s: %w", options.Run, err)
	}
	err = b.mine(options.Run, file)
	var end Mark
	var torn *Torn
	if err == nil || errors.Is(err, errNoRecord) {
		end, torn, err = b.scanJournal(file, options.Run, Mark{}, visit)
	}
	if err == nil {
		err = fault.SyncFolder(options.Folder)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("journal %s: %w", options.path(), err), file.Close())
	}
	j := &Journal{book: b, options: options, file: file, end: end, queue: make(chan pendingRecords, largestBatch)}
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
func (b Book) scanJournal(file *os.File, run string, from Mark, visit func(Record) error) (Mark, *Torn, error) {
	end, err := b.readJournal(file, run, from, visit)
	if err != nil || end.torn == 0 {
		return end.Mark, nil, err
	}
	torn := &Torn{Run: run, After: int(end.Sequence), Bytes: end.torn}
	if err := file.Truncate(end.Offset); err != nil {
		return end.Mark, nil, fmt.Errorf("cutting what a crash left: %w", err)
	}
	return end.Mark, torn, file.Sync()
}

// readJournal reads a journal from a known place on to its last whole record.
func (b Book) readJournal(file *os.File, run string, from Mark, visit func(Record) error) (scanned, error) {
	info, err := file.Stat()
	if err != nil {
		return scanned{Mark: from}, err
	}
	return scanFrames(file, info.Size(), from, func(f frame, behind Mark) error {
		record, err := b.openRecord(run, f, behind)
		if err != nil {
			return err
		}
		return visit(record)
	})
}

// errNoRecord says that a journal has no whole record, so that nobody knows whose it is.
var errNoRecord = errors.New("the journal has no whole record")

// mine tells by the first record of a journal whose run it is: that of another migration is fault.ErrNotFound. A
// journal without a whole record, errNoRecord, is nobody's yet.
func (b Book) mine(run string, file io.ReaderAt) error {
	first, err := readFrame(bufio.NewReader(io.NewSectionReader(file, 0, frameHead+largestFrame+frameTail)))
	if errors.Is(err, io.EOF) || errors.Is(err, errBroken) {
		return errNoRecord
	}
	if err != nil {
		return err
	}
	record, err := b.openRecord(run, first, Mark{})
	if err == nil && record.Process != nil && !b.owns(record.Process) {
		return fmt.Errorf("it is of another migration: %w", fault.ErrNotFound)
	}
	return err
}

// Append writes records and returns when they are on disk. After an error nothing more is taken: the file ends with the
// last record that was reported as written.
func (j *Journal) Append(records ...Record) error {
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
			next.Sequence++
			j.watch(BeforeRecord, next.Sequence, record)
			sealed, err := j.book.sealRecord(j.options.Run, next.Sequence, record)
			if err == nil {
				buffer, err = encodeFrame(buffer, next.Sequence, sealed)
			}
			if err != nil {
				return err // nothing was written: the batch is refused, the journal stays usable
			}
		}
	}
	_, err := j.file.WriteAt(buffer, j.end.Offset)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.broken = fmt.Errorf("writing the journal: %w", err)
		_ = j.file.Truncate(j.end.Offset) // a part that stays is cut when the journal is opened
		return j.broken
	}
	next.Offset += int64(len(buffer))
	from := j.end.Sequence
	j.end = next
	for _, waiting := range batch {
		for _, record := range waiting.records {
			from++
			j.watch(AfterRecord, from, record)
		}
	}
	return nil
}

func (j *Journal) watch(moment Moment, sequence uint64, record Record) {
	if j.options.Watch != nil {
		j.options.Watch(moment, int(sequence), record)
	}
}

// Sequence of the last record on disk. Call it when nobody appends.
func (j *Journal) Sequence() int { return int(j.end.Sequence) }

// Close waits for what was handed to Append and closes the file.
func (j *Journal) Close() error {
	close(j.queue)
	j.stopped.Wait()
	return j.file.Close()
}

// Discard closes a journal and removes its file: nothing was done in its name.
func (j *Journal) Discard() error {
	return errors.Join(j.Close(), os.Remove(j.options.path()), fault.SyncFolder(j.options.Folder))
}

// Read hands the records of a run's journal to visit without changing it. A run without a journal is
// fault.ErrNotFound.
func (b Book) Read(folder, run string, visit func(Record) error) error {
	if err := validRun(run); err != nil {
		return err
	}
	file, err := os.Open(Options{Folder: folder, Run: run}.path())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("journal of run %s: %w", run, fault.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	defer file.Close()
	if err := b.mine(run, file); err != nil && !errors.Is(err, errNoRecord) {
		return fmt.Errorf("journal of run %s: %w", run, err)
	}
	if _, err = b.readJournal(file, run, Mark{}, visit); err != nil {
		return fmt.Errorf("journal of run %s: %w", run, err)
	}
	return nil
}
