package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

type planOptions struct {
	targetFile       string
	out              string
	markdown, html   string
	refresh, verbose bool
	detailed         bool
	part             partOptions
}

func newPlanCommand(env *environment, global *options) *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show every change, and its hash",
		Long: `Plan compares the newest snapshots with the live target and shows what apply would do. While a gate is open (a missing decision,
an impact that nobody acknowledged, a failed check, a stale snapshot) the plan is a draft: it has no hash and the exit status is 3.`,
		Example: "  rehome plan -out=plan.rehome\n  rehome plan -refresh -markdown=comment.md -detailed-exitcode",
		Args:    cobra.NoArgs,
		RunE: inSession(env, global, func(c *cobra.Command, s *session, _ []string) error {
			return runPlan(c.Context(), s, o)
		}),
	}
	c.Flags().StringVar(&o.out, "out", "", "write the plan file here")
	c.Flags().StringVar(&o.markdown, "markdown", "", "write a pull-request comment here")
	c.Flags().StringVar(&o.part.wave, "wave", "", "plan this wave only, with what it needs")
	c.Flags().StringArrayVar(&o.part.targets, "target", nil, "emergency: only this step (type:key) or item, with what it needs")
	c.Flags().StringArrayVar(&o.part.excludes, "exclude", nil, "emergency: leave out this step or item, and what needs it")
	c.Flags().StringVar(&o.targetFile, "target-snapshot", "", "read the target from this file of rehome target snapshot")
	c.Flags().StringVar(&o.html, "html", "", "write a page for reviewers here")
	c.Flags().BoolVar(&o.refresh, "refresh", false, "collect first, even where there are snapshots")
	c.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "every step, equal ones too")
	c.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
	return c
}

func runPlan(ctx context.Context, s *session, o planOptions) error {
	work, err := preparePlan(ctx, s, planInputs{refresh: o.refresh, targetFile: o.targetFile, part: o.part})
	if err != nil {
		return err
	}
	defer work.target.Close()
	p := work.plan
	if err := recordPlan(ctx, s, work); err != nil {
		return err
	}
	saved := ""
	if p.PlanHash != "" && o.out != "" {
		if err := writePlanFile(s, s.path(o.out), p); err != nil {
			return err
		}
		saved = o.out
	}
	if err := writePlanReports(s, p, o.markdown, o.html); err != nil {
		return err
	}
	s.warn(s.cfg.WithSnippets(work.problems))
	if err := showPlan(s, p, o.verbose, saved, &work.read); err != nil {
		return err
	}
	return planStatus(p, o.detailed)
}

// writePlanReports writes the plan for those who have no terminal; it names nobody unless -show-people.
func writePlanReports(s *session, p *plan.Plan, markdown, html string) error {
	if markdown == "" && html == "" {
		return nil
	}
	masked, err := s.WithoutPeople(p)
	if err != nil {
		return err
	}
	if markdown != "" {
		err = s.writeFile(markdown, func(w io.Writer) error { return view.Markdown(w, masked, view.MarkdownLimit) })
	}
	if html != "" && err == nil {
		err = s.writeFile(html, func(w io.Writer) error { return view.HTML(w, masked) })
	}
	return err
}

// writeFile renders into memory first, so that a file is written whole or not at all.
func (s *session) writeFile(name string, render func(io.Writer) error) error {
	var b bytes.Buffer
	if err := render(&b); err != nil {
		return err
	}
	if err := project.WriteDurably(s.path(name), b.Bytes()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// planStatus is the exit status of a plan as an error: 3 for a draft, 2 for changes when asked.
func planStatus(p *plan.Plan, detailed bool) error {
	if p.PlanHash == "" {
		return &statusError{status: exitGate, quiet: true, err: errors.New("a gate is open")}
	}
	if detailed && p.Summary.Create+p.Summary.Update+p.Summary.Delete > 0 {
		return &statusError{status: exitChanges, quiet: true}
	}
	return nil
}

func showPlan(s *session, p *plan.Plan, verbose bool, saved string, read *identity.ReadSummary) error {
	masked, err := s.WithoutPeople(p)
	if err != nil {
		return err
	}
	s.events.emit("plan", map[string]any{"plan": masked})
	if s.global.json {
		return nil
	}
	view.Diagnostics(s.env.err, p.Warnings, s.env.style(s.global.noColor))
	return view.Plan(s.env.out, p, view.PlanOptions{
		Style: s.env.style(s.global.noColor), Verbose: verbose, Automation: s.env.automation(), Now: s.env.now(), SavedTo: saved, Read: read,
	})
}

// path makes a path of the command line relative to -chdir.
func (s *session) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.folder, name)
}

