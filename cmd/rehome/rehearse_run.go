package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/proving"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/engine/rehearsal"
	"github.com/rehome-iam/rehome/engine/undoing"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// remembering is a target whose reading is kept, and which knows what the real state has bound: a copy has the same keys.
type remembering struct {
	reading.LiveTarget
	bound map[string]state.Binding
	seen  []identity.Resource
}

// ReadMarker implements reading.LiveTarget.
func (m *remembering) ReadMarker(ctx context.Context) (identity.Marker, identity.MarkerRevision, error) {
	marker, revision, err := m.LiveTarget.ReadMarker(ctx)
	if marker.Bindings == nil {
		marker.Bindings = map[string]string{}
	}
	for key, b := range m.bound {
		if _, known := marker.Bindings[key]; !known {
			marker.Bindings[key] = b.Resource.String()
		}
	}
	return marker, revision, err
}

// Read implements reading.LiveTarget.
func (m *remembering) Read(ctx context.Context, each func(identity.Resource) error) (identity.ReadSummary, error) {
	m.seen = nil
	return m.LiveTarget.Read(ctx, func(r identity.Resource) error {
		m.seen = append(m.seen, r)
		return each(r)
	})
}

// plan computes a plan with the scratch state against a target. It reads only; the caller closes the target.
func (r *rehearsing) plan(ctx context.Context, s *session) (*planning.Prepared, *remembering, error) {
	bound, err := r.s.store.Bindings()
	if err != nil {
		return nil, nil, err
	}
	memory := &remembering{bound: bound}
	work, err := planning.Prepare(ctx, s.Project, planning.Input{Part: r.o.part, Through: func(live reading.LiveTarget) reading.LiveTarget {
		memory.LiveTarget = live
		return memory
	}})
	return work, memory, err
}

// run rehearses. What it returns as an error has stopped it; what went wrong within a part is in the report.
func (r *rehearsing) run(ctx context.Context) (*rehearsal.Report, error) {
	realSession := *r.scratch
	realConfig := *r.scratch.cfg
	realConfig.Target = r.s.cfg.Target
	realSession.Project = r.scratch.WithConfiguration(&realConfig)
	realSession.Phase = config.PhasePlan // the real target is only read
	realSession.plugins = nil
	realSession.follow()
	real, realMemory, err := r.plan(ctx, &realSession)
	if err != nil {
		return nil, err
	}
	defer real.Target.Close()
	if err := r.cleanCopy(ctx); err != nil {
		return nil, err
	}
	work, memory, err := r.plan(ctx, r.scratch)
	if err != nil {
		return nil, err
	}
	defer work.Target.Close()
	report := &rehearsal.Report{
		Target: rehearsal.Target{Address: r.scratch.cfg.Target.Address(), Identity: work.Plan.Target.Identity, Summary: work.Plan.Target.Summary},
		Wave:   r.o.part.Wave, PlanHash: work.Plan.PlanHash, Compared: len(memory.seen), Differences: []rehearsal.Difference{},
	}
	if err := r.guard(ctx, report, real, realMemory, work, memory); err != nil {
		return nil, err
	}
	if work.Plan.PlanHash == "" {
		r.s.warn(r.s.cfg.WithSnippets(work.Problems))
		return nil, draftRefused(r.s, work.Plan, &work.Read)
	}
	steps := apply.Planned(work.Plan.Steps)
	if len(steps) == 0 {
		return nil, diag.Errorf("rehearsal-empty", "There is nothing to rehearse", "The plan changes nothing in %s: %s.", report.Target.Address, report.Target.Summary)
	}
	told := context.AfterFunc(ctx, func() {
		r.s.say("Interrupted: what is in flight is finished, nothing more is started. Interrupt again to leave at once.")
	})
	defer told()
	if err := r.parts(ctx, report, real, work, memory); err != nil {
		return nil, r.leftAsItIs(ctx, err)
	}
	report.Notes = append(report.Notes, r.notes(real, len(steps))...)
	return report, nil
}

