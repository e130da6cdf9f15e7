package state

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/state/journal"
)

// replayBatch is how many records of a journal one transaction of the state takes.
const replayBatch = 500

// journalMark says how far the state has followed a journal, and whose words the next records are.
type journalMark struct {
	Sequence uint64          `json:"sequence"`
	Offset   int64           `json:"offset"`
	Process  journal.Process `json:"process"`
}

// BringUp makes the state say what the journals of this migration in folder say: after a crash the journal is right and
// the state follows it. Each record is taken once, however often and by how many processes it is called. A journal that
// ends before what the state knows of it is listed in Short. One that a process writes now is left to that process.
func (m *Migration) BringUp(folder string) (journal.Followed, error) {
	var found journal.Followed
	paths, err := journal.Files(folder)
	if err != nil {
		return found, err
	}
	for _, path := range paths {
		err := m.follow(path, &found)
		if errors.Is(err, ErrCorrupt) {
			found.Damaged = append(found.Damaged, fmt.Errorf("journal %s: %w", path, err))
			continue
		}
		if err != nil {
			return found, fmt.Errorf("journal %s: %w", path, err)
		}
	}
	return found, nil
}

// follow takes what the state does not know. Only where a crash cut the end is the journal taken alone, and read again:
// a process may have gone on with the run between the two.
func (m *Migration) follow(path string, found *journal.Followed) error {
	torn, err := m.followOnce(path, false, found)
	if err == nil && torn {
		_, err = m.followOnce(path, true, found)
	}
	return err
}

// errFollowed says that another process took the same records first.
var errFollowed = errors.New("another process followed the journal")

// followOnce tells whether the journal ends in what a crash cut off. Alone, it removes that.
func (m *Migration) followOnce(path string, alone bool, found *journal.Followed) (torn bool, err error) {
	file, err := m.book().Follow(path, alone)
	if err != nil || file == nil {
		return false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for {
		var mark journalMark
		if err := m.get(bucketRecords, "journal/"+file.Run(), &mark); err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		r := &replay{owner: m, run: file.Run(), known: mark.Sequence, mark: mark}
		news, err := file.From(journal.Mark{Sequence: mark.Sequence, Offset: mark.Offset}, r.add)
		if err == nil {
			err = r.flush()
		}
		found.Note(file.Run(), news, r.taken)
		if !errors.Is(err, errFollowed) {
			return news.Torn, err
		}
	}
}

// book has the journals of the migration.
func (m *Migration) book() journal.Book {
	return journal.BookOf(journalCipher{m.store}, m.name, m.tenant)
}

// journalCipher packs and encrypts as the state does.
type journalCipher struct{ store *Store }

// Seal implements journal.Cipher.
func (c journalCipher) Seal(address string, record []byte) ([]byte, error) {
	return c.store.box.Seal(address, c.store.pack.EncodeAll(record, nil))
}

// Open implements journal.Cipher.
func (c journalCipher) Open(address string, sealed []byte) ([]byte, error) {
	packed, err := c.store.box.Open(address, sealed)
	if err != nil {
		return nil, err
	}
	record, err := c.store.unpack.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %s does not unpack", ErrCorrupt, address)
	}
	return record, nil
}

// OpenJournal opens or begins the journal of a run; see journal.Book.Open.
func (m *Migration) OpenJournal(
	options journal.Options, visit func(journal.Record) error,
) (*journal.Journal, *journal.Torn, error) {
	return m.book().Open(m.store.backend.ctx, options, visit)
}

// ReadJournal hands the records of a run's journal to visit; see journal.Book.Read.
func (m *Migration) ReadJournal(folder, run string, visit func(journal.Record) error) error {
	return m.book().Read(folder, run, visit)
}

// WriteRescue keeps records that a journal refused; see journal.Book.WriteRescue.
func (m *Migration) WriteRescue(path string, process journal.Process, records []journal.Record) error {
	return m.book().WriteRescue(path, process, records)
}

// ReadRescue reads what WriteRescue wrote; see journal.Book.ReadRescue.
func (m *Migration) ReadRescue(path string) (journal.Process, []journal.Record, error) {
	return m.book().ReadRescue(path)
}

// replay gathers records for transactions of a fair size; the mark moves in the transaction that takes them.
type replay struct {
	owner   *Migration
	run     string
	known   uint64 // sequence of the last record that the state has
	mark    journalMark
	waiting []journal.Record
	taken   int
}

func (r *replay) add(record journal.Record) error {
	r.waiting = append(r.waiting, record)
	if len(r.waiting) < replayBatch {
		return nil
	}
	return r.flush()
}

