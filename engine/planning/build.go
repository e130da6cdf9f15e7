package planning

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// defaultAge is how old a plan may become, unless the rehome block says otherwise.
const defaultAge = 24 * time.Hour

// build makes the plan, looks at it with the checks of the configuration, and closes its gates.
func (w *Prepared) build(ctx context.Context, p *project.Project, input draft.Input, snapshots []state.Snapshot) error {
	cfg, now := p.Config(), p.Now().UTC()
	age, err := Age(cfg)
	if err != nil {
		return err
	}
	ages, err := cfg.SnapshotAges()
	if err != nil {
		return err
	}
	input.Gates.Acknowledgements = cfg.Acknowledgements
	made, found := draft.Build(input)
	more, err := w.addPeople(ctx, p, made, snapshots)
	if err != nil {
		return err
	}
	found = append(found, more...)
	gates := input.Gates
	gates.ConfigErrors = found
	gates.CreatedAt = now.Format(time.RFC3339Nano) // two plans of one second supersede each other in order
	gates.ExpiresAt = handoff.EndsAt(made, ages, now, age).Format(time.RFC3339)
	gates.StaleSnapshots = handoff.Stale(made, ages, now)
	gates.Volume = draft.Volume(made, input.Live, volumeLimits(cfg.VolumeGuard))
	if gates.WavesMissing, err = missingWaves(ctx, p, input.Selection.Wave); err != nil {
		return err
	}
	if gates.FailedChecks, err = failedChecks(cfg.Checks, made); err != nil {
		return err
	}
	plan.Close(made, gates)
	made.Warnings = append(made.Warnings, plan.UnusedAcknowledgements(made, cfg.Acknowledgements)...)
	for _, d := range found {
		if d.Severity == diag.Error {
			w.Problems = append(w.Problems, d)
		}
	}
	bound := make([]identity.ResourceID, 0, len(input.Bindings))
	for _, b := range input.Bindings {
		bound = append(bound, b.Resource)
	}
	w.Plan, w.Unmanaged = made, plan.UnmanagedOf(made, input.Live, bound)
	return nil
}

// Age is how old a plan may become.
func Age(cfg *config.Config) (time.Duration, error) {
	return config.Duration(cfg.Rehome.MaxPlanAge, defaultAge, "max_plan_age")
}

// Recheck refuses a plan whose gates are no longer closed: who applies it asks the same questions as who made it. At is
// when the run began. The refusal has the cause gate.
func Recheck(ctx context.Context, p *project.Project, of *plan.Plan, at time.Time) error {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return err
	}
	ages, err := cfg.SnapshotAges()
	if err != nil {
		return err
	}
	gates := plan.Gates{StaleSnapshots: handoff.Stale(of, ages, at)}
	if of.Rollback == nil { // the gates of the way forward must not stand in the way back
		if gates.FailedChecks, err = failedChecks(cfg.Checks, of); err != nil {
			return err
		}
	}
	if of.Part != nil {
		if gates.WavesMissing, err = missingWaves(ctx, p, of.Part.Wave); err != nil {
			return err
		}
	}
	blockers := plan.Recheck(of, gates)
	if len(blockers) == 0 {
		return nil
	}
	p.Fact("gate_refused", map[string]any{
		"preview_handoff_status": plan.HandoffNotReady, "preview_handoff_blockers": blockers,
	})
	return project.Refuse(project.CauseGate, plan.NotReady(blockers))
}

func failedChecks(checks []config.Check, of *plan.Plan) ([]plan.FailedCheck, error) {
	if len(checks) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(of)
	if err != nil {
		return nil, fmt.Errorf("encoding the plan for the checks: %w", err)
	}
	var failed []plan.FailedCheck
	for _, check := range checks {
		passed, message, err := check.Evaluate(encoded)
		if err != nil {
			passed, message = false, err.Error()
		}
		if !passed {
			failed = append(failed, plan.FailedCheck{Name: check.Name, Message: message, Range: check.Range})
		}
	}
	return failed, nil
}

// missingWaves lists the waves that must come before a wave and were not applied yet.
func missingWaves(ctx context.Context, p *project.Project, wave string) ([]string, error) {
	var before []string
	for _, w := range p.Config().Waves {
		if w.Name == wave {
			before = w.After
		}
	}
	if len(before) == 0 {
		return nil, nil
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	plans, err := migration.Plans()
	if err != nil {
		return nil, err
	}
	var applied []string
	for _, known := range plans {
		if known.Applied() {
			applied = append(applied, known.Wave)
		}
	}
	return handoff.MissingWaves(before, applied), nil
}

// volumeLimits are those of the volume_guard block; what it leaves out stays as it is without one.
func volumeLimits(guard *config.VolumeGuard) draft.VolumeLimits {
	limits := draft.DefaultVolume()
	if guard == nil {
		return limits
	}
	if guard.MaxChangedShare >= 0 {
		limits.MaxChangedShare = guard.MaxChangedShare
	}
	if guard.MaxDeletedShare >= 0 {
		limits.MaxDeletedShare = guard.MaxDeletedShare
	}
	limits.AllowChanges, limits.AllowDeletes = guard.AllowChanges, guard.AllowDeletes
	return limits
}
