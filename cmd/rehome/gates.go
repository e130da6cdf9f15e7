package main

import (
	"errors"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/plan"
)

// snapshotAges is how old snapshots may be by the configuration.
func snapshotAges(cfg *config.Config) (handoff.Ages, error) {
	structure, err := duration(cfg.Rehome.MaxSnapshotAge, handoff.DefaultStructureAge, "max_snapshot_age")
	if err != nil {
		return handoff.Ages{}, err
	}
	people, err := duration(cfg.Rehome.MaxPeopleSnapshotAge, handoff.DefaultPeopleAge, "max_people_snapshot_age")
	return handoff.Ages{Structure: structure, People: people}, err
}

// endOf is when a plan ends: after max_plan_age, and not later than the first of its snapshots becomes too old.
func endOf(p *plan.Plan, ages handoff.Ages, now time.Time, age time.Duration) string {
	end := now.Add(age)
	if stale := handoff.StaleAt(p, ages); !stale.IsZero() && stale.Before(end) {
		end = stale
	}
	return end.UTC().Format(time.RFC3339)
}

// recheckGates refuses a plan whose gates are no longer closed: apply asks the same questions as plan did. At is when the run began.
func recheckGates(s *session, p *plan.Plan, at time.Time) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	ages, err := snapshotAges(cfg)
	if err != nil {
		return err
	}
	if p.Rollback != nil {
		cfg = &config.Config{} // the gates of the way forward must not stand in the way back
	}
	failed, err := failedChecks(cfg, p)
	if err != nil {
		return err
	}
	var missing []string
	if p.Part != nil {
		if missing, err = wavesMissing(s, p.Part.Wave); err != nil {
			return err
		}
	}
	blockers := plan.Recheck(p, plan.Gates{WavesMissing: missing, FailedChecks: failed, StaleSnapshots: handoff.Stale(p, ages, at)})
	if len(blockers) == 0 {
		return nil
	}
	s.events.emit("gate_refused", map[string]any{"preview_handoff_status": plan.HandoffNotReady, "preview_handoff_blockers": blockers})
	lines := []string{"preview_handoff_status is " + plan.HandoffNotReady + ". Nothing was changed."}
	for _, blocker := range blockers {
		lines = append(lines, "  "+blocker.Code+": "+view.Clean(blocker.Summary))
	}
	lines = append(lines, "Mend this, plan again and have the new hash approved.")
	return &statusError{status: exitGate, err: diag.Errorf("plan-not-ready", "Plan is not ready", "%s", strings.Join(lines, "\n"))}
}

// draftRefused shows a draft and refuses it.
func draftRefused(s *session, p *plan.Plan) error {
	if err := showPlan(s, p, false, "", nil); err != nil {
		return err
	}
	return &statusError{status: exitGate, quiet: true, err: errors.New("the plan is a draft")}
}
