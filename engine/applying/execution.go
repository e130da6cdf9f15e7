package applying

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/breakglass"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// execution is one apply, from the approved plan to the end of the run.
type execution struct {
	p       *project.Project
	work    *planning.Prepared
	in      Input
	run     string
	lock    string
	began   time.Time
	resumed *resumed        // nil for a new run
	given   map[string]bool // steps whose secrets an earlier run handed out
	file    *journal.Journal
	journal *runJournal
	vault   *delivering.Vault
	lease   *apply.Lease
}

// newExecution finds the run that goes on, or names a new one. It changes nothing.
func newExecution(p *project.Project, work *planning.Prepared, in Input) (*execution, error) {
	e := &execution{p: p, work: work, in: in, run: p.NewID("r"), began: p.Now().UTC()}
	if err := e.lookBack(); err != nil {
		e.close()
		return nil, err
	}
	if e.lock = in.Lock; e.lock == "" {
		e.lock = e.run
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._/-]{1,100}$`).MatchString(e.lock) {
		e.close()
		return nil, diag.Errorf("lock-id-invalid", "Lock id is not usable", "The id of the lock is %q; use at most 100 "+
			"letters, digits, dots, dashes, slashes and underscores.", e.lock)
	}
	return e, nil
}

// lookBack reads what earlier runs of the plan left: one that goes on, what a rescue file has of it, and which secrets
// were handed out.
func (e *execution) lookBack() error {
	hash := e.work.Plan.PlanHash
	runs, err := e.p.Migration().Runs()
	if err != nil {
		return err
	}
	if run := history.Unfinished(runs, hash); run != nil {
		e.run, e.began = run.ID, run.StartedAt
		if e.resumed, e.file, err = openResumed(e.p, *run, e.in.Watch); err != nil {
			return err
		}
	}
	if e.in.Rescue != "" {
		if err := takeRescue(e.p, e.p.Path(e.in.Rescue), e.resumed, e.file); err != nil {
			return err
		}
	}
	e.given, err = givenBefore(e.p, runs, hash)
	return err
}

func (e *execution) close() {
	if e.file != nil {
		_ = e.file.Close() // all that counts was synced when it was appended
		e.file = nil
	}
}

// openVault checks that generated secrets have somewhere to go. It makes nothing yet.
func (e *execution) openVault() (err error) {
	to := e.in.Secrets
	if e.resumed != nil {
		to = to.After(e.resumed.secrets)
	}
	if e.vault, err = delivering.Open(e.p, apply.Planned(e.work.Plan.Steps), to); err != nil {
		return err
	}
	if generated := e.generates(); generated > 0 && !e.vault.Ready() {
		return diag.Errorf("secrets-need-a-file", "Secrets have no destination", "The plan generates %s, given out once and "+
			"stored nowhere.\nGive -secrets-out=FILE, with -secrets-recipient=age1… to encrypt it.",
			phrase.Plural(generated, "client secret", "client secrets"))
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
func (e *execution) execute(ctx context.Context) (*apply.RunReport, error) {
	p, of := e.p, e.work.Plan
	claim := e.claim()
	if err := awaitTarget(ctx, p, e.work.Target, claim); err != nil {
		return nil, err
	}
	if err := e.preconditions(ctx); err != nil {
		return nil, err
	}
	err := breakglass.ShutOut(ctx, p, e.work.Target,
		"Nothing was changed. Mend the account first: nobody could get in if the move went wrong.")
	if err != nil {
		return nil, err
	}
	if err := e.begin(ctx, claim); err != nil {
		return nil, err
	}
	steps := phrase.Plural(len(apply.Planned(of.Steps)), "step", "steps")
	p.Note("Approved %s  run %s  %s, %d at a time", phrase.ShortHash(of.PlanHash), e.run, steps, e.in.Workers)
	p.Events.Send(project.Parting{
		Text: fmt.Sprintf("Left at once. Run %s is not finished: the same apply goes on with it.", e.run),
	})
	heard := context.AfterFunc(ctx, func() {
		p.Note("Interrupted: what is in flight is finished, nothing more is started. Interrupt again to leave at once.")
	})
	defer heard()
	report, fault := e.runSteps(ctx)
	if fault == nil {
		fault = e.journal.bindMapped(of, e.resumed)
	}
	return e.finish(ctx, report, fault)
}

func (e *execution) runSteps(ctx context.Context) (apply.Report, error) {
	p, sources := e.p, e.in.sources
	if sources == nil {
		configured := delivering.SourcesOf(p)
		defer configured.Close()
		sources = configured
	}
	options := apply.Options{Workers: e.in.Workers, FailFast: e.in.FailFast, Guard: e.lease.Confirm, Given: e.given,
		Progress: func(done, total int, current string) {
			p.Events.Send(project.Progress{Done: done, Total: total, Current: current})
		},
	}
	if e.resumed != nil {
		options.Done, options.Begun = e.resumed.results(), e.resumed.Begun
	}
	defer p.Events.Send(project.Progress{End: true})
	return apply.Run(ctx, e.work.Plan.Steps, goneTarget{e.work.Target}, sources, e.journal, e.vault, options)
}

// preconditions re-reads the live target before the first write and refuses when any step's before is no longer true.
func (e *execution) preconditions(ctx context.Context) error {
	live := map[identity.ResourceID]identity.Resource{}
	_, err := e.work.Target.Read(ctx, func(r identity.Resource) error {
		live[r.ID()] = r
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the target before the first write: %w", err)
	}
	schema, err := e.work.Target.Schema(ctx)
	if err != nil {
		return err
	}
	schemas := map[string]identity.ResourceSchema{}
	for _, r := range schema.Resources {
		schemas[r.Type] = r
	}
	lines := apply.Preconditions(e.work.Plan, live, schemas, e.resumed.known())
	used, err := e.in.Back.UsedSince(ctx, e.p, e.work, live)
	if err != nil {
		return err
	}
	if err := apply.TargetChanged(e.work.Plan, append(lines, used...)); err != nil {
		return project.Refuse(project.CauseHash, err)
	}
	return nil
}

// begin writes the run into the journal, then takes the lease: a lease whose run is in no journal could not be told from
// a stranger's.
func (e *execution) begin(ctx context.Context, claim apply.Claim) error {
	p, of, kind := e.p, e.work.Plan, journal.Resume
	e.journal = &runJournal{now: p.Now, bound: map[string]string{}}
	if e.resumed == nil {
		kind = journal.Begin
		if err := e.beginAnew(); err != nil {
			return err
		}
	} else {
		for _, step := range apply.Planned(of.Steps) {
			if before, done := e.resumed.Done[step.ID]; done {
				e.journal.bindings(step, before.ServerID) // for the marker: the earlier part did not come to write it
			}
		}
	}
	e.journal.file = e.file
	err := e.file.Append(journal.Record{Kind: kind, At: p.Now().UTC(), Process: e.process()})
	if err != nil {
		return err
	}
	if e.lease, err = apply.TakeLease(ctx, e.work.Target, claim, p.Now); err == nil {
		return e.recordPlan(ctx)
	}
	if e.resumed == nil && apply.Refused(err) {
		err = errors.Join(err, e.file.Discard())
		e.file = nil
		return err
	}
	// The lease may be ours though its answer was lost, and the journal is what proves it to the next apply.
	return errors.Join(err, e.file.Append(journal.Record{
		Kind: journal.End, At: p.Now().UTC(), Status: history.StatusFailed,
	}))
}

// beginAnew keeps the plan, which may have come as a file, so that this state can show and prove what it applied, and
// opens the journal of a new run.
func (e *execution) beginAnew() error {
	migration := e.p.Migration()
	if _, err := migration.Plan(e.work.Plan.PlanHash); err != nil {
		if !errors.Is(err, state.ErrNotFound) {
			return err
		}
		if err := migration.KeepPlan(e.work.Plan); err != nil {
			return err
		}
	}
	folder, err := e.p.JournalFolder()
	if err != nil {
		return err
	}
	options := journal.Options{Folder: folder, Run: e.run, Watch: e.in.Watch}
	e.file, _, err = migration.OpenJournal(options, newResumed(history.Run{}).take)
	return err
}

// process is how this process signs its part of a run.
func (e *execution) process() *journal.Process {
	p, of := e.p, e.work.Plan
	return &journal.Process{
		Format: journal.Format, Run: e.run, PlanHash: of.PlanHash, Migration: of.Migration.Name,
		Tenant: p.Config().Migration.Tenant, Target: of.Target.Identity, Actor: p.Actor(), Host: p.Host, PID: p.PID,
		Lock: e.lock, RollbackOf: of.TakesBack(), SecretsOut: e.vault.Out(), Steps: len(apply.Planned(of.Steps)),
	}
}

// recordPlan records every step of the plan and what of it people must do, unless an earlier part of the run did.
func (e *execution) recordPlan(ctx context.Context) error {
	recorded, of := 0, e.work.Plan
	err := e.p.Migration().RunPlan(e.run, func(state.PlannedStep) error { recorded++; return nil })
	if err == nil && recorded < len(of.Steps) {
		err = beginRun(e.p, history.Run{
			ID: e.run, PlanHash: of.PlanHash, Migration: of.Migration.Name, Status: history.StatusStarted, StartedAt: e.began,
			RollbackOf: of.TakesBack(),
		}, of)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, e.lease.Release(context.WithoutCancel(ctx), func(*contract.Marker) {}))
}