// guard lets only a throw-away target through. A copy of a file is one by nature.
func (r *rehearsing) guard(ctx context.Context, report *rehearsal.Report, real *planning.Prepared, realMemory *remembering, work *planning.Prepared, memory *remembering) error {
	if r.copied {
		return nil
	}
	blueprint, err := work.Target.Blueprint(ctx, "")
	if client.Unsupported(err) {
		report.Notes = append(report.Notes, "Whether the throw-away target could reach mail or logout addresses is not known: its provider cannot tell.")
	} else if err != nil {
		return fmt.Errorf("looking at the settings of the throw-away target: %w", err)
	}
	marker, _, err := memory.LiveTarget.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	return refused(r.scratch.cfg.Target.Address(), rehearsal.Refuse(
		rehearsal.Side{Identity: real.Plan.Target.Identity, Live: realMemory.seen},
		rehearsal.Side{Identity: work.Plan.Target.Identity, Live: memory.seen, Marker: marker}, blueprint.Stripped))
}

func refused(address, why string) error {
	if why == "" {
		return nil
	}
	return diag.Errorf("rehearsal-target-refused", "Target may not be rehearsed on", "%s: %s Nothing was changed.\nMake a throw-away target of what rehome rehearse -prepare=FILE writes, best on another server; remove one that was used.", address, why)
}

// cleanCopy takes the marker out of the copy of a file: what it says is of the original.
func (r *rehearsing) cleanCopy(ctx context.Context) error {
	if !r.copied {
		return nil
	}
	target, _, err := r.scratch.Target(ctx)
	if err != nil {
		return err
	}
	defer target.Close()
	return clearMarker(ctx, target)
}

// clearMarker leaves no trace of a migration in the marker.
func clearMarker(ctx context.Context, target *client.Target) error {
	marker, revision, err := target.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if revision == "" {
		return nil
	}
	if _, err := target.WriteMarker(ctx, identity.Marker{Fence: marker.Fence}, revision); err != nil {
		return fmt.Errorf("clearing the marker of the throw-away target: %w", err)
	}
	return nil
}

// parts applies, verifies, takes back, and verifies again.
func (r *rehearsing) parts(ctx context.Context, report *rehearsal.Report, real, work *planning.Prepared, memory *remembering) error {
	if err := planning.Record(ctx, r.scratch.Project, work, false); err != nil {
		return err
	}
	if err := r.elsewhere(ctx, real, work); err != nil {
		return err
	}
	applied, millis, err := r.carryOut(ctx, report, rehearsal.PartApply, work)
	if err != nil {
		return err
	}
	r.foresee(report, real, applied, millis)
	if err := r.verify(ctx, report, rehearsal.PartVerify, work.Target); err != nil {
		return err
	}
	runs, err := r.scratch.store.Runs()
	if err != nil {
		return err
	}
	back, err := undoing.Prepare(ctx, r.scratch.Project, runs[0].ID)
	if err != nil {
		return err
	}
	defer back.Target.Close()
	if back.Untold > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("Of %s the target cannot tell whether people used them. Nobody is here, so they were taken back; a rollback of the real run would keep such applications, closed. Let the target keep a record of sign-ins before the run, and give rehome the right to read it.", view.Plural(back.Untold, "resource", "resources")))
	}
	if err := planning.Record(ctx, r.scratch.Project, back, false); err != nil {
		return err
	}
	if _, _, err := r.carryOut(ctx, report, rehearsal.PartRollback, back); err != nil {
		return err
	}
	if err := r.verify(ctx, report, rehearsal.PartVerifyAgain, work.Target); err != nil {
		return err
	}
	return r.compare(ctx, report, work.Target, memory.seen)
}

