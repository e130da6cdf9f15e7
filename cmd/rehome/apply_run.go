package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/proving"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/state"
)

// lockVariable lets CI choose the id of the lease, so that a later job can name it.
const lockVariable = "REHOME_LOCK_ID"

// execution is one apply, from the approved plan to the end of the run.
type execution struct {
	s       *session
	work    *planning.Prepared
	o       applyOptions
	run     string
	lock    string
	began   time.Time
	resumed *resumed        // nil for a new run
	given   map[string]bool // steps whose secrets an earlier run handed out
	file    *state.Journal
	journal *runJournal
	vault   *secretVaults
	lease   *apply.Lease
	report  apply.Report  // after execute
	sources apply.Sources // those of the configuration unless set
	parting string        // what to say when a second interrupt ends the process; the usual words unless set
}

// newExecution finds the run that goes on, or names a new one. It changes nothing.
func newExecution(s *session, work *planning.Prepared, o applyOptions) (*execution, error) {
	e := &execution{s: s, work: work, o: o, run: s.NewID("r"), began: s.env.now().UTC()}
	run, err := unfinishedRun(s.store, work.Plan.PlanHash)
	if err != nil {
		return nil, err
	}
	if run != nil {
		e.run, e.began = run.ID, run.StartedAt
		if e.resumed, e.file, err = openResumed(s, *run); err != nil {
			return nil, err
		}
	}
	if o.rescue != "" {
		if err := takeRescue(s, s.path(o.rescue), e.resumed, e.file); err != nil {
			e.close()
			return nil, err
		}
	}
	if e.given, err = givenBefore(s, work.Plan.PlanHash); err != nil {
		e.close()
		return nil, err
	}
	if e.lock = s.env.getenv(lockVariable); e.lock == "" {
		e.lock = e.run
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._/-]{1,100}$`).MatchString(e.lock) {
		e.close()
		return nil, diag.Errorf("lock-id-invalid", "Lock id is not usable", "%s is %q; use at most 100 letters, digits, dots, dashes, slashes and underscores.", lockVariable, e.lock)
	}
	return e, nil
}

func (e *execution) close() {
	if e.file != nil {
		_ = e.file.Close() // all that counts was synced when it was appended
		e.file = nil
	}
}

// openVault checks that generated secrets have somewhere to go. It makes nothing yet.
func (e *execution) openVault() error {
	s := e.s
	var terminal io.Writer
	if s.env.terminal && !s.env.automation() && !s.global.json {
		terminal = s.env.out
	}
	var earlier []string
	if e.resumed != nil {
		earlier = e.resumed.secrets
	}
	vault, err := newSecretVaults(s.cfg, apply.Planned(e.work.Plan.Steps), destination{out: pathOrEmpty(s, e.o.secretsOut), recipients: e.o.recipients, terminal: terminal, earlier: earlier})
	if err != nil {
		return err
	}
	e.vault = vault
	if generated := e.generates(); generated > 0 && !vault.ready() {
		return diag.Errorf("secrets-need-a-file", "Secrets have no destination", "The plan generates %s, given out once and stored nowhere.\nGive -secrets-out=FILE, with -secrets-recipient=age1… to encrypt it.", view.Plural(generated, "client secret", "client secrets"))
	}
	return nil
}

// generates counts the one-time secrets of steps that are still to be done.
func (e *execution) generates() int {
	n := 0
	for _, step := range apply.Planned(e.work.Plan.Steps) {
		if done, _ := e.resumed.known().Of(step.ID); step.Action == plan.ActionCreate && !done && !e.given[step.ID] {
			n += len(step.AfterUnknown)
		}
	}
	return n
}

// execute takes the lease, runs the steps and closes the books.
func (e *execution) execute(ctx context.Context) error {
	claim := e.claim()
	if err := e.s.awaitTarget(ctx, e.work.Target, claim); err != nil {
		return err
	}
	if err := e.preconditions(ctx); err != nil {
		return err
	}
	before, err := proving.TryBreakGlass(ctx, e.s.Project, e.work.Target)
	if err == nil {
		err = verify.ShutOut(before, "Nothing was changed. Mend the account first: nobody could get in if the move went wrong.")
	}
	if err != nil {
		return err
	}
	if err := e.begin(ctx, claim); err != nil {
		return err
	}
	s, p := e.s, e.work.Plan
	s.say("Approved %s  run %s  %s, %d at a time", view.ShortHash(p.PlanHash), e.run, view.Plural(len(apply.Planned(p.Steps)), "step", "steps"), e.o.workers)
	s.env.parting.Store(new(cmp.Or(e.parting, fmt.Sprintf("Left at once. Run %s is not finished: the same apply goes on with it.", e.run))))
	quiet := context.AfterFunc(ctx, func() {
		s.say("Interrupted: what is in flight is finished, nothing more is started. Interrupt again to leave at once.")
	})
	defer quiet()
	bar := newProgress(s.env, s.global, s.events)
	if e.sources == nil {
		sources := s.SecretSources()
		defer sources.Close()
		e.sources = sources
	}
	options := apply.Options{Workers: e.o.workers, FailFast: e.o.failFast, Progress: bar.bar, Guard: e.lease.Confirm, Given: e.given}
	if e.resumed != nil {
		options.Done, options.Begun = e.resumed.results(), e.resumed.Begun
	}
	report, fault := apply.Run(ctx, p.Steps, goneTarget{e.work.Target}, e.sources, e.journal, handing{e.vault}, options)
	bar.end()
	e.report = report
	if fault == nil {
		fault = e.journal.bindMapped(p, e.resumed)
	}
	return e.finish(ctx, report, fault)
}

// awaitTarget waits for the lease of somebody else as long as -lock-timeout allows.
func (s *session) awaitTarget(ctx context.Context, markers apply.Markers, claim apply.Claim) error {
	return apply.AwaitClaim(ctx, markers, claim, s.env.now, s.global.lockTimeout, func(held *apply.HeldError) {
		s.say("Waiting for the target at most %s: %s", s.global.lockTimeout, view.Clean(held.Error()))
	})
}

// made is when the plan was made: as the state remembers it, or as the plan file says.
func (e *execution) made() time.Time {
	created, _ := time.Parse(time.RFC3339, e.work.Plan.CreatedAt)
	if known, err := e.s.store.PlanRecord(e.work.Plan.PlanHash); err == nil {
		created = known.CreatedAt
	}
	return created
}

func (e *execution) claim() apply.Claim {
	s, p := e.s, e.work.Plan
	holder := apply.Holder{ID: e.lock, Run: e.run, Actor: s.Actor(), Host: s.env.host, PID: os.Getpid(), Command: "rehome apply", Since: s.env.now()}
	return apply.Claim{Owner: s.Owner(), Holder: holder, PlanHash: p.PlanHash, CreatedAt: e.made(), Dead: func(h apply.Holder) bool { return s.dead(h, e.run) }}
}

// begin writes the run into the journal, then takes the lease: a lease whose run is in no journal could not be told from a stranger's.
func (e *execution) begin(ctx context.Context, claim apply.Claim) error {
	s, p, kind := e.s, e.work.Plan, state.JournalResume
	e.journal = &runJournal{s: s, bound: map[string]string{}}
	if e.resumed == nil {
		if err := keepApplied(s, p); err != nil {
			return err
		}
		folder, err := s.JournalFolder()
		if err != nil {
			return err
		}
		kind = state.JournalBegin
		if e.file, _, err = s.store.OpenJournal(state.JournalOptions{Folder: folder, Run: e.run, Watch: s.env.journalWatch}, newResumed(state.Run{}).take); err != nil {
			return err
		}
	} else {
		for _, step := range apply.Planned(p.Steps) {
			if before, done := e.resumed.Done[step.ID]; done {
				e.journal.bindings(step, before.ServerID) // for the marker: the earlier part did not come to write it
			}
		}
	}
	e.journal.file = e.file
	err := e.file.Append(state.JournalRecord{Kind: kind, At: s.env.now().UTC(), Process: s.process(e.run, e.lock, p, e.vault.out)})
	if err != nil {
		return err
	}
	if e.lease, err = apply.TakeLease(ctx, e.work.Target, claim, s.env.now); err == nil {
		return e.recordPlan(ctx)
	}
	var held *apply.HeldError
	var foreign *apply.ForeignError
	if e.resumed == nil && (errors.As(err, &held) || errors.As(err, &foreign) || errors.Is(err, apply.ErrSuperseded) || errors.Is(err, apply.ErrRevoked)) {
		err = errors.Join(err, e.file.Discard())
		e.file = nil
		return err
	}
	// The lease may be ours though its answer was lost, and the journal is what proves it to the next apply.
	return errors.Join(err, e.file.Append(state.JournalRecord{Kind: state.JournalEnd, At: s.env.now().UTC(), Status: history.StatusFailed}))
}

// recordPlan records every step of the plan and what of it people must do, unless an earlier part of the run did.
func (e *execution) recordPlan(ctx context.Context) error {
	recorded := 0
	err := e.s.store.RunPlan(e.run, func(state.PlannedStep) error { recorded++; return nil })
	if err == nil && recorded < len(e.work.Plan.Steps) {
		run := state.Run{ID: e.run, PlanHash: e.work.Plan.PlanHash, Migration: e.work.Plan.Migration.Name, Status: history.StatusStarted, StartedAt: e.began, RollbackOf: rolledBack(e.work.Plan)}
		err = beginRun(e.s, run, e.work.Plan)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, e.lease.Release(context.WithoutCancel(ctx), func(*identity.Marker) {}))
}

// finish writes the run's end, gives the lease back, lets the state follow, and says what came of it.
func (e *execution) finish(ctx context.Context, report apply.Report, fault error) error {
	s, p := e.s, e.work.Plan
	left := p.Summary.ManualFollowUp + p.Summary.Blocked + staying(p)
	undone := report.Count(history.Failed) + report.Count(history.NotStarted) + report.Count(history.Unknown)
	run := state.Run{ID: e.run, PlanHash: p.PlanHash, Migration: p.Migration.Name, Status: history.EndOf(false, undone, left), StartedAt: e.began, CompletedAt: s.env.now().UTC()}
	after, shut := proving.TryBreakGlass(context.WithoutCancel(ctx), s.Project, e.work.Target)
	if shut == nil {
		shut = verify.ShutOut(after, "It got in before this run. Sign in with it now, before sessions end, and go back: rehome rollback.")
	}
	fault = errors.Join(fault, shut)
	run.Status = history.EndOf(fault != nil, undone, left)
	released := e.lease.Release(context.WithoutCancel(ctx), func(m *identity.Marker) { e.mark(m, run) })
	if released != nil {
		run.Status = history.StatusFailed // what only the marker remembers is not there yet
	}
	recorded := e.record(run)
	_, declared := proving.RecordOn(s.Project, p.PlanHash)
	head, _ := s.whole.AuditHead()
	s.events.emit("apply_completed", map[string]any{"run": run.ID, "status": run.Status, "applied": report.Count(history.Applied), "already": report.Count(history.Already),
		"failed": report.Count(history.Failed), "not_started": report.Count(history.NotStarted), "unknown": report.Count(history.Unknown), "requests": report.Requests, "audit_head": head})
	if run.Status == history.StatusFailed {
		s.events.emitDeclared("rollback_guidance", map[string]any{"rollback": proving.Declared(s.cfg).Rollback})
	}
	if !s.global.json {
		printReport(s, p, report, e.vault, run, head, ctx.Err() != nil)
	}
	if err := errors.Join(fault, released, recorded, declared); err != nil {
		return err
	}
	if undone > 0 {
		return &statusError{status: exitError, quiet: !s.global.json, err: fmt.Errorf("%s failed, did not start or may be done", view.Plural(undone, "step", "steps"))}
	}
	if e.o.detailed && left > 0 {
		return &statusError{status: exitChanges, quiet: true}
	}
	return nil
}

// mark leaves in the target what the run did.
func (e *execution) mark(m *identity.Marker, run state.Run) {
	m.Run, m.RunHost = run.ID, e.s.env.host
	if run.Status != history.StatusFailed {
		m.AppliedPlan, m.AppliedMade = e.work.Plan.PlanHash, e.made().UTC().Format(time.RFC3339)
	}
	for key, resource := range e.journal.bound {
		if m.Bindings == nil {
			m.Bindings = map[string]string{}
		}
		m.Bindings[key] = resource
	}
	for _, key := range e.journal.unbound {
		delete(m.Bindings, key)
	}
}

// record ends the journal and lets the state follow it. What the journal refused goes into a rescue file.
func (e *execution) record(run state.Run) error {
	s := e.s
	ended := e.file.Append(state.JournalRecord{Kind: state.JournalEnd, At: run.CompletedAt, Status: run.Status, Plan: endedPlan(e.work.Plan, run.Status)})
	e.close()
	if unsaved := e.journal.unsaved; len(unsaved) > 0 {
		ended = writeRescue(s, *s.process(e.run, e.lock, e.work.Plan, e.vault.out), unsaved)
	}
	if err := s.BringUp(); err != nil {
		return errors.Join(ended, fmt.Errorf("the journal has the whole run, but the state did not follow it; the next command tries again: %w", err))
	}
	return ended
}