// recordPlan keeps the plan's summary for status and, when it has a hash, writes it into the target's marker as the one previewed last.
func recordPlan(ctx context.Context, s *session, work *planning) error {
	p := work.plan
	head := *p
	head.Steps = nil
	summary := planSummary(s, p)
	if err := keepFindings(s.store, &head, &summary); err != nil {
		return err
	}
	summary.Plan = head
	if err := s.store.PutSummary(summary, state.Event{}); err != nil {
		return err
	}
	record := planRecord(p)
	record.Status, record.Hash = state.PlanDraft, ""
	created := s.event("migration.cutover_plan.created", p.Migration.Name, map[string]string{"status": string(p.Status), "preview_handoff_status": p.Handoff.Status})
	if err := s.store.PutPlan(record, created); err != nil {
		return err
	}
	if p.Rollback == nil {
		if err := recordReview(s, p); err != nil {
			return err
		}
	}
	if p.PlanHash == "" {
		return nil
	}
	if err := mark(ctx, s, work); err != nil {
		return err
	}
	if err := s.store.KeepPlan(p); err != nil {
		return err
	}
	return s.store.PutPlan(planRecord(p), s.event("migration.cutover_plan.previewed", p.PlanHash, nil))
}

// keepFindings lets the summary of a way back say what the plan before it found: going back looks for no impacts and decisions, which
// does not mean that there are none.
func keepFindings(store *state.Migration, head *plan.Plan, summary *state.Summary) error {
	if head.Rollback == nil {
		return nil
	}
	before, err := store.Summary()
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	head.Impacts, summary.PendingDecisions, summary.ResolvedDecisions = before.Plan.Impacts, before.PendingDecisions, before.ResolvedDecisions
	return nil
}

// mark notes the plan in the target's marker, so that an older one cannot be applied from anywhere. A credential that may only read
// cannot do that: then the plan says so and goes on.
func mark(ctx context.Context, s *session, work *planning) error {
	if _, isFile := work.live.(keptTarget); isFile {
		s.warn(diag.List{diag.Warningf("marker-not-written", "Plan is not marked", "The target was read from a file, so it does not note this plan: an older approved plan could still be applied.")})
		return nil
	}
	marker, revision := work.marker, work.revision
	if marker.PreviewedPlan == work.plan.PlanHash {
		return nil
	}
	if until, err := time.Parse(time.RFC3339, marker.Lease.Expires); marker.Lease.ID != "" && err == nil && s.env.now().Before(until) {
		s.warn(diag.List{diag.Warningf("marker-leased", "Target is being written", "%s writes to the target now, so this plan is not noted there and may be out of date at once.", apply.HolderOf(marker.Lease))})
		return nil
	}
	if marker.Migration == "" && work.plan.Summary.Create+work.plan.Summary.Update+work.plan.Summary.Delete == 0 {
		return nil // nothing of ours is there and nothing would be: leave the target untouched
	}
	marker.Migration = work.plan.Migration.Name
	marker.PreviewedPlan, marker.PreviewedAt = work.plan.PlanHash, work.plan.CreatedAt
	_, err := work.target.WriteMarker(ctx, marker, revision)
	var failure *identity.ProviderError
	if errors.As(err, &failure) && failure.Code == identity.ErrorForbidden {
		s.warn(diag.List{diag.Warningf("marker-not-written", "Plan is not marked", "The credential may not write, so the target does not note this plan: an older approved plan could still be applied.")})
		return nil
	}
	if err != nil {
		return fmt.Errorf("noting the plan in the target: %w", err)
	}
	return nil
}
