package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
)

// proof is what the state knows about the plan applied last, or about the newest plan where none was applied.
type proof struct {
	plan      *plan.Plan
	run       *state.Run // nil where none was applied
	later     string     // hash of a plan previewed after it
	followUps []handoff.FollowUp
	in        handoff.Input
	approval  handoff.Approval
	declared  handoff.Declared // what the configuration says now
}

func gatherEvidence(s *session) (*proof, error) {
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	store, err := s.openState()
	if err != nil {
		return nil, err
	}
	hash, run, later, err := provenPlan(store)
	if err != nil {
		return nil, err
	}
	found := &proof{run: run, later: later, in: handoff.Input{Run: runFacts(run)}, declared: declaredBy(cfg)}
	if found.plan, err = store.Plan(hash); err != nil {
		return nil, err
	}
	if found.in.Declared, err = recordedEvidence(store, hash); err != nil {
		return nil, err
	}
	if found.followUps, err = followUpsOf(store); err != nil {
		return nil, err
	}
	if found.in.Applications, err = recordedApplications(s, found.plan); err != nil {
		return nil, err
	}
	if found.in.Probes, err = probesOf(store, run); err != nil {
		return nil, err
	}
	found.approval, err = approvalOf(s.whole, hash)
	return found, err
}

func followUpsOf(store *state.Migration) ([]handoff.FollowUp, error) {
	kept, err := store.FollowUps()
	if err != nil {
		return nil, err
	}
	found := make([]handoff.FollowUp, 0, len(kept))
	for _, f := range kept {
		one := handoff.FollowUp{ID: f.ID, StepID: f.StepID, Title: f.Title, Reason: f.Reason, ToDo: f.ToDo, LastRun: f.LastRun}
		if f.Status == state.FollowUpDone {
			one.Closed = &handoff.Closing{At: f.ClosedAt.UTC().Format(time.RFC3339), By: f.ClosedBy, Note: f.Note}
		}
		found = append(found, one)
	}
	return found, nil
}

// probesOf is the newest verification that tried what the run made.
func probesOf(store *state.Migration, run *state.Run) (*handoff.Probes, error) {
	all, err := store.Verifications()
	if err != nil || run == nil {
		return nil, err
	}
	for _, v := range all {
		if v.Kind == "probes" && slices.Contains(v.Runs, run.ID) {
			return &handoff.Probes{ID: v.ID, At: v.At.UTC().Format(time.RFC3339), Passed: v.Passed, Failed: v.Failed, Unknown: v.Unknown}, nil
		}
	}
	return nil, nil
}

// report names people when asked to; otherwise it is made of the plan without them. What authors declared stays as they wrote it.
func (f *proof) report(s *session, named bool) (*handoff.Report, error) {
	p, followUps := f.plan, f.followUps
	m, err := s.masker(f.plan)
	if err != nil {
		return nil, err
	}
	if m != nil && !named {
		if p, err = m.Plan(f.plan); err != nil {
			return nil, err
		}
		followUps = maskedFollowUps(m, f.plan, f.followUps)
	}
	report := handoff.NewReport(p, followUps, f.in)
	report.LaterPlan, report.Approval = f.later, f.approval
	if report.Questions, err = questionsOf(s.store, f.plan); err != nil {
		return nil, err
	}
	report.Unrecorded = handoff.Changes(f.in.Declared, f.declared)
	return &report, nil
}

// questionsOf asks what the snapshots of the plan do not hold, because it is never read. A snapshot of another machine's state is left out.
func questionsOf(store *state.Migration, p *plan.Plan) ([]handoff.Question, error) {
	questions := []handoff.Question{}
	for _, planned := range p.Snapshots {
		snapshot, err := store.Snapshot(planned.ID)
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

// provenPlan finds the plan of the newest run of the migration, else the newest plan. Later is a plan previewed after it.
func provenPlan(store *state.Migration) (hash string, run *state.Run, later string, err error) {
	plans, err := store.Plans()
	if err != nil {
		return "", nil, "", err
	}
	runs, err := store.Runs()
	if err != nil {
		return "", nil, "", err
	}
	newest := ""
	if len(plans) > 0 {
		newest = plans[0].Hash
	}
	if len(runs) > 0 {
		head := runs[0]
		whole, err := store.Run(head.ID)
		if newest != head.PlanHash {
			later = newest
		}
		return head.PlanHash, &whole, later, err
	}
	if newest == "" {
		return "", nil, "", diag.Errorf("evidence-no-plan", "Nothing was planned yet", "There is no evidence before a plan has a hash. Run rehome plan.")
	}
	return newest, nil, "", nil
}

// runFacts counts the last outcome of each step.
func runFacts(run *state.Run) *handoff.Run {
	if run == nil {
		return nil
	}
	facts := &handoff.Run{ID: run.ID, Status: run.Status, StartedAt: run.StartedAt.Format(time.RFC3339)}
	if !run.CompletedAt.IsZero() {
		facts.CompletedAt = run.CompletedAt.Format(time.RFC3339)
	}
	last := map[string]string{}
	for _, step := range run.Steps {
		last[step.StepID] = step.Outcome
	}
	for _, outcome := range last {
		switch outcome {
		case "applied", "already":
			facts.Applied++
		case "failed":
			facts.Failed++
		case "not_started":
			facts.NotStarted++
		default:
			facts.Unknown++
		}
	}
	return facts
}

func recordedEvidence(store *state.Migration, hash string) (handoff.Declared, error) {
	declared, err := store.Evidence(hash)
	if errors.Is(err, state.ErrNotFound) {
		return declared, nil
	}
	return declared, err
}

// declaredBy is what the configuration says now.
func declaredBy(cfg *config.Config) handoff.Declared {
	return handoff.Declared{Rollback: cfg.Rollback, Evidence: cfg.Evidence}
}

// approvalOf finds in the audit chain who had the plan made and who applied its hash.
func approvalOf(store *state.Store, hash string) (handoff.Approval, error) {
	var approval handoff.Approval
	_, err := store.WalkAudit("", func(record state.AuditRecord) error {
		if record.Event.Target != hash {
			return nil
		}
		at := record.Event.At.Format(time.RFC3339)
		switch record.Event.Name {
		case "migration.cutover_plan.previewed":
			approval.PreviewedBy, approval.PreviewedAt = record.Event.Actor, at
		case "migration.cutover_plan.applying", "migration.cutover_plan.applied":
			approval.AppliedBy, approval.AppliedAt = record.Event.Actor, at
		}
		return nil
	})
	if err != nil {
		return approval, fmt.Errorf("reading the audit chain: %w", err)
	}
	return approval, nil
}
