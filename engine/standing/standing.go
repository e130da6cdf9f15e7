package standing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rollback"
	"github.com/rehome-iam/rehome/state"
)

// Report is where a migration stands; the fields of handoff.Summary stand beside the others.
type Report struct {
	FormatVersion string         `json:"format_version"`
	Migration     plan.Migration `json:"migration"`
	Status        string         `json:"status"`
	handoff.Summary
	Sources      []Source            `json:"sources"`
	Classes      map[string]int      `json:"assessment_classes"`
	Acknowledged int                 `json:"impacts_acknowledged"`
	Plan         *history.PlanRecord `json:"plan"` // the newest, which may be a draft
	PlanHash     string              `json:"plan_hash,omitempty"`
	PlanExpires  string              `json:"plan_expires,omitempty"`
	LastRun      *state.Run          `json:"last_run"`
	RollbackCost *rollback.OfRun     `json:"rollback_cost"` // null when there is nothing to take back
	FollowUps    []state.FollowUp    `json:"open_follow_ups"`
	Unmanaged    []plan.Unmanaged    `json:"unmanaged"` // what the target has that is none of rehome's, by the last plan

	PlannedAt time.Time     `json:"-"`
	Facts     handoff.Facts `json:"-"` // that the summary follows from
}

// Source is what is known of one source.
type Source struct {
	Source        string     `json:"source"`
	Status        string     `json:"status"`
	LastInventory *time.Time `json:"last_inventory_at"`
	Items         int        `json:"items"`
	Gaps          int        `json:"gaps"`
	LastFailure   string     `json:"last_failure,omitempty"`
	Collecting    *time.Time `json:"collecting,omitempty"` // since when a process reads it now
}

// standing is how a Report is put together: each part adds to it what it reads.
type standing struct {
	*Report
	cfg       *config.Config
	migration *state.Migration
	now       time.Time
}

// Cost says what taking back the newest run costs; with look, the target is asked too. It is nil when there is nothing
// to take back, or not with this state.
type Cost func(ctx context.Context, p *project.Project, look bool) (*rollback.OfRun, error)

// Of gathers facts from state and configuration; package handoff says what they mean. It changes nothing. It asks
// neither side, but with look the target, what going back would cost now.
func Of(ctx context.Context, p *project.Project, cost Cost, look bool) (*Report, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	s := standing{cfg: cfg, migration: migration, now: p.Now(), Report: &Report{
		FormatVersion: handoff.FormatVersion, Sources: []Source{}, Classes: map[string]int{},
		FollowUps: []state.FollowUp{}, Unmanaged: []plan.Unmanaged{},
		Migration: plan.Migration{Name: cfg.Migration.Name, Tenant: cfg.Migration.Tenant, Mode: cfg.Migration.Mode},
	}}
	for _, read := range []func() error{s.readMigration, s.readSources, s.readAssessments, s.readPlanned, s.readRuns} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	s.Facts.MergeMode = s.Migration.Mode == merge.ModeMerge
	s.Summary = handoff.Compute(s.Facts)
	s.RollbackCost, err = cost(ctx, p, look)
	return s.Report, err
}

// readMigration takes the recorded migration; before the first change there is none, and the configuration speaks.
func (s *standing) readMigration() error {
	m, err := s.migration.Recorded()
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return err
	}
	if err == nil {
		s.Status, s.Migration.Mode = m.Status, merge.Mode(m.Mode)
		s.Facts.Archived = m.Status == lifecycle.MigrationArchived
	}
	for _, source := range m.Sources {
		one := Source{Source: source.Name, Status: source.Status}
		if !source.LastInventoryAt.IsZero() {
			at := source.LastInventoryAt
			one.LastInventory = &at
		}
		s.Sources = append(s.Sources, one)
	}
	if s.Facts.Archived {
		return nil
	}
	for _, name := range s.cfg.SourceNames() {
		if !slices.ContainsFunc(s.Sources, func(one Source) bool { return one.Source == name }) {
			s.Sources = append(s.Sources, Source{Source: name, Status: lifecycle.SourceConfigured})
		}
	}
	if s.Status == "" {
		s.Status = lifecycle.MigrationDraft
		if len(s.cfg.Sources) > 0 {
			s.Status = lifecycle.MigrationReady
		}
	}
	return nil
}

func (s *standing) readSources() error {
	snapshots, err := s.migration.Snapshots()
	if err != nil {
		return err
	}
	for i := range s.Sources {
		one := &s.Sources[i]
		done := one.inventory(snapshots)
		s.Facts.Sources = append(s.Facts.Sources, handoff.Source{
			Name: one.Source, Configured: one.Status == lifecycle.SourceConfigured, Inventory: done,
		})
	}
	return nil
}

