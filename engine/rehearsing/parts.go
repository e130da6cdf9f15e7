package rehearsing

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rehearsal"
	"github.com/rehome-iam/rehome/engine/scratch"
	"github.com/rehome-iam/rehome/engine/verify"
)

// plan computes a plan with the scratch state against the target of a project. It reads only; the caller closes it.
func (r *rehearsing) plan(ctx context.Context, of *project.Project) (*planning.Prepared, *scratch.Memory, error) {
	m, err := r.scratch.Memory()
	if err != nil {
		return nil, nil, err
	}
	work, err := planning.Prepare(ctx, of, planning.Input{
		Part: r.in.Part, Through: func(live planning.Live) planning.Live {
			m.Target = live
			return m
		},
	})
	return work, m, err
}

// parts applies, verifies, takes back, verifies again, and compares with how it was before. The real plan and target
// are only read.
func (r *rehearsing) parts(ctx context.Context, report *history.Rehearsal, realPlan *plan.Plan, work *planning.Prepared,
	before []identity.Resource, real *project.Target) error {
	if err := planning.Record(ctx, r.scratch.Project, work, false); err != nil {
		return err
	}
	if err := r.elsewhere(ctx, real, work); err != nil {
		return err
	}
	applied, measured, err := r.carryOut(ctx, report, history.PartApply, work)
	if err != nil {
		return err
	}
	r.foresee(report, realPlan, measured)
	if err := r.verify(ctx, report, history.PartVerify, work.Target); err != nil {
		return err
	}
	back, err := r.in.Real.TakeBack(ctx, r.scratch.Project, applied)
	if err != nil {
		return err
	}
	defer back.Close()
	if back.Untold > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("Of %s the target cannot tell whether people used them. Nobody is "+
			"here, so they were taken back; a rollback of the real run would keep such applications, closed. Let the target "+
			"keep a record of sign-ins before the run, and give rehome the right to read it.",
			phrase.Plural(back.Untold, "resource", "resources")))
	}
	if err := planning.Record(ctx, r.scratch.Project, back, false); err != nil {
		return err
	}
	if _, _, err := r.carryOut(ctx, report, history.PartRollback, back); err != nil {
		return err
	}
	if err := r.verify(ctx, report, history.PartVerifyAgain, work.Target); err != nil {
		return err
	}
	return r.compare(ctx, report, work.Target, before)
}

// carryOut is one apply, with made-up secrets: those of the incumbent are not for a throw-away target, and new ones are
// for nobody.
func (r *rehearsing) carryOut(ctx context.Context, report *history.Rehearsal, name string, work *planning.Prepared,
) (string, []rehearsal.Measured, error) {
	doing := map[string]string{history.PartApply: "Applying", history.PartRollback: "Rolling back"}[name]
	steps := phrase.Plural(len(apply.Planned(work.Plan.Steps)), "step", "steps")
	r.p.Note("%s %s in %s", doing, steps, report.Target.Summary)
	r.p.Events.Send(project.Parting{
		Text: "Left at once. The throw-away target is left as it is; make it anew before the next rehearsal.",
	})
	defer r.p.Events.Send(project.Parting{})
	began := r.p.Now()
	run, done, err := r.in.Real.CarryOut(ctx, r.scratch.Project, work, r.in.Workers, randomSecrets{})
	if run == "" {
		return "", nil, errors.Join(ctx.Err(), err)
	}
	part, measured := carriedOut(done)
	part.Name, part.Millis = name, r.p.Now().Sub(began).Milliseconds()
	report.Parts = append(report.Parts, part)
	return run, measured, errors.Join(ctx.Err(), err)
}

