package applying

import (
	"context"
	"errors"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/recording"
	"github.com/rehome-iam/rehome/state"
)

// Input says which plan is carried out, and how.
type Input struct {
	File    string // the plan file; without one the plan is computed again
	Hash    string // the approved one; empty where a person is asked
	Rescue  string // a rescue file that an earlier apply of the plan wrote
	Lock    string // the id of the lease; empty for that of the run
	Secrets delivering.Destination

	// Show lets the person who is asked for the hash see the plan first.
	Show func(*plan.Plan) error

	Workers  int     // steps at a time
	FailFast bool    // start nothing more after the first failure
	Back     WayBack // must be given
	Watch    Watch   // nil: nobody

	sources apply.Sources // of secrets; nil for those of the configuration
}

// Watch hears of each record of the journal of a run, right before and after it is written. Tests end the process in
// it.
type Watch = recording.Watch

// WayBack is what an apply needs to know of going back.
type WayBack interface {
	// Prepare computes the way back of a run. The caller closes what it returns.
	Prepare(ctx context.Context, p *project.Project, run string) (*planning.Prepared, error)
	// UsedSince says in a line of each what a way back would delete that has come into use after it was planned.
	UsedSince(ctx context.Context, p *project.Project, work *planning.Prepared,
		live apply.Live) ([]string, error)
}

// Apply carries out an approved plan, or goes on with a run of it that did not end. Where the run came to an end there
// is a report, with an error beside it when something about the run itself failed; steps that failed are no error.
func Apply(ctx context.Context, p *project.Project, in Input) (*apply.RunReport, error) {
	work, err := find(ctx, p, in)
	if err != nil {
		return nil, err
	}
	defer work.Close()
	if _, err := p.WithoutPeople(work.Plan); err != nil { // events name nobody from here on
		return nil, err
	}
	var report *apply.RunReport
	err = p.Hold(ctx, state.WorkApply, "", "", func(ctx context.Context, _ state.Activity) error {
		// The apply of the migration is this process's alone, so the state says what there is to go on with once it has
		// followed the journals again.
		if err := p.BringUp(); err != nil {
			return err
		}
		report, err = carryOut(ctx, p, work, in, func(e *execution) error { return approve(ctx, p, e, in) })
		return err
	})
	return report, err
}

// Unapproved carries out prepared plans that need nobody's approval, in a throw-away target: new secrets are for
// nobody, those of the incumbent come from elsewhere. No run comes back where none came to an end.
func Unapproved(back WayBack, watch Watch) func(ctx context.Context, p *project.Project, work *planning.Prepared, workers int,
	secrets apply.Sources) (run string, steps apply.Report, err error) {
	return func(ctx context.Context, p *project.Project, work *planning.Prepared, workers int, secrets apply.Sources,
	) (string, apply.Report, error) {
		in := Input{Secrets: delivering.ForNobody(), Workers: workers, Back: back, Watch: watch, sources: secrets}
		done, err := carryOut(ctx, p, work, in, func(*execution) error { return nil })
		if done == nil {
			return "", apply.Report{}, err
		}
		return done.Run.ID, done.Steps, err
	}
}

func carryOut(ctx context.Context, p *project.Project, work *planning.Prepared, in Input, may func(*execution) error,
) (*apply.RunReport, error) {
	e, err := newExecution(p, work, in)
	if err != nil {
		return nil, err
	}
	defer e.book.Close()
	if err := may(e); err != nil {
		return nil, err
	}
	if err := e.openVault(); err != nil {
		return nil, err
	}
	return e.execute(ctx)
}