// elsewhere proves that the real target is another one: a mark that is left in the throw-away target must not be there.
func (r *rehearsing) elsewhere(ctx context.Context, real, work *planning.Prepared) error {
	if r.copied {
		return nil
	}
	m, mark := r.scratch.cfg.Migration, r.s.NewID("d")
	if _, err := work.Target.WriteMarker(ctx, identity.Marker{Migration: m.Name, Tenant: m.Tenant, Run: mark, Fence: work.Marker.Fence}, work.Revision); err != nil {
		return fmt.Errorf("leaving a mark in the throw-away target: %w", err)
	}
	marker, _, err := real.Target.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if marker.Run != mark {
		return nil
	}
	return errors.Join(refused(r.scratch.cfg.Target.Address(), "It is the target under another address: a mark that was left here is there."), clearMarker(ctx, work.Target))
}

// carryOut is one apply, with made-up secrets: those of the incumbent are not for a throw-away target, and new ones are for nobody.
func (r *rehearsing) carryOut(ctx context.Context, report *rehearsal.Report, name string, work *planning.Prepared) ([]rehearsal.Measured, int64, error) {
	steps := view.Plural(len(apply.Planned(work.Plan.Steps)), "step", "steps")
	r.s.say("%s %s in %s", map[string]string{rehearsal.PartApply: "Applying", rehearsal.PartRollback: "Rolling back"}[name], steps, report.Target.Summary)
	r.s.Events.Send(project.Parting{Text: "Left at once. The throw-away target is left as it is; make it anew before the next rehearsal."})
	began := r.s.env.now()
	done, err := applying.CarryOut(ctx, r.scratch.Project, work, applying.Options{Workers: r.o.workers, Sources: madeUp{}})
	if done == nil {
		return nil, 0, errors.Join(ctx.Err(), err)
	}
	part := rehearsal.Part{Name: name, Requests: done.Steps.Requests, Millis: r.s.env.now().Sub(began).Milliseconds(), Failures: []rehearsal.Failure{}}
	var measured []rehearsal.Measured
	for _, result := range done.Steps.Results {
		if result.Outcome.Done() {
			part.Steps++
			measured = append(measured, rehearsal.Measured{Sort: sortOf(result.Step), Requests: result.Requests})
			continue
		}
		part.Failures = append(part.Failures, rehearsal.Failure{What: result.Step.ID, Reason: result.Reason})
	}
	report.Parts = append(report.Parts, part)
	if ctx.Err() != nil || err != nil {
		return nil, 0, errors.Join(ctx.Err(), err)
	}
	return measured, part.Millis, nil
}

func sortOf(step plan.Step) string { return string(step.Action) + " " + step.Resource.Type }

// madeUp gives random values in place of the incumbent's secrets.
type madeUp struct{}

// Secret implements apply.Sources.
func (madeUp) Secret(context.Context, identity.SecretReference) (string, error) {
	return uuid.NewString(), nil
}

// foresee says what the real run will need.
func (r *rehearsing) foresee(report *rehearsal.Report, real *planning.Prepared, measured []rehearsal.Measured, millis int64) {
	if r.scratch.cfg.Target.Provider != r.s.cfg.Target.Provider {
		report.Unsaid = fmt.Sprintf("a %s says nothing of the requests and the time of a %s; rehearse on one of those", r.scratch.cfg.Target.Provider, r.s.cfg.Target.Provider)
		return
	}
	sorts := []string{}
	for _, step := range apply.Planned(real.Plan.Steps) {
		sorts = append(sorts, sortOf(step))
	}
	if report.Forecast = rehearsal.Foresee(measured, millis, sorts); report.Forecast == nil {
		report.Unsaid = "no step was carried out"
	}
}