// inventory tells whether a source was ever read, and what came of it; snapshots are of all sources, newest first.
func (s *Source) inventory(snapshots []state.Snapshot) bool {
	for _, snapshot := range snapshots {
		if snapshot.Source != s.Source {
			continue
		}
		switch snapshot.Status {
		case state.SnapshotCollecting:
			at := snapshot.StartedAt
			s.Collecting = &at
		case state.SnapshotFailed:
			if s.LastFailure == "" {
				s.LastFailure = snapshot.Reason
			}
		case state.SnapshotCompleted:
			s.Items, s.Gaps = snapshot.Total(), len(snapshot.Gaps)
			if s.LastInventory == nil { // collected before sources were recorded
				at := snapshot.CompletedAt
				s.LastInventory = &at
			}
			return true
		}
	}
	return false
}

// readAssessments looks at the newest assessment of each source's newest snapshot.
func (s *standing) readAssessments() error {
	all, err := s.migration.Assessments()
	if err != nil {
		return err
	}
	for i := range s.Facts.Sources {
		source := &s.Facts.Sources[i]
		if !source.Configured {
			continue
		}
		snapshot, err := s.migration.LatestSnapshot(source.Name)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for _, a := range all { // newest first
			if a.Snapshot != snapshot.ID {
				continue
			}
			if source.Started.IsZero() {
				source.Started, source.Assessment = a.StartedAt, a.Status
			}
			if a.Status == state.AssessmentCompleted {
				source.Completed = a.CompletedAt
				for class, n := range a.Classes {
					s.Classes[class] += n
				}
				break
			}
		}
	}
	return nil
}

func (s *standing) readPlanned() error {
	summary, err := s.migration.Summary()
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p := summary.Plan
	s.Unmanaged = append(s.Unmanaged, summary.Unmanaged...)
	ages, err := s.cfg.SnapshotAges()
	if err != nil {
		return err
	}
	if summary.MovesPeople {
		ages.Structure = min(ages.Structure, ages.People) // the summary has no steps to see it by
	}
	planned := &handoff.Planned{
		Hash: p.PlanHash, Impacts: len(p.Impacts), PendingDecisions: summary.PendingDecisions,
		ResolvedDecisions: summary.ResolvedDecisions, Blockers: p.Handoff.Blockers, Stale: handoff.Stale(&p, ages, s.now),
	}
	planned.Empty = p.PlanHash != "" && p.Summary.Create+p.Summary.Update+p.Summary.Delete == 0
	if p.Rollback != nil {
		planned.RollbackOf = p.Rollback.Run
	}
	for _, impact := range p.Impacts {
		if impact.Acknowledged {
			planned.Acknowledged++
		}
	}
	for _, block := range s.cfg.Acknowledgements {
		planned.Written = append(planned.Written, block.ID)
	}
	if expires, err := time.Parse(time.RFC3339, p.ExpiresAt); err == nil {
		planned.Expired = s.now.After(expires)
	}
	s.Facts.Planned, s.PlannedAt, s.Acknowledged = planned, summary.At, planned.Acknowledged
	s.PlanHash, s.PlanExpires = p.PlanHash, p.ExpiresAt
	return s.readPlanRecord()
}

func (s *standing) readPlanRecord() error {
	record, err := s.migration.Draft()
	if errors.Is(err, state.ErrNotFound) {
		record, err = s.migration.PlanRecord(s.PlanHash)
	}
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	s.Plan = &record
	return err
}

func (s *standing) readRuns() error {
	runs, err := s.migration.Runs()
	if err != nil {
		return err
	}
	if len(runs) > 0 { // newest first
		run := runs[0]
		s.LastRun, s.Facts.RunPlan = &run, run.PlanHash
		s.Facts.RunUnfinished = run.Status.Unfinished()
		s.Facts.RunLast = run.PlanHash == s.PlanHash || !run.StartedAt.Before(s.PlannedAt)
		// one while the run was at work saw a part of it
		ended := slices.MaxFunc([]time.Time{run.StartedAt, run.CompletedAt}, time.Time.Compare)
		if s.Facts.Verified, err = s.verifiedSince(ended); err != nil {
			return err
		}
	}
	followUps, err := s.migration.FollowUps()
	if err != nil {
		return fmt.Errorf("reading the follow-ups: %w", err)
	}
	for _, f := range followUps {
		if f.Status == lifecycle.FollowUpOpen {
			s.FollowUps = append(s.FollowUps, f)
		}
	}
	s.Facts.OpenFollowUps = len(s.FollowUps)
	return nil
}

// verifiedSince tells whether there was a verification since then of which every probe passed.
func (s *standing) verifiedSince(at time.Time) (bool, error) {
	all, err := s.migration.Verifications()
	return slices.ContainsFunc(all, func(v state.Verification) bool {
		return v.At.After(at) && v.Kind == state.VerifiedProbes && v.Failed == 0
	}), err
}
