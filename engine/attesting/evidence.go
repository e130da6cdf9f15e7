package attesting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
)

// Applications tells where each application of a plan stands. It is asked neither of a source nor of the target.
type Applications func(ctx context.Context, p *project.Project, of *plan.Plan) ([]handoff.Application, error)

// Proof is the evidence of a move: of the plan applied last, or of the newest plan where none was applied.
type Proof struct {
	facts  *facts
	masker *pseudonym.Masker
}

// Named is the report for a terminal, where people may be named.
func (f *Proof) Named() (*handoff.Report, error) { return f.facts.report(nil) }

// Masked is the report for files and other programs: without people, unless they are to be named.
func (f *Proof) Masked() (*handoff.Report, error) { return f.facts.report(f.masker) }

// Evidence gathers what proves the move, and what it still lacks.
func Evidence(ctx context.Context, p *project.Project, applications Applications) (*Proof, error) {
	found, err := gather(ctx, p, applications)
	if err != nil {
		return nil, err
	}
	m, err := p.Masker(found.plan)
	return &Proof{facts: found, masker: m}, err
}

// facts are what the state knows about a plan.
type facts struct {
	plan      *plan.Plan
	run       *state.Run // nil where none was applied
	later     string     // hash of a plan previewed after it
	followUps []handoff.FollowUp
	in        handoff.Input
	approval  handoff.Approval
	declared  declaration.Declared // what the configuration says now
	questions []handoff.Question
	verified  []state.Verification // newest first
}

func gather(ctx context.Context, p *project.Project, applications Applications) (*facts, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	found := &facts{declared: cfg.Declared()}
	hash, run, err := found.proven(migration)
	if err != nil {
		return nil, err
	}
	found.run, found.in.Run = run, runFacts(run)
	if found.plan, err = migration.Plan(hash); err != nil {
		return nil, err
	}
	if found.in.Declared, err = migration.Declared(hash); err != nil {
		return nil, err
	}
	kept, err := migration.FollowUps()
	if err != nil {
		return nil, err
	}
	found.followUps = followUps(kept)
	if found.in.Applications, err = applications(ctx, p, found.plan); err != nil {
		return nil, err
	}
	if found.verified, err = migration.Verifications(); err != nil {
		return nil, err
	}
	found.in.Probes = newestProbes(found.verified, run)
	if found.questions, err = questionsOf(migration, found.plan); err != nil {
		return nil, err
	}
	found.approval, err = approvalOf(p.Store(), hash)
	return found, err
}

// proven finds the plan of the newest run of the migration, else the newest plan, and whether one was previewed later.
func (f *facts) proven(migration *state.Migration) (hash string, run *state.Run, err error) {
	plans, err := migration.Plans()
	if err != nil {
		return "", nil, err
	}
	runs, err := migration.Runs()
	if err != nil {
		return "", nil, err
	}
	newest := ""
	if len(plans) > 0 {
		newest = plans[0].Hash
	}
	switch {
	case len(runs) > 0:
		whole, err := migration.Run(runs[0].ID)
		if newest != whole.PlanHash {
			f.later = newest
		}
		return whole.PlanHash, &whole, err
	case newest == "":
		return "", nil, diag.Errorf("evidence-no-plan", "Nothing was planned yet",
			"There is no evidence before a plan has a hash. Run rehome plan.")
	}
	return newest, nil, nil
}

// report is made of the plan without people where there is a masker. What authors declared stays as they wrote it.
func (f *facts) report(m *pseudonym.Masker) (*handoff.Report, error) {
	p, open := f.plan, f.followUps
	if m != nil {
		masked, err := m.Plan(f.plan)
		if err != nil {
			return nil, err
		}
		p, open = masked, maskedFollowUps(m, f.plan, f.followUps)
	}
	report := handoff.NewReport(p, open, f.in)
	report.LaterPlan, report.Approval, report.Questions = f.later, f.approval, f.questions
	report.Unrecorded = declaration.Changes(f.in.Declared, f.declared)
	return &report, nil
}

func followUps(kept []state.FollowUp) []handoff.FollowUp {
	found := make([]handoff.FollowUp, 0, len(kept))
	for _, f := range kept {
		one := handoff.FollowUp{
			ID: f.ID, StepID: f.StepID, Title: f.Title, Reason: f.Reason, ToDo: f.ToDo, LastRun: f.LastRun,
		}
		if f.Done() {
			one.Closed = &handoff.Closing{At: f.ClosedAt.UTC().Format(time.RFC3339), By: f.ClosedBy, Note: f.Note}
		}
		found = append(found, one)
	}
	return found
}

// newestProbes is the newest verification that tried what the run made.
func newestProbes(all []state.Verification, run *state.Run) *handoff.Probes {
	if run == nil {
		return nil
	}
	for _, v := range all {
		if v.Kind == state.VerifiedProbes && slices.Contains(v.Runs, run.ID) {
			return &handoff.Probes{
				ID: v.ID, At: v.At.UTC().Format(time.RFC3339), Passed: v.Passed, Failed: v.Failed, Unknown: v.Unknown,
			}
		}
	}
	return nil
}

// questionsOf asks what the snapshots of the plan do not hold, because it is never read. A snapshot of another
// machine's state is left out.
func questionsOf(migration *state.Migration, p *plan.Plan) ([]handoff.Question, error) {
	questions := []handoff.Question{}
	for _, planned := range p.Snapshots {
		snapshot, err := migration.Snapshot(planned.ID)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, unread := range snapshot.Unread {
			questions = append(questions, handoff.Question{Source: snapshot.Source, Unread: unread})
		}
	}
	return questions, nil
}

// maskedFollowUps names the steps as the masked plan does.
func maskedFollowUps(m *pseudonym.Masker, p *plan.Plan, followUps []handoff.FollowUp) []handoff.FollowUp {
	ids := map[string]string{}
	for _, step := range p.Steps {
		ids[step.ID] = m.StepID(step)
	}
	out := slices.Clone(followUps)
	for i := range out {
		f := &out[i]
		if id, known := ids[f.StepID]; known {
			f.StepID = id
		} else {
			f.StepID = m.Text(f.StepID)
		}
		f.Title, f.Reason, f.ToDo = m.Text(f.Title), m.Text(f.Reason), m.Text(f.ToDo)
		if f.Closed != nil {
			closed := *f.Closed
			closed.Note = m.Text(closed.Note)
			f.Closed = &closed
		}
	}
	return out
}

// runFacts counts the last outcome of each step.
func runFacts(run *state.Run) *handoff.Run {
	if run == nil {
		return nil
	}
	counted := &handoff.Run{ID: run.ID, Status: run.Status, StartedAt: run.StartedAt.Format(time.RFC3339)}
	if !run.CompletedAt.IsZero() {
		counted.CompletedAt = run.CompletedAt.Format(time.RFC3339)
	}
	n := run.Count()
	counted.Applied, counted.Failed, counted.NotStarted, counted.Unknown = n.Applied, n.Failed, n.NotStarted, n.Unknown
	return counted
}

// approvalOf finds in the audit chain who had the plan made and who applied its hash.
func approvalOf(store *state.Store, hash string) (handoff.Approval, error) {
	var approval handoff.Approval
	_, err := store.WalkAudit("", func(record state.AuditRecord) error {
		if record.Event.Target == hash {
			approval.Note(record.Event)
		}
		return nil
	})
	if err != nil {
		return approval, fmt.Errorf("reading the audit chain: %w", err)
	}
	return approval, nil
}
