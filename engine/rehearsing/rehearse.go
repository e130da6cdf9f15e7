package rehearsing

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rehearsal"
	"github.com/rehome-iam/rehome/engine/scratch"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/state"
)

// Input says what is rehearsed, and how.
type Input struct {
	Part    planning.Part
	Workers int    // steps and probes at a time
	Keep    string // a new folder that keeps state, journals and copies; empty for none
	Real    Real
}

// Real is what a rehearsal does as a real run does it: other use cases, which whoever starts it hands in. All of them
// must be given.
type Real struct {
	// CarryOut carries out a plan that needs nobody's approval. No run comes back where none came to an end.
	CarryOut func(ctx context.Context, p *project.Project, work *planning.Prepared, workers int, secrets apply.Sources,
	) (run string, steps apply.Report, err error)
	// TakeBack computes the way back of a run. The caller closes what it returns.
	TakeBack func(ctx context.Context, p *project.Project, run string) (*planning.Prepared, error)
	// Did lists the steps that the runs of a migration carried out; of one run where it is named.
	Did func(migration *state.Migration, run string) ([]verify.Done, error)
}

// Rehearse carries the plan out on the target of the rehearsal block, and takes it back. What went wrong within a part
// is in the report; an error has stopped it. A plan with an open gate is a *planning.DraftError.
func Rehearse(ctx context.Context, p *project.Project, in Input) (*history.Rehearsal, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Rehearsal == nil {
		return nil, diag.Errorf("rehearsal-missing", "There is no throw-away target",
			"The configuration has no rehearsal block. rehome rehearse -help shows one, and -prepare=FILE makes what it "+
				"needs.")
	}
	migration, err := p.StateForChange(ctx)
	if err != nil {
		return nil, err
	}
	var report *history.Rehearsal
	err = p.Hold(ctx, state.WorkRehearse, "", "", func(ctx context.Context, a state.Activity) error {
		s, err := scratch.Open(ctx, p, migration, in.Keep, a.ID)
		if err != nil {
			return err
		}
		r := &rehearsing{p: p, in: in, scratch: s}
		report, err = r.run(ctx)
		if closing := s.Close(); err == nil {
			err = closing
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return report, record(p, migration, report)
}

// record keeps the report, which is all that the state of the migration gets.
func record(p *project.Project, migration *state.Migration, report *history.Rehearsal) error {
	r := state.Rehearsal{
		ID: p.NewID("d"), Migration: migration.Name(), At: p.Now().UTC(), Passed: report.Passed(), Report: *report,
	}
	facts := map[string]string{
		"target": report.Target.Identity, "passed": fmt.Sprint(r.Passed), "plan": report.PlanHash,
	}
	return migration.PutRehearsal(r, p.Event("", "", facts))
}

// rehearsing is one rehearsal: the project, and what it works on.
type rehearsing struct {
	p       *project.Project
	in      Input
	scratch *scratch.Scratch
}

// run rehearses.
func (r *rehearsing) run(ctx context.Context) (*history.Rehearsal, error) {
	real, realMemory, err := r.plan(ctx, r.scratch.Real())
	if err != nil {
		return nil, err
	}
	defer real.Close()
	if err := r.scratch.CleanCopy(ctx); err != nil {
		return nil, err
	}
	work, memory, err := r.plan(ctx, r.scratch.Project)
	if err != nil {
		return nil, err
	}
	defer work.Close()
	report := &history.Rehearsal{
		Target: history.RehearsalTarget{
			Address: r.scratch.Address(), Identity: work.Plan.Target.Identity, Summary: work.Plan.Target.Summary,
		},
		Wave: r.in.Part.Wave, PlanHash: work.Plan.PlanHash, Compared: len(memory.Seen()),
		Differences: []history.RehearsalDifference{},
	}
	if err := r.guard(ctx, report, real, realMemory, work, memory); err != nil {
		return nil, err
	}
	if work.Plan.PlanHash == "" {
		r.p.Warn(r.p.Config().WithSnippets(work.Problems)...)
		return nil, &planning.DraftError{Plan: work.Plan, Read: &work.Read}
	}
	steps := apply.Planned(work.Plan.Steps)
	if len(steps) == 0 {
		return nil, diag.Errorf("rehearsal-empty", "There is nothing to rehearse", "The plan changes nothing in %s: %s.",
			report.Target.Address, report.Target.Summary)
	}
	reported := context.AfterFunc(ctx, func() {
		r.p.Note("Interrupted: what is in flight is finished, nothing more is started. Interrupt again to leave at once.")
	})
	defer reported()
	if err := r.parts(ctx, report, real.Plan, work, memory.Seen(), real.Target); err != nil {
		return nil, r.leftAsItIs(ctx, err)
	}
	report.Notes = append(report.Notes, r.notes(real.Plan, len(steps))...)
	return report, nil
}

func (r *rehearsing) notes(real *plan.Plan, rehearsed int) []string {
	return rehearsal.Notes(rehearsal.Limits{
		Targets: r.in.Part.Targets, Excludes: r.in.Part.Excludes, BreakGlass: r.p.Config().BreakGlass != nil,
		Draft: real.PlanHash == "", RealSteps: len(apply.Planned(real.Steps)), Rehearsed: rehearsed,
	})
}

// List lists the rehearsals that were done, newest first.
func List(ctx context.Context, p *project.Project) ([]state.Rehearsal, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	return migration.Rehearsals()
}
