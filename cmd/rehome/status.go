package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

func statusCommand() Command {
	apps, since, look := false, sinceFlag, false
	return Command{
		Path:      "status",
		Group:     groupUsual,
		Class:     classRead,
		ClassWith: map[string]commandClass{"apps": classManage}, // it remembers what the logs of sign-ins say
		Short:     "Show where the migration stands",
		Long: `Status reads the state and says what is done, what stands in the way, and the one command to run next. It changes nothing.
With -apps it asks target and incumbents who signed in, remembers how often and when, and shows where the cutover of each application
stands and who is still on the old one. A log that cannot be read is a question, never zero.
What going back would cost is counted from the record of the newest run; with -rollback the target is asked what of it was changed or
used since.`,
		Example: "  rehome status\n  rehome status -json\n  rehome status -apps -since=7d\n  rehome status -rollback",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&apps, "apps", false, "the cutover of each application, with its sign-ins on both sides")
			f.StringVar(&since, "since", sinceFlag, "with -apps: sign-ins since then, such as 30d, 12h or 2026-11-01")
			f.BoolVar(&look, "rollback", false, "ask the target what going back would cost now")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			if apps {
				return runStatusApps(ctx, s, since)
			}
			if r.flags.Changed("since") {
				return sinceWithoutApps()
			}
			return runStatus(ctx, s, look)
		},
	}
}

// statusDocument is what status prints as JSON; the fields of handoff.Summary stand beside the others.
type statusDocument struct {
	FormatVersion string         `json:"format_version"`
	Migration     plan.Migration `json:"migration"`
	Status        string         `json:"status"`
	handoff.Summary
	Sources      []sourceStatus    `json:"sources"`
	Classes      map[string]int    `json:"assessment_classes"`
	Acknowledged int               `json:"impacts_acknowledged"`
	Plan         *state.PlanRecord `json:"plan"` // the newest, which may be a draft
	PlanHash     string            `json:"plan_hash,omitempty"`
	PlanExpires  string            `json:"plan_expires,omitempty"`
	LastRun      *state.Run        `json:"last_run"`
	RollbackCost *rollbackCost     `json:"rollback_cost"` // null when there is nothing to take back
	FollowUps    []state.FollowUp  `json:"open_follow_ups"`
	plannedAt    time.Time
	facts        handoff.Facts
}

type sourceStatus struct {
	Source        string     `json:"source"`
	Status        string     `json:"status"`
	LastInventory *time.Time `json:"last_inventory_at"`
	Items         int        `json:"items"`
	Gaps          int        `json:"gaps"`
	LastFailure   string     `json:"last_failure,omitempty"`
	Collecting    *time.Time `json:"collecting,omitempty"` // since when a process reads it now
}

func runStatus(ctx context.Context, s *session, look bool) error {
	d, err := readStatus(s)
	if err != nil {
		return err
	}
	if err := readRollback(ctx, s, d, look); err != nil {
		return err
	}
	if s.global.json {
		return s.document(d)
	}
	printStatus(s, d)
	return nil
}

// readStatus gathers the facts from state and configuration; the engine says what they mean.
func readStatus(s *session) (*statusDocument, error) {
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	if _, err := s.openState(); err != nil {
		return nil, err
	}
	d := &statusDocument{
		FormatVersion: eventFormat, Sources: []sourceStatus{}, Classes: map[string]int{}, FollowUps: []state.FollowUp{},
		Migration: plan.Migration{Name: cfg.Migration.Name, Tenant: cfg.Migration.Tenant, Mode: cfg.Migration.Mode},
	}
	for _, read := range []func(*session, *statusDocument) error{readMigration, readSources, readAssessments, readPlanned, readRuns} {
		if err := read(s, d); err != nil {
			return nil, err
		}
	}
	d.facts.MergeMode = d.Migration.Mode == merge.ModeMerge
	d.Summary = handoff.Compute(d.facts)
	return d, nil
}

// readMigration takes the recorded migration; before the first change there is none, and the configuration speaks.
func readMigration(s *session, d *statusDocument) error {
	m, err := s.store.Recorded()
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return err
	}
	if err == nil {
		d.Status, d.Migration.Mode, d.facts.Archived = m.Status, merge.Mode(m.Mode), m.Status == lifecycle.MigrationArchived
	}
	for _, source := range m.Sources {
		one := sourceStatus{Source: source.Name, Status: source.Status}
		if !source.LastInventoryAt.IsZero() {
			at := source.LastInventoryAt
			one.LastInventory = &at
		}
		d.Sources = append(d.Sources, one)
	}
	if d.facts.Archived {
		return nil
	}
	for _, name := range reading.SourceNames(s.cfg) {
		if !slices.ContainsFunc(d.Sources, func(one sourceStatus) bool { return one.Source == name }) {
			d.Sources = append(d.Sources, sourceStatus{Source: name, Status: lifecycle.SourceConfigured})
		}
	}
	if d.Status == "" {
		d.Status = lifecycle.MigrationDraft
		if len(s.cfg.Sources) > 0 {
			d.Status = lifecycle.MigrationReady
		}
	}
	return nil
}