// find reads the plan file, or computes the plan again, and opens the target.
func find(ctx context.Context, p *project.Project, in Input) (*planning.Prepared, error) {
	found, err := keptOrFile(ctx, p, in)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return computeAgain(ctx, p, in)
	}
	if in.Hash != "" {
		err := apply.Approve(found, in.Hash, func() string { return "The plan file is not the approved one." })
		if err != nil {
			return nil, project.Refuse(project.CauseHash, err)
		}
	}
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	here := plan.Migration{Name: cfg.Migration.Name, Tenant: cfg.Migration.Tenant, Mode: cfg.Migration.Mode}
	if err := apply.Fits(found, here, cfg.Target.Provider); err != nil {
		return nil, err
	}
	if _, err := p.StateForChange(ctx); err != nil {
		return nil, err
	}
	target, _, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	who, err := target.Identify(ctx)
	var lacking diag.Diagnostic
	if err != nil && errors.As(rights(ctx, target, found, nil), &lacking) {
		err = lacking // a credential without any right is not even told who the target is
	}
	if err == nil && who.Identity != found.Target.Identity {
		err = diag.Errorf("plan-other-target", "Plan is for another target",
			"The plan was made for %s, the configuration names %s.", found.Target.Identity, who.Identity)
	}
	if err != nil {
		target.Close()
		return nil, err
	}
	return &planning.Prepared{Plan: found, Target: target, Live: target}, nil
}

// keptOrFile is the plan of the file or, without one, the plan of an unfinished run of this hash: an interrupted run
// goes on with the plan that was approved, as a new one would see what is done already. Nil means that the plan must be
// computed.
func keptOrFile(ctx context.Context, p *project.Project, in Input) (*plan.Plan, error) {
	if in.File != "" {
		return planning.ReadFile(ctx, p, in.File)
	}
	if in.Hash == "" {
		return nil, nil
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := migration.Runs()
	if err != nil || history.Unfinished(runs, in.Hash) == nil {
		return nil, err
	}
	kept, err := migration.Plan(in.Hash)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	return kept, err
}

// computeAgain plans again what a hash without a plan file stands for: the way forward, or back when the state knows
// the hash as such.
func computeAgain(ctx context.Context, p *project.Project, in Input) (*planning.Prepared, error) {
	part, run, err := planning.Made(ctx, p, in.Hash)
	if err != nil {
		return nil, err
	}
	if run != "" {
		return in.Back.Prepare(ctx, p, run)
	}
	return planning.Prepare(ctx, p, planning.Input{Part: part})
}

// approve lets only an approved, fresh, previewed plan through. A run that began in time may be finished later.
func approve(ctx context.Context, p *project.Project, e *execution, in Input) error {
	of := e.work.Plan
	if of.PlanHash == "" {
		return &planning.DraftError{Plan: of}
	}
	began := p.Now()
	if e.book.GoesOn() {
		began = e.book.Run().StartedAt // what was fresh when the run began lets it go on to its end
	}
	if err := planning.Recheck(ctx, p, of, began); err != nil {
		return err
	}
	if err := apply.Fresh(of, began); err != nil {
		return err
	}
	if in.Hash == "" {
		if err := askForHash(ctx, p, of, in.Show); err != nil {
			return err
		}
	} else if err := apply.Approve(of, in.Hash, func() string { return explain(p, in.Hash, of) }); err != nil {
		return project.Refuse(project.CauseHash, err)
	}
	if e.book.GoesOn() {
		return nil
	}
	return e.book.MayBegin()
}

// explain names the steps that differ, when the approved plan's steps are still known here.
func explain(p *project.Project, approved string, now *plan.Plan) string {
	before, err := p.Migration().Plan(approved)
	if errors.Is(err, state.ErrNotFound) {
		return "The approved plan was not made with this state, so its steps are not known here; apply the plan file instead."
	}
	if err != nil {
		return "The approved plan's steps do not read."
	}
	return apply.Explain(before, now)
}

// askForHash asks a person for the first eight digits; where nobody can be asked, nothing is applied.
func askForHash(ctx context.Context, p *project.Project, of *plan.Plan, show func(*plan.Plan) error) error {
	if !p.Ask.Possible() {
		return diag.Errorf("plan-hash-missing", "Plan hash is missing",
			"Nothing applies without an approved hash. Give -plan-hash=%s after review.", of.PlanHash)
	}
	if show != nil {
		if err := show(of); err != nil {
			return err
		}
	}
	typed, err := p.Ask.Line(ctx, "\nType the first eight characters of the hash, after sha256:, to apply it: ")
	if err != nil {
		return errors.New("nothing was typed, so nothing was applied")
	}
	if err := apply.ApproveTyped(of, typed); err != nil {
		return project.Refuse(project.CauseHash, err)
	}
	return nil
}
