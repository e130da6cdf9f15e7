package applying

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/breakglass"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// finish writes the run's end, gives the lease back, lets the state follow, and says what came of it.
func (e *execution) finish(ctx context.Context, steps apply.Report, fault error) (*apply.RunReport, error) {
	p, of := e.p, e.work.Plan
	after := context.WithoutCancel(ctx)
	report := &apply.RunReport{Plan: of, Steps: steps, Interrupted: ctx.Err() != nil}
	fault = errors.Join(fault, breakglass.ShutOut(after, p, e.work.Target,
		"It got in before this run. Sign in with it now, before sessions end, and go back: rehome rollback."))
	run := history.Run{
		ID: e.run, PlanHash: of.PlanHash, Migration: of.Migration.Name, StartedAt: e.began, CompletedAt: p.Now().UTC(),
		RollbackOf: of.TakesBack(), Status: history.EndOf(fault != nil, report.Undone(), apply.Left(of)),
	}
	released := e.lease.Release(after, func(m *contract.Marker) { e.mark(m, run) })
	if released != nil {
		run.Status = history.StatusFailed // what only the marker remembers is not there yet
	}
	recorded := e.record(run)
	_, declared := p.Migration().Declare(of.PlanHash, p.Config().Declared(), p.Event("", "", nil))
	report.Run, report.Secrets = run, e.vault.Delivered()
	report.Head, _ = p.Store().AuditHead()
	e.tell(report)
	return report, errors.Join(fault, released, recorded, declared)
}

// tell tells other programs how the run ended.
func (e *execution) tell(report *apply.RunReport) {
	steps := report.Steps
	e.p.Fact("apply_completed", map[string]any{
		"run": report.Run.ID, "status": report.Run.Status, "applied": steps.Count(history.Applied),
		"already": steps.Count(history.Already), "failed": steps.Count(history.Failed),
		"not_started": steps.Count(history.NotStarted), "unknown": steps.Count(history.Unknown),
		"requests": steps.Requests, "audit_head": report.Head,
	})
	if report.Run.Status == history.StatusFailed {
		e.p.Events.Send(project.Fact{ // who decides about going back, and whom to call
			Type: "rollback_guidance", Fields: map[string]any{"rollback": e.p.Config().Rollback}, Declared: true,
		})
	}
}

// mark leaves in the target what the run did.
func (e *execution) mark(m *contract.Marker, run history.Run) {
	m.Run, m.RunHost = run.ID, e.p.Host
	if run.Status != history.StatusFailed {
		m.AppliedPlan, m.AppliedMade = e.work.Plan.PlanHash, e.made().UTC().Format(time.RFC3339Nano)
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
func (e *execution) record(run history.Run) error {
	ended := e.file.Append(journal.Record{
		Kind: journal.End, At: run.CompletedAt, Status: run.Status, Plan: endedPlan(e.work.Plan, run.Status),
	})
	e.close()
	if unsaved := e.journal.unsaved; len(unsaved) > 0 {
		ended = writeRescue(e.p, *e.process(), unsaved)
	}
	if err := e.p.BringUp(); err != nil {
		return errors.Join(ended, fmt.Errorf("the journal has the whole run, but the state did not follow it; "+
			"the next command tries again: %w", err))
	}
	return ended
}

// endedPlan is what the end of a run makes of its plan.
func endedPlan(p *plan.Plan, status history.Status) *state.PlanRecord {
	record := p.Record()
	record.Status = status.Plan()
	return &record
}
