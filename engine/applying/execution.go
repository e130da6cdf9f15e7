package applying

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/breakglass"
	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/leasing"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/recording"
)

// execution is one apply, from the approved plan to the end of the run.
type execution struct {
	p     *project.Project
	work  *planning.Prepared
	in    Input
	lock  string
	book  *recording.Book
	vault *delivering.Vault
	lease *apply.Lease
}

// newExecution finds the run that goes on, or names a new one. It changes nothing.
func newExecution(p *project.Project, work *planning.Prepared, in Input) (*execution, error) {
	book, err := recording.Open(p, work.Plan, in.Rescue, in.Watch)
	if err != nil {
		return nil, err
	}
	e := &execution{p: p, work: work, in: in, book: book, lock: cmp.Or(in.Lock, book.Run().ID)}
	if !regexp.MustCompile(`^[A-Za-z0-9._/-]{1,100}$`).MatchString(e.lock) {
		book.Close()
		return nil, diag.Errorf("lock-id-invalid", "Lock id is not usable", "The id of the lock is %q; use at most 100 "+
			"letters, digits, dots, dashes, slashes and underscores.", e.lock)
	}
	return e, nil
}

// openVault checks that generated secrets have somewhere to go. It makes nothing yet.
func (e *execution) openVault() (err error) {
	to := e.in.Secrets.After(e.book.SecretFiles())
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
		done, _ := e.book.Known().Of(step.ID)
		if step.Action == plan.ActionCreate && !done && !e.book.Given()[step.ID] {
			n += len(step.AfterUnknown)
		}
	}
	return n
}

// execute takes the lease, runs the steps and closes the books.
func (e *execution) execute(ctx context.Context) (*apply.RunReport, error) {
	p, of := e.p, e.work.Plan
	run := e.book.Run().ID
	claim := leasing.Claim(p, e.lock, run, run)
	claim.PlanHash, claim.CreatedAt = of.PlanHash, e.book.Made()
	if err := rights(ctx, e.work.Target, of, e.book.Known()); err != nil {
		return nil, err
	}
	if err := leasing.Await(ctx, p, e.work.Target, claim); err != nil {
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
	p.Note("Approved %s  run %s  %s, %d at a time", phrase.ShortHash(of.PlanHash), run, steps, e.in.Workers)
	p.Events.Send(project.Parting{
		Text: fmt.Sprintf("Left at once. Run %s is not finished: the same apply goes on with it.", run),
	})
	heard := context.AfterFunc(ctx, func() {
		p.Note("Interrupted: what is in flight is finished, nothing more is started. Interrupt again to leave at once.")
	})
	defer heard()
	report, fault := e.runSteps(ctx)
	if fault == nil {
		fault = e.book.BindMapped()
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
	options := apply.Options{Workers: e.in.Workers, FailFast: e.in.FailFast, Guard: e.lease.Confirm,
		Progress: func(done, total int, current string) {
			p.Events.Send(project.Progress{Done: done, Total: total, Current: current})
		},
	}
	e.book.Before(&options)
	defer p.Events.Send(project.Progress{End: true})
	return apply.Run(ctx, e.work.Plan.Steps, apply.Plugged(e.work.Target), sources, e.book.Journal(), e.vault, options)
}

// rights refuses when the credential lacks a right that any step needs, with all of them in one message. A target that
// cannot tell is not asked.
func rights(ctx context.Context, target *project.Target, of *plan.Plan, earlier *history.Known) error {
	checks, err := target.Permissions(ctx)
	if project.Unsupported(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("before the first write: %w", err)
	}
	return apply.Rights(of, checks, earlier)
}

// preconditions re-reads the live target before the first write and refuses when any step's before is no longer true.
func (e *execution) preconditions(ctx context.Context) error {
	read, _, err := project.Resources(ctx, e.work.Target)
	if err != nil {
		return fmt.Errorf("before the first write: %w", err)
	}
	live := apply.LiveOf(read)
	schema, err := e.work.Target.Schema(ctx)
	if err != nil {
		return err
	}
	lines := apply.Preconditions(e.work.Plan, live, schema.Resources, e.book.Known())
	used, err := e.in.Back.UsedSince(ctx, e.p, e.work, live)
	if err != nil {
		return err
	}
	if err := apply.TargetChanged(e.work.Plan, append(lines, used...)); err != nil {
		return project.Refuse(project.CauseHash, err)
	}
	return nil
}

// begin writes the run into the journal, then takes the lease, then records the plan.
func (e *execution) begin(ctx context.Context, claim apply.Claim) error {
	if err := e.book.Begin(e.lock, e.vault.Out()); err != nil {
		return err
	}
	var err error
	if e.lease, err = apply.TakeLease(ctx, e.work.Target, claim, e.p.Now); err != nil {
		return e.book.NotLeased(err)
	}
	if err := e.book.RecordPlan(); err != nil {
		return errors.Join(err, e.lease.Release(context.WithoutCancel(ctx), nil))
	}
	return nil
}
