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
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
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

func planCommand() Command {
	var o planOptions
	return Command{
		Path:  "plan",
		Group: groupUsual,
		Class: classManage,
		Codes: []config.Code{
			{Code: "item-twice", Cause: "Two snapshots hold one item.", Cure: "Name each source once."},
			{Code: "map-failed", Cause: "A map block fails for an item.", Cure: "Correct the expression of the block."},
			{Code: "map-two-blocks", Cause: "Two map blocks set one attribute to different values.", Cure: "Narrow the where of one."},
			{Code: "merge-target-unmatched", Cause: "A merge block names a target that is none of the item's matched resources, perhaps because it was renamed or removed.", Cure: "Name one of the matched resources; rehome decide -list shows them."},
			{Code: "merge-attribute-unknown", Cause: "A reconcile names an attribute that the resource type does not have.", Cure: "Name attributes of the resource type in overwrite or keep."},
			{Code: "merge-two-blocks", Cause: "Two merge blocks claim one item.", Cure: "Narrow the where of one."},
			{Code: "where-failed", Cause: "A where expression fails for an item.", Cure: "Correct the expression of the block."},
			{Code: "block-matches-nothing", Cause: "No item meets the where of a block.", Cure: "Remove the block, or correct its where."},
			{Code: "duration-invalid", Cause: "A duration does not read.", Cure: "Write it as 24h or 90m."},
			{Code: "recipient-invalid", Cause: "A recipient of the rehome block is not an age public key.", Cure: "Give the age1… line of the person's identity file."},
			{Code: "plan-partial", Cause: "The plan is for a wave, or -target or -exclude was given.", Cure: "Nothing for a wave; after -target or -exclude plan the whole."},
			{Code: "selection-unknown", Cause: "-target or -exclude names no step and no item.", Cure: "Take a name that rehome plan -v shows."},
			{Code: "selection-conflict", Cause: "-wave and -target were both given.", Cure: "Leave out one."},
			{Code: "wave-unknown", Cause: "The configuration has no wave of that name.", Cure: "Correct -wave, or write the wave block."},
			{Code: "break-glass-shut", Cause: "An account of the break_glass block is not sure to get in.", Cure: "Mend the account, or the flow, before anything else."},
			{Code: "break-glass-not-tried", Cause: "The target is no running server, so its accounts cannot be tried.", Cure: "Try them where the file is imported."},
		},
		Short: "Show every change, and its hash",
		Long: `Plan compares the newest snapshots with the live target and shows what apply would do. While a gate is open (a missing decision,
an impact that nobody acknowledged, a failed check, a stale snapshot) the plan is a draft: it has no hash and the exit status is 3.`,
		Example: "  rehome plan -out=plan.rehome\n  rehome plan -refresh -markdown=comment.md -detailed-exitcode",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.out, "out", "", "write the plan file here")
			f.StringVar(&o.markdown, "markdown", "", "write a pull-request comment here")
			f.StringVar(&o.part.wave, "wave", "", "plan this wave only, with what it needs")
			f.StringArrayVar(&o.part.targets, "target", nil, "emergency: only this step (type:key) or item, with what it needs")
			f.StringArrayVar(&o.part.excludes, "exclude", nil, "emergency: leave out this step or item, and what needs it")
			f.StringVar(&o.targetFile, "target-snapshot", "", "read the target from this file of rehome target snapshot")
			f.StringVar(&o.html, "html", "", "write a page for reviewers here")
			f.BoolVar(&o.refresh, "refresh", false, "collect first, even where there are snapshots")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every step, equal ones too")
			f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runPlan(ctx, s, o)
		},
	}
}

func runPlan(ctx context.Context, s *session, o planOptions) error {
	work, err := preparePlan(ctx, s, planInputs{refresh: o.refresh, targetFile: o.targetFile, part: o.part})
	if err != nil {
		return err
	}
	defer work.target.Close()
	p := work.plan
	if err := recordPlan(s, work, o.out != ""); err != nil {
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

// recordPlan keeps the plan's summary for status and, when it has a hash, the whole of it. Saved plans take the place of older ones. It
// writes nothing to the target.
func recordPlan(s *session, work *planning, saved bool) error {
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
	if err := s.store.KeepPlan(p); err != nil {
		return err
	}
	previewed := planRecord(p)
	if saved {
		previewed.SavedAt = s.env.now().UTC().Truncate(time.Second)
	}
	return s.store.PutPlan(previewed, s.event("migration.cutover_plan.previewed", p.PlanHash, nil))
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
