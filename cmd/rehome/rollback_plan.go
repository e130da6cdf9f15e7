package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/rollback"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// prepareRollback computes the way back of a run from its record and the live target. The caller closes the target.
func prepareRollback(ctx context.Context, s *session, runID string) (*planning.Prepared, error) {
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	store, err := s.openForChange()
	if err != nil {
		return nil, err
	}
	record, err := recordOf(store, runID)
	if err != nil {
		return nil, err
	}
	if err := laterRuns(store, record); err != nil {
		return nil, err
	}
	providers, err := s.providers()
	if err != nil {
		return nil, err
	}
	target, schema, err := providers.target(ctx, cfg.Target, cfg)
	if err != nil {
		return nil, err
	}
	work := &planning.Prepared{Target: target, Live: target}
	if err := computeRollback(ctx, s, work, record, schema); err != nil {
		target.Close()
		return nil, err
	}
	return work, nil
}

func computeRollback(ctx context.Context, s *session, w *planning.Prepared, record *history.Record, schema identity.ProviderSchema) error {
	who, err := w.Target.Identify(ctx)
	if err != nil {
		return fmt.Errorf("asking the target who it is: %w", err)
	}
	if who.Identity != record.Plan.Target.Identity {
		return diag.Errorf("plan-other-target", "Run was in another target", "Run %s wrote to %s, the configuration names %s.", record.Run.ID, record.Plan.Target.Identity, who.Identity)
	}
	if w.Marker, w.Revision, err = w.Target.ReadMarker(ctx); err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if err := apply.CheckOwner(w.Marker, s.Owner()); err != nil {
		return err
	}
	age, err := planning.Age(s.cfg)
	if err != nil {
		return err
	}
	now := s.env.now().UTC()
	input := rollback.Input{
		Run: record.Run.ID, Since: record.Since().UTC().Format(time.RFC3339), PlanHash: record.Run.PlanHash, Done: record.Did, Schemas: schema.Resources, Decisions: s.cfg.Undos,
		Migration: plan.Migration{Name: s.cfg.Migration.Name, Tenant: s.cfg.Migration.Tenant, Mode: s.cfg.Migration.Mode},
		Target:    plan.Target{Provider: s.cfg.Target.Provider, Name: s.cfg.Target.Name, Identity: who.Identity, Summary: who.Summary},
		CreatedAt: now.Format(time.RFC3339), ExpiresAt: now.Add(age).Format(time.RFC3339),
	}
	w.Read, err = w.Target.Read(ctx, func(r identity.Resource) error {
		input.Live = append(input.Live, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the target: %w", err)
	}
	if input.Usages, err = usages(ctx, w, s.ThrowAway(), rollback.Questions(input)); err != nil {
		return err
	}
	p, problems := rollback.Build(input)
	if problems.HasErrors() {
		return problems
	}
	w.Plan = p
	return nil
}

// usages asks what people did with resources. A target that cannot tell gives no answer, and then everything counts as used.
//
// Nobody signs in to a throw-away target, so there what is not known counts as not used.
func usages(ctx context.Context, w *planning.Prepared, throwAway bool, questions []identity.UsageQuestion) (map[identity.ResourceID]identity.Usage, error) {
	answers, err := w.Target.Usage(ctx, questions)
	if err != nil && !client.Unsupported(err) {
		return nil, fmt.Errorf("asking what was used since: %w", err)
	}
	known := map[identity.ResourceID]identity.Usage{}
	for _, u := range answers {
		known[u.Resource] = u
	}
	if !throwAway {
		return known, nil
	}
	w.Untold = 0
	for _, question := range questions {
		id := question.Resource.ID()
		if u, told := known[id]; !u.Used && (!told || u.Unknown != "") {
			known[id] = identity.Usage{Resource: id}
			w.Untold++
		}
	}
	return known, nil
}

// keptRollback is the run that a kept plan of this hash takes back, empty when the hash is of no rollback.
func keptRollback(s *session, hash string) (string, error) {
	store, err := s.openState()
	if err != nil {
		return "", err
	}
	kept, err := store.Plan(hash)
	if errors.Is(err, state.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return rolledBack(kept), nil
}

// computeAgain plans again what a hash without a plan file stands for: the way forward, or back when the state knows the hash as such.
func computeAgain(ctx context.Context, s *session, hash string) (*planning.Prepared, error) {
	run, err := keptRollback(s, hash)
	if err != nil {
		return nil, err
	}
	if run == "" {
		part, err := planning.PartOf(ctx, s.Project, hash)
		if err != nil {
			return nil, err
		}
		return planning.Prepare(ctx, s.Project, planning.Input{Part: part})
	}
	return prepareRollback(ctx, s, run)
}

// rolledBack is the run that a plan takes back, empty for a plan that goes forward.
func rolledBack(p *plan.Plan) string {
	if p.Rollback == nil {
		return ""
	}
	return p.Rollback.Run
}

// staying counts what a rollback leaves because it is used.
func staying(p *plan.Plan) int {
	if p.Rollback == nil {
		return 0
	}
	return p.Summary.Skipped
}

// usedSince refuses when something that the rollback deletes has come into use after it was planned. A decided delete stands.
func usedSince(ctx context.Context, work *planning.Prepared, throwAway bool, live map[identity.ResourceID]identity.Resource) ([]string, error) {
	back := work.Plan.Rollback
	var ask []identity.UsageQuestion
	undecided := map[identity.ResourceID]bool{}
	for _, step := range work.Plan.Steps {
		r, there := live[step.Resource]
		if !there {
			continue
		}
		ask = append(ask, rollback.Ask(r, back.Since, slices.Contains(back.Opened, step.ID)))
		undecided[step.Resource] = step.Disposition == plan.DispositionPlanned && step.Action == plan.ActionDelete && step.Decision == ""
	}
	known, err := usages(ctx, work, throwAway, ask)
	if err != nil || len(known) == 0 {
		return nil, err // a target that cannot tell had all that is not decided kept
	}
	var lines []string
	for _, question := range ask {
		id := question.Resource.ID()
		u, asked := known[id]
		if !undecided[id] || asked && !u.Used && u.Unknown == "" {
			continue
		}
		why := u.Unknown
		if len(u.Facts) > 0 {
			why = u.Facts[0]
		}
		lines = append(lines, fmt.Sprintf("%s   used since: %s", id, why))
	}
	return lines, nil
}

// rollbackCost is what going back would cost by the record, with a look at the target when asked; nil when there is nothing to take back,
// or not with this state.
func rollbackCost(ctx context.Context, s *session, look bool) (*rollback.OfRun, error) {
	record, err := recordOf(s.store, "")
	var found diag.Diagnostic
	if errors.As(err, &found) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cost := &rollback.OfRun{Run: record.Run.ID, Cost: rollback.CostOf(record.Left())}
	if !look {
		return cost, nil
	}
	work, err := prepareRollback(ctx, s, record.Run.ID)
	if err != nil {
		return nil, err
	}
	defer work.Target.Close()
	sum := work.Plan.Summary
	cost.Checked = &rollback.Checked{Deletes: sum.Delete, Restores: sum.Update, Closes: work.Plan.Rollback.Closes, Stay: sum.Skipped, Changed: sum.Blocked}
	return cost, nil
}

// rollbackEnd says what a rollback left.
func rollbackEnd(p *plan.Plan) string {
	left := p.Summary.Skipped + p.Summary.Blocked
	if left == 0 {
		return fmt.Sprintf("Run %s is taken back.", p.Rollback.Run)
	}
	return fmt.Sprintf("Run %s is taken back but for %s: %d stay, %d changed by others.", p.Rollback.Run, view.Plural(left, "resource", "resources"), p.Summary.Skipped, p.Summary.Blocked)
}
