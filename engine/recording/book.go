package recording

import (
	"errors"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// Watch hears of each record of a journal; tests end the process in it.
type Watch = func(moment journal.Moment, sequence int, record journal.Record)

// Book is the record of one run, of which an earlier process may have written a part. Whoever opens one closes it.
type Book struct {
	p       *project.Project
	of      *plan.Plan
	watch   Watch
	run     history.Run     // without steps
	earlier *earlier        // nil for a new run
	given   map[string]bool // steps whose secrets an earlier run handed out
	signed  journal.Process
	file    *journal.Journal
	lines   *lines
}

// Open finds the run of a plan that goes on, or names a new one. The rescue file is one that an earlier apply wrote,
// empty for none. Nothing is written yet, but what the rescue file holds.
func Open(p *project.Project, of *plan.Plan, rescue string, watch Watch) (*Book, error) {
	b := &Book{p: p, of: of, watch: watch, lines: &lines{now: p.Now, bound: map[string]string{}}, run: history.Run{
		ID: p.NewID("r"), PlanHash: of.PlanHash, Migration: of.Migration.Name, Status: history.StatusStarted,
		StartedAt: p.Now().UTC(), RollbackOf: of.TakesBack(),
	}}
	if err := b.lookBack(rescue); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// lookBack reads what earlier runs of the plan left: one that goes on, what a rescue file has of it, and which secrets
// were handed out.
func (b *Book) lookBack(rescue string) error {
	runs, err := b.p.Migration().Runs()
	if err != nil {
		return err
	}
	if run := history.Unfinished(runs, b.of.PlanHash); run != nil {
		b.run.ID, b.run.StartedAt = run.ID, run.StartedAt
		if err := b.openEarlier(*run); err != nil {
			return err
		}
	}
	if rescue != "" {
		if err := b.takeRescue(b.p.Path(rescue)); err != nil {
			return err
		}
	}
	b.given, err = givenBefore(b.p, runs, b.of.PlanHash)
	return err
}

// Close gives the journal back. All that counts was durable when it was written.
func (b *Book) Close() {
	if b.file != nil {
		_ = b.file.Close() // what was appended was synced
		b.file = nil
	}
}

// Run is the run as it began, without steps.
func (b *Book) Run() history.Run { return b.run }

// GoesOn tells whether an earlier process wrote a part of the run.
func (b *Book) GoesOn() bool { return b.earlier != nil }

// Known is what an earlier part of the run did, nil for a new run.
func (b *Book) Known() *history.Known { return b.earlier.known() }

// Given names the steps, by id, whose one-time values an earlier run of the plan handed out.
func (b *Book) Given() map[string]bool { return b.given }

// SecretFiles are those that earlier parts of the run were told to write secrets to.
func (b *Book) SecretFiles() []string {
	if b.earlier == nil {
		return nil
	}
	return b.earlier.secrets
}

// Before fills in what an apply must know of an earlier part of the run.
func (b *Book) Before(options *apply.Options) {
	options.Given = b.given
	if b.earlier != nil {
		options.Done, options.Begun = b.earlier.results(), b.earlier.Begun
	}
}

// Journal is what an apply writes into.
func (b *Book) Journal() apply.Journal { return b.lines }

// Made is when the plan was made: as the state remembers it, or as the plan file says.
func (b *Book) Made() time.Time {
	created, _ := time.Parse(time.RFC3339, b.of.CreatedAt)
	if known, err := b.p.Migration().PlanRecord(b.of.PlanHash); err == nil {
		created = known.CreatedAt
	}
	return created
}

// MayBegin refuses a plan when a later one was written into a plan file with this state. What other states know is in
// the marker.
func (b *Book) MayBegin() error {
	kept, err := b.p.Migration().Standings()
	if err != nil {
		return err
	}
	if later, is := lifecycle.Superseded(b.of.PlanHash, b.Made(), kept); is {
		return fmt.Errorf("%w: %s was written into a plan file at %s", apply.ErrSuperseded, later.Hash,
			later.SavedAt.Format(time.RFC3339))
	}
	return nil
}

// Begin writes into the journal that this process works on the run from now on, under the lease of an id. That comes
// before the lease itself: one whose run is in no journal could not be told from a stranger's.
func (b *Book) Begin(lock, secretsOut string) error {
	kind := journal.Resume
	if b.earlier == nil {
		kind = journal.Begin
		if err := b.beginAnew(); err != nil {
			return err
		}
	} else {
		for _, step := range apply.Planned(b.of.Steps) {
			if before, done := b.earlier.Done[step.ID]; done {
				b.lines.bindings(step, before.ServerID) // for the marker: the earlier part did not come to write it
			}
		}
	}
	b.lines.file = b.file
	p, of := b.p, b.of
	b.signed = journal.Process{
		Format: journal.Format, Run: b.run.ID, PlanHash: of.PlanHash, Migration: of.Migration.Name,
		Tenant: p.Config().Migration.Tenant, Target: of.Target.Identity, Actor: p.Actor(), Host: p.Host, PID: p.PID,
		Lock: lock, RollbackOf: b.run.RollbackOf, SecretsOut: secretsOut, Steps: len(apply.Planned(of.Steps)),
	}
	return b.file.Append(journal.Record{Kind: kind, At: p.Now().UTC(), Process: &b.signed})
}

// beginAnew keeps the plan, which may have come as a file, so that this state can show and prove what it applied, and
// opens the journal of a new run.
func (b *Book) beginAnew() error {
	migration := b.p.Migration()
	if _, err := migration.Plan(b.of.PlanHash); err != nil {
		if !errors.Is(err, state.ErrNotFound) {
			return err
		}
		if err := migration.KeepPlan(b.of); err != nil {
			return err
		}
	}
	folder, err := b.p.JournalFolder()
	if err != nil {
		return err
	}
	options := journal.Options{Folder: folder, Run: b.run.ID, Watch: b.watch}
	b.file, _, err = migration.OpenJournal(options, newEarlier(history.Run{}).take)
	return err
}

// NotLeased ends what Begin began when the lease was not had. The cause comes back with what went wrong about that.
func (b *Book) NotLeased(cause error) error {
	if b.earlier == nil && apply.Refused(cause) {
		cause = errors.Join(cause, b.file.Discard())
		b.file = nil
		return cause
	}
	// The lease may be ours though its answer was lost, and the journal is what proves it to the next apply.
	return errors.Join(cause, b.file.Append(journal.Record{
		Kind: journal.End, At: b.p.Now().UTC(), Status: history.StatusFailed,
	}))
}

// RecordPlan records the run, every step of its plan and what of it people must do, unless an earlier part of the run
// did. It comes before the first write to the target.
func (b *Book) RecordPlan() error {
	recorded := 0
	err := b.p.Migration().RunPlan(b.run.ID, func(lifecycle.PlannedStep) error { recorded++; return nil })
	if err != nil || recorded >= len(b.of.Steps) {
		return err
	}
	return recordSteps(b.p, b.run, b.of)
}

// BindMapped records the steps that write nothing to the target.
func (b *Book) BindMapped() error { return b.lines.bindMapped(b.of, b.earlier) }

// Mark leaves in the marker what a run did.
func (b *Book) Mark(run history.Run) func(*contract.Marker) {
	return func(m *contract.Marker) {
		m.Run, m.RunHost = run.ID, b.p.Host
		if run.Status != history.StatusFailed {
			m.AppliedPlan, m.AppliedMade = run.PlanHash, b.Made().UTC().Format(time.RFC3339Nano)
		}
		b.lines.mark(m)
	}
}

// End ends the journal and lets the state follow it. What the journal refused goes into a rescue file.
func (b *Book) End(run history.Run, steps apply.Report) error {
	record := b.of.Record()
	record.Status = run.Status.Plan()
	counts := map[history.Outcome]int{}
	for _, result := range steps.Results {
		counts[result.Outcome]++
	}
	ended := b.file.Append(journal.Record{
		Kind: journal.End, At: run.CompletedAt, Status: run.Status, Plan: &record, Counts: counts,
	})
	b.Close()
	if unsaved := b.lines.unsaved; len(unsaved) > 0 {
		ended = b.writeRescue(unsaved)
	}
	if err := b.p.BringUp(); err != nil {
		return errors.Join(ended, fmt.Errorf("the journal has the whole run, but the state did not follow it; "+
			"the next command tries again: %w", err))
	}
	return ended
}