func (r *replay) flush() error {
	if len(r.waiting) == 0 {
		return nil
	}
	err := r.owner.store.backend.Update(func(tx Tx) error {
		var now journalMark
		err := r.owner.read(tx, bucketRecords, "journal/"+r.run, &now)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if now.Sequence != r.known {
			return errFollowed
		}
		for _, record := range r.waiting {
			if err := r.take(tx, record); err != nil {
				return fmt.Errorf("taking over record %d: %w", record.Sequence, err)
			}
			r.mark.Sequence, r.mark.Offset = record.Behind.Sequence, record.Behind.Offset
		}
		return r.owner.put(tx, bucketRecords, "journal/"+r.run, r.mark)
	})
	if err != nil {
		return err
	}
	r.known = r.mark.Sequence
	r.taken += len(r.waiting)
	r.waiting = r.waiting[:0]
	return nil
}

// take puts one record into the state.
func (r *replay) take(tx Tx, record journal.Record) error {
	switch {
	case record.Process != nil:
		r.mark.Process = *record.Process
		return r.begin(tx, record)
	case record.Intend != nil:
		in := record.Intend
		return r.step(tx, history.Step{
			Order: record.Sequence, StepID: in.StepID, Resource: in.Resource, ServerID: in.ServerID,
			Outcome: history.Intended, At: record.At,
		})
	case record.Outcome != nil:
		return r.outcome(tx, record)
	case record.Kind == journal.End:
		return r.end(tx, record)
	}
	return nil
}

func (r *replay) begin(tx Tx, record journal.Record) error {
	var run Run
	err := r.owner.read(tx, bucketRecords, "run/"+r.run, &run)
	known := err == nil && record.Kind == journal.Begin // then its beginning is in the chain
	if errors.Is(err, ErrNotFound) {
		by := record.Process
		run, err = Run{
			ID: r.run, PlanHash: by.PlanHash, Migration: by.Migration, StartedAt: record.At, RollbackOf: by.RollbackOf,
		}, nil
	}
	if err != nil {
		return err
	}
	run.Status, run.CompletedAt = history.StatusStarted, time.Time{}
	if err := r.owner.put(tx, bucketRecords, "run/"+r.run, run); err != nil {
		return err
	}
	if known {
		return nil
	}
	name := audit.PlanApplying
	if record.Kind == journal.Resume {
		name = audit.PlanResumed
	}
	return r.owner.audit(tx, r.event(name, record, record.Process.PlanHash, map[string]string{"run": r.run}))
}

func (r *replay) event(name audit.Name, record journal.Record, target string, facts map[string]string) Event {
	by := r.mark.Process
	return Event{Name: name, At: record.At, Tenant: by.Tenant, Actor: by.Actor, Target: target, Facts: facts}
}

func (r *replay) step(tx Tx, step history.Step) error {
	return r.owner.put(tx, bucketRecords, fmt.Sprintf("run-step/%s/%08d", r.run, step.Order), step)
}

// outcome keeps the step, its bindings and its audit event. What is already done counts as applied in the chain.
func (r *replay) outcome(tx Tx, record journal.Record) error {
	o := record.Outcome
	step := history.Step{
		Order: record.Sequence, StepID: o.StepID, Resource: o.Resource, ServerID: o.ServerID, Outcome: o.Outcome,
		Reason: o.Reason, At: record.At,
	}
	if err := r.step(tx, step); err != nil {
		return err
	}
	for _, b := range o.Bindings {
		if err := r.owner.putBinding(tx, b); err != nil {
			return err
		}
	}
	facts := map[string]string{}
	maps.Copy(facts, o.Facts)
	facts["run"] = r.run
	for name, fact := range map[string]string{"reason": o.Reason, "target_id": o.ServerID} {
		if fact != "" {
			facts[name] = fact
		}
	}
	return r.owner.audit(tx, r.event(o.Outcome.Event(), record, o.StepID, facts))
}

func (r *replay) end(tx Tx, record journal.Record) error {
	var run Run
	if err := r.owner.read(tx, bucketRecords, "run/"+r.run, &run); err != nil {
		return err
	}
	run.Status, run.CompletedAt = record.Status, record.At
	facts := map[string]string{"run": r.run, "status": string(record.Status), "records": fmt.Sprint(record.Sequence)}
	for outcome, count := range record.Counts {
		facts[string(outcome)] = strconv.Itoa(count)
	}
	event := r.event(audit.PlanApplied, record, run.PlanHash, facts)
	ended := history.PlanRecord{Hash: run.PlanHash, Migration: run.Migration, Status: history.PlanFailed}
	if record.Plan != nil {
		ended = *record.Plan
	}
	return r.owner.endRun(tx, run, ended, event)
}