// carriedOut is what came of the steps, and what each took.
func carriedOut(of apply.Report) (history.RehearsalPart, []rehearsal.Measured) {
	part := history.RehearsalPart{Requests: of.Requests, Failures: []history.RehearsalFailure{}}
	var measured []rehearsal.Measured
	for _, result := range of.Results {
		if !result.Outcome.Done() {
			part.Failures = append(part.Failures, history.RehearsalFailure{What: result.Step.ID, Reason: result.Reason})
			continue
		}
		part.Steps++
		measured = append(measured, rehearsal.Measured{Sort: sortOf(result.Step), Requests: result.Requests})
	}
	return part, measured
}

func sortOf(step plan.Step) string { return string(step.Action) + " " + step.Resource.Type }

// randomSecrets gives random values in place of the incumbent's secrets.
type randomSecrets struct{}

// Secret implements apply.Sources.
func (randomSecrets) Secret(context.Context, identity.SecretReference) (string, error) {
	return uuid.NewString(), nil
}

// foresee says what the real run will need, by the part that was just done.
func (r *rehearsing) foresee(report *history.Rehearsal, real *plan.Plan, measured []rehearsal.Measured) {
	here, exists := r.scratch.Project.Config().Target.Provider, r.p.Config().Target.Provider
	if here != exists {
		report.Unsaid = fmt.Sprintf("a %s says nothing of the requests and the time of a %s; rehearse on one of those", here,
			exists)
		return
	}
	sorts := []string{}
	for _, step := range apply.Planned(real.Steps) {
		sorts = append(sorts, sortOf(step))
	}
	millis := report.Parts[len(report.Parts)-1].Millis
	if report.Forecast = rehearsal.Foresee(measured, millis, sorts); report.Forecast == nil {
		report.Unsaid = "no step was carried out"
	}
}

// verify tries what the runs made, and after the rollback that it is gone.
func (r *rehearsing) verify(ctx context.Context, report *history.Rehearsal, name string, target *project.Target) error {
	r.p.Note("Verifying")
	part := history.RehearsalPart{Name: name, Failures: []history.RehearsalFailure{}}
	done, err := r.in.Real.Did(r.scratch.Project.Migration(), "")
	var nothing diag.Diagnostic
	if errors.As(err, &nothing) && nothing.Code == "verify-nothing" {
		report.Parts = append(report.Parts, part)
		return nil
	}
	if err != nil {
		return err
	}
	schema, err := target.Schema(ctx)
	if err != nil {
		return err
	}
	began := r.p.Now()
	found, err := verify.Run(ctx, verify.Expect(done, schema.Resources), target, schema.Resources, verify.Options{
		Workers: r.in.Workers, Unsupported: project.Unsupported, Now: r.p.Now, People: actForNobody(),
	})
	if err != nil {
		return err
	}
	part.Skipped = found.Skipped()
	part.Steps, part.Requests = len(found.Results)-part.Skipped, found.Requests
	part.Millis = r.p.Now().Sub(began).Milliseconds()
	for _, result := range found.Failures() {
		failure := history.RehearsalFailure{What: result.Resource.String() + " " + result.Probe, Reason: result.Summary}
		part.Failures = append(part.Failures, failure)
	}
	report.Parts = append(report.Parts, part)
	return nil
}

// actForNobody lets no probe act as a person: people are not in a throw-away target.
func actForNobody() verify.People {
	none := func(identity.ResourceID) string { return "" }
	return verify.People{Member: none, Stranger: none}
}

// compare looks whether the target is as it was. Only then its marker is cleared, so that the next rehearsal may begin.
func (r *rehearsing) compare(ctx context.Context, report *history.Rehearsal, target *project.Target,
	before []identity.Resource) error {
	schema, err := target.Schema(ctx)
	if err != nil {
		return err
	}
	after, _, err := project.Resources(ctx, target)
	if err != nil {
		return fmt.Errorf("looking at the throw-away target again: %w", err)
	}
	report.Differences = rehearsal.Compare(before, after, schema.Resources)
	if len(report.Differences) > 0 {
		return nil
	}
	return scratch.ClearMarker(ctx, target)
}
