package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

func newStatusCommand(env *environment, global *options) *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Show where the migration stands",
		Example: "  rehome status\n  rehome status -json",
		Args:    cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			s, err := newSession(env, global, "status")
			if err != nil {
				return err
			}
			defer s.close()
			return runStatus(s)
		},
	}
}

type statusDocument struct {
	FormatVersion string         `json:"format_version"`
	Migration     plan.Migration `json:"migration"`
	Status        string         `json:"status"`
	Sources       []sourceStatus `json:"sources"`
	Assessment    map[string]int `json:"assessment_classes"`
	Impacts       int            `json:"impacts"`
	Acknowledged  int            `json:"impacts_acknowledged"`
	Handoff       string         `json:"handoff"`
	Blockers      []plan.Blocker `json:"blockers"`
	PlanHash      string         `json:"plan_hash,omitempty"`
	PlanExpires   string         `json:"plan_expires,omitempty"`
	LastRun       *state.Run     `json:"last_run"`
	Next          string         `json:"next"`
	planned       *state.Summary
}

type sourceStatus struct {
	Source        string     `json:"source"`
	Status        string     `json:"status"`
	LastInventory *time.Time `json:"last_inventory_at"`
	Items         int        `json:"items"`
	Gaps          int        `json:"gaps"`
	LastFailure   string     `json:"last_failure,omitempty"`
}

func runStatus(s *session) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if _, err := s.openState(); err != nil {
		return err
	}
	d := &statusDocument{
		FormatVersion: eventFormat, Status: "draft", Handoff: "not planned", Blockers: []plan.Blocker{}, Sources: []sourceStatus{}, Assessment: map[string]int{},
		Migration: plan.Migration{Name: cfg.Migration.Name, Tenant: cfg.Migration.Tenant, Mode: cfg.Migration.Mode},
	}
	if len(cfg.Sources) > 0 {
		d.Status = "ready_for_inventory"
	}
	for _, read := range []func(*session, *statusDocument) error{readSources, readAssessments, readPlanned, readRuns} {
		if err := read(s, d); err != nil {
			return err
		}
	}
	d.Next = next(d)
	if s.global.json {
		encoder := json.NewEncoder(s.env.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(d)
	}
	printStatus(s, d)
	return nil
}

func readSources(s *session, d *statusDocument) error {
	snapshots, err := s.store.Snapshots()
	if err != nil {
		return err
	}
	for _, block := range s.cfg.Sources {
		one := sourceStatus{Source: block.Address(), Status: "configured"}
		for _, snapshot := range snapshots {
			if snapshot.Source != block.Address() {
				continue
			}
			if snapshot.Status == state.SnapshotFailed && one.LastInventory == nil && one.LastFailure == "" {
				one.LastFailure = snapshot.Reason
			}
			if snapshot.Status == state.SnapshotCompleted {
				at := snapshot.CompletedAt
				one.LastInventory, one.Items, one.Gaps = &at, snapshot.Total(), len(snapshot.Gaps)
				break
			}
		}
		d.Sources = append(d.Sources, one)
	}
	return nil
}

func readAssessments(s *session, d *statusDocument) error {
	all, err := s.store.Assessments()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, a := range all {
		if a.Status != state.AssessmentCompleted || seen[a.Source] {
			continue
		}
		seen[a.Source] = true
		for class, n := range a.Classes {
			d.Assessment[class] += n
		}
	}
	return nil
}

func readPlanned(s *session, d *statusDocument) error {
	summary, err := s.store.Summary(s.cfg.Migration.Name)
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var p plan.Plan
	if err := decodePlan(summary.Plan, &p); err != nil {
		return err
	}
	d.planned = &summary
	d.Handoff, d.Blockers, d.PlanHash, d.PlanExpires = p.Handoff.Status, p.Handoff.Blockers, p.PlanHash, p.ExpiresAt
	d.Impacts = len(p.Impacts)
	for _, impact := range p.Impacts {
		if impact.Acknowledged {
			d.Acknowledged++
		}
	}
	return nil
}

func readRuns(s *session, d *statusDocument) error {
	runs, err := s.store.Runs()
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		d.LastRun = &runs[0]
	}
	return nil
}

// next is the one command to run now.
func next(d *statusDocument) string {
	for _, source := range d.Sources {
		if source.LastInventory == nil {
			return "rehome collect"
		}
	}
	if len(d.Assessment) == 0 {
		return "rehome assess"
	}
	if d.planned == nil {
		return "rehome plan -out=plan.rehome"
	}
	for _, blocker := range d.Blockers {
		if blocker.Next != "" {
			return blocker.Next
		}
	}
	if d.LastRun != nil && d.LastRun.PlanHash == d.PlanHash {
		if d.LastRun.Status == "started" || d.LastRun.Status == "failed" {
			return "rehome apply -plan-hash=" + d.PlanHash
		}
		return "rehome plan"
	}
	if d.PlanHash != "" {
		return "rehome apply -plan-hash=" + d.PlanHash
	}
	return "rehome plan"
}

func printStatus(s *session, d *statusDocument) {
	w, now := s.env.out, s.env.now()
	fmt.Fprintf(w, "migration %s (%s)   %s\n", view.Clean(d.Migration.Name), d.Migration.Mode, d.Status)
	for i, source := range d.Sources {
		label := "source"
		if i > 0 {
			label = ""
		}
		inventory := "never read"
		if source.LastInventory != nil {
			inventory = fmt.Sprintf("last inventory %s   %s", view.Ago(*source.LastInventory, now), view.Plural(source.Items, "item", "items"))
			if source.Gaps > 0 {
				inventory += ", " + view.Plural(source.Gaps, "gap", "gaps")
			}
		}
		if source.LastFailure != "" {
			inventory += "   last try failed: " + view.Clean(source.LastFailure)
		}
		fmt.Fprintf(w, "%-9s %-12s %-12s %s\n", label, source.Source, source.Status, inventory)
	}
	if len(d.Assessment) > 0 {
		c := d.Assessment
		fmt.Fprintf(w, "assess    native %s  approximated %s  visible %s  by hand %s  blocked %s\n", view.Count(c[string(assess.ClassNative)]), view.Count(c[string(assess.ClassApproximation)]),
			view.Count(c[string(assess.ClassVisibility)]), view.Count(c[string(assess.ClassManual)]), view.Count(c[string(assess.ClassBlocked)]))
	}
	if d.planned != nil {
		fmt.Fprintf(w, "impacts   %d found, %d acknowledged\n", d.Impacts, d.Acknowledged)
		fmt.Fprintf(w, "handoff   %s", d.Handoff)
		for _, blocker := range d.Blockers {
			fmt.Fprintf(w, "; %s (%d)", blocker.Code, max(1, len(blocker.Items)))
		}
		fmt.Fprintf(w, "   planned %s\n", view.Ago(d.planned.At, now))
	}
	if d.LastRun == nil {
		fmt.Fprintln(w, "last run  none")
	} else {
		fmt.Fprintf(w, "last run  %s   %s   %s\n", d.LastRun.ID, d.LastRun.Status, view.Ago(d.LastRun.StartedAt, now))
	}
	if !s.env.automation() {
		fmt.Fprintf(w, "Next      %s\n", d.Next)
	}
}