// verify tries what the runs made, and after the rollback that it is gone.
func (r *rehearsing) verify(ctx context.Context, report *rehearsal.Report, name string, target *client.Target) error {
	r.s.say("Verifying")
	done, err := proving.Did(r.scratch.store, "")
	var nothing diag.Diagnostic
	if errors.As(err, &nothing) && nothing.Code == "verify-nothing" {
		report.Parts = append(report.Parts, rehearsal.Part{Name: name, Failures: []rehearsal.Failure{}})
		return nil
	}
	if err != nil {
		return err
	}
	schema, err := target.Schema(ctx)
	if err != nil {
		return err
	}
	began := r.s.env.now()
	found, err := verify.Run(ctx, verify.Expect(done, schema.Resources), target, schema.Resources, verify.Options{Workers: r.o.workers, Unsupported: client.Unsupported, Now: r.s.env.now, People: actForNobody()})
	if err != nil {
		return err
	}
	part := rehearsal.Part{Name: name, Steps: len(found.Results) - found.Count(identity.ProbeSkipped), Skipped: found.Count(identity.ProbeSkipped), Requests: found.Requests,
		Millis: r.s.env.now().Sub(began).Milliseconds(), Failures: []rehearsal.Failure{}}
	for _, result := range found.Results {
		if result.Status == identity.ProbeFailed {
			part.Failures = append(part.Failures, rehearsal.Failure{What: result.Resource.String() + " " + result.Probe, Reason: result.Summary})
		}
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
func (r *rehearsing) compare(ctx context.Context, report *rehearsal.Report, target *client.Target, before []identity.Resource) error {
	schema, err := target.Schema(ctx)
	if err != nil {
		return err
	}
	var after []identity.Resource
	_, err = target.Read(ctx, func(resource identity.Resource) error {
		after = append(after, resource)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the throw-away target again: %w", err)
	}
	report.Differences = rehearsal.Compare(before, after, schema.Resources)
	if len(report.Differences) > 0 {
		return nil
	}
	return clearMarker(ctx, target)
}

// leftAsItIs says of a rehearsal that stopped what is left of it.
func (r *rehearsing) leftAsItIs(ctx context.Context, cause error) error {
	var known diag.Diagnostic
	if errors.As(cause, &known) && known.Code == "rehearsal-target-refused" {
		return cause
	}
	left := "The throw-away target is left as it is, and is refused from now on: remove it and make it anew."
	if r.copied {
		left = "It worked on a copy of the file, which is gone; the file is as it was."
	}
	reason := "It was interrupted."
	if ctx.Err() == nil {
		reason = phrase.Sentence(cause)
	}
	return diag.Errorf("rehearsal-stopped", "Rehearsal did not come to its end", "%s %s\nThe real target and the state are untouched.", reason, left)
}

// notes say what a rehearsal does not show.
func (r *rehearsing) notes(real *planning.Prepared, rehearsed int) []string {
	notes := []string{"Secrets were made up: those of the incumbent were not asked for, and generated ones were thrown away."}
	if part := r.o.part; len(part.Targets)+len(part.Excludes) > 0 {
		notes = append(notes, fmt.Sprintf("Only a part was rehearsed, by %s.", strings.Join(append(flags("-target", part.Targets), flags("-exclude", part.Excludes)...), " ")))
	}
	if r.s.cfg.BreakGlass != nil {
		notes = append(notes, "Break-glass accounts were not tried: a throw-away target has no people.")
	}
	if n, m := len(apply.Planned(real.Plan.Steps)), rehearsed; n != m {
		notes = append(notes, fmt.Sprintf("The plan for the real target has %d steps, the rehearsed one %d: the two are not alike. What is switched off in a throw-away target, such as a provider, blocks nothing there.", n, m))
	}
	if real.Plan.PlanHash == "" {
		notes = append(notes, "The plan for the real target is a draft: rehome plan says what it waits for.")
	}
	return notes
}

// flags repeats a flag of the command line with its values.
func flags(name string, values []string) []string {
	given := make([]string, 0, len(values))
	for _, value := range values {
		given = append(given, name+"="+value)
	}
	return given
}

// took is a duration for people.
func took(millis int64) string { return view.Took(time.Duration(millis) * time.Millisecond) }