func readSources(s *session, d *statusDocument) error {
	snapshots, err := s.store.Snapshots()
	if err != nil {
		return err
	}
	for i := range d.Sources {
		one := &d.Sources[i]
		done := false
		for _, snapshot := range snapshots { // newest first
			if snapshot.Source != one.Source {
				continue
			}
			if snapshot.Status == state.SnapshotCollecting {
				at := snapshot.StartedAt
				one.Collecting = &at
			}
			if snapshot.Status == state.SnapshotFailed && one.LastFailure == "" {
				one.LastFailure = snapshot.Reason
			}
			if done = snapshot.Status == state.SnapshotCompleted; done {
				one.Items, one.Gaps = snapshot.Total(), len(snapshot.Gaps)
				if one.LastInventory == nil { // collected before sources were recorded
					at := snapshot.CompletedAt
					one.LastInventory = &at
				}
				break
			}
		}
		d.facts.Sources = append(d.facts.Sources, handoff.Source{Name: one.Source, Configured: one.Status == lifecycle.SourceConfigured, Inventory: done})
	}
	return nil
}

// readAssessments looks at the newest assessment of each source's newest snapshot.
func readAssessments(s *session, d *statusDocument) error {
	all, err := s.store.Assessments()
	if err != nil {
		return err
	}
	for i := range d.facts.Sources {
		source := &d.facts.Sources[i]
		if !source.Configured {
			continue
		}
		snapshot, err := s.store.LatestSnapshot(source.Name)
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
					d.Classes[class] += n
				}
				break
			}
		}
	}
	return nil
}

func readPlanned(s *session, d *statusDocument) error {
	summary, err := s.store.Summary()
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p := summary.Plan
	ages, err := planning.SnapshotAges(s.cfg)
	if err != nil {
		return err
	}
	if summary.MovesPeople {
		ages.Structure = min(ages.Structure, ages.People) // the summary has no steps to see it by
	}
	planned := &handoff.Planned{
		Hash: p.PlanHash, Impacts: len(p.Impacts), PendingDecisions: summary.PendingDecisions, ResolvedDecisions: summary.ResolvedDecisions,
		Blockers: p.Handoff.Blockers, Stale: handoff.Stale(&p, ages, s.env.now()),
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
		planned.Expired = s.env.now().After(expires)
	}
	d.facts.Planned, d.plannedAt, d.Acknowledged = planned, summary.At, planned.Acknowledged
	d.PlanHash, d.PlanExpires = p.PlanHash, p.ExpiresAt
	return readPlanRecord(s, d)
}

func readPlanRecord(s *session, d *statusDocument) error {
	record, err := s.store.Draft()
	if errors.Is(err, state.ErrNotFound) {
		record, err = s.store.PlanRecord(d.PlanHash)
	}
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	d.Plan = &record
	return err
}

func readRuns(s *session, d *statusDocument) error {
	runs, err := s.store.Runs()
	if err != nil {
		return err
	}
	if len(runs) > 0 { // newest first
		run := runs[0]
		d.LastRun = &run
		d.facts.RunPlan = run.PlanHash
		d.facts.RunUnfinished = run.Status == state.RunStarted || run.Status == state.RunFailed
		d.facts.RunLast = run.PlanHash == d.PlanHash || !run.StartedAt.Before(d.plannedAt)
		if d.facts.Verified, err = verifiedSince(s.store, d.LastRun); err != nil {
			return err
		}
	}
	if d.FollowUps, err = openFollowUps(s); err != nil {
		return err
	}
	d.facts.OpenFollowUps = len(d.FollowUps)
	return nil
}

// verifiedSince tells whether every probe passed after a run.
func verifiedSince(store *state.Migration, run *state.Run) (bool, error) {
	all, err := store.Verifications()
	return slices.ContainsFunc(all, func(v state.Verification) bool {
		return v.At.After(run.StartedAt) && v.Kind == "probes" && v.Failed == 0
	}), err
}
