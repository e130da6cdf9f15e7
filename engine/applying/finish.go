package applying

import (
	"context"
	"errors"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/breakglass"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/project"
)

// finish writes the run's end, gives the lease back, lets the state follow, and says what came of it.
func (e *execution) finish(ctx context.Context, steps apply.Report, fault error) (*apply.RunReport, error) {
	p, of := e.p, e.work.Plan
	after := context.WithoutCancel(ctx)
	report := &apply.RunReport{Plan: of, Steps: steps, Interrupted: ctx.Err() != nil}
	fault = errors.Join(fault, breakglass.ShutOut(after, p, e.work.Target,
		"It got in before this run. Sign in with it now, before sessions end, and go back: rehome rollback."))
	run := e.book.Run()
	run.CompletedAt = p.Now().UTC()
	run.Status = history.EndOf(fault != nil, report.Undone(), apply.Left(of))
	released := e.lease.Release(after, e.book.Mark(run))
	if released != nil {
		run.Status = history.StatusFailed // what only the marker remembers is not there yet
	}
	recorded := e.book.End(run, steps)
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
