package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
)

type planOptions struct {
	planning.Input
	out            string
	markdown, html string
	verbose        bool

	detailed, unmanaged bool
}

func planCommand() Command {
	var o planOptions
	return Command{
		Path:  "plan",
		Group: groupUsual,
		Class: classManage,
		Codes: []string{
			"item-twice", "map-failed", "map-two-blocks", "merge-target-unmatched", "merge-attribute-unknown",
			"merge-two-blocks", "where-failed", "block-matches-nothing", "duration-invalid", "recipient-invalid",
			"plan-partial", "selection-unknown", "selection-conflict", "wave-unknown", "break-glass-shut",
			"break-glass-not-tried",
		},
		Short: "Show every change, and its hash",
		Long: `Plan compares the newest snapshots with the live target and shows what apply would do. While a gate is open (a missing decision,
an impact that nobody acknowledged, a failed check, a stale snapshot) the plan is a draft: it has no hash and the exit status is 3.`,
		Example: "  rehome plan -out=plan.rehome\n  rehome plan -refresh -markdown=comment.md -detailed-exitcode",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.out, "out", "", "write the plan file here")
			f.StringVar(&o.markdown, "markdown", "", "write a pull-request comment here")
			f.StringVar(&o.Part.Wave, "wave", "", "plan this wave only, with what it needs")
			f.StringArrayVar(&o.Part.Targets, "target", nil, "emergency: only this step (type:key) or item, with what it needs")
			f.StringArrayVar(&o.Part.Excludes, "exclude", nil, "emergency: leave out this step or item, and what needs it")
			f.StringVar(&o.TargetFile, "target-snapshot", "", "read the target from this file of rehome target snapshot")
			f.StringVar(&o.html, "html", "", "write a page for reviewers here")
			f.BoolVar(&o.unmanaged, "unmanaged", false, "name what the target has that rehome neither made nor mapped")
			f.BoolVar(&o.Refresh, "refresh", false, "collect first, even where there are snapshots")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every step, equal ones too")
			f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
		},
		Run: o.run,
	}
}

func (o *planOptions) run(ctx context.Context, r *call) error {
	report, err := planning.Plan(ctx, r.Project, o.Input, o.out)
	if err != nil {
		return err
	}
	for _, snapshot := range report.Collected {
		if !r.global.json {
			readings.Collected(r.env.out, snapshot)
		}
	}
	if err := r.planFiles(report.Plan, o.markdown, o.html); err != nil {
		return err
	}
	if err := r.showPlan(report.Plan, o.verbose, report.Saved, &report.Read); err != nil {
		return err
	}
	if o.unmanaged {
		show := func(w io.Writer) error { return view.Unmanaged(w, report.Unmanaged) }
		if err := r.event("unmanaged", map[string]any{"unmanaged": report.Unmanaged}, show); err != nil {
			return err
		}
	}
	return planStatus(report, o.detailed)
}

// planFiles writes the plan for those who have no terminal; it names nobody unless -show-people.
func (r *call) planFiles(p *plan.Plan, markdown, html string) error {
	if markdown == "" && html == "" {
		return nil
	}
	masked, err := r.WithoutPeople(p)
	if err != nil {
		return err
	}
	if markdown != "" {
		err = r.write(markdown, func(w io.Writer) error { return view.Markdown(w, masked, view.MarkdownLimit) })
	}
	if html != "" && err == nil {
		err = r.write(html, func(w io.Writer) error { return view.HTML(w, masked) })
	}
	return err
}

// planStatus is the exit status of a plan as an error: 3 for a draft, 2 for changes when asked.
func planStatus(report *planning.Report, detailed bool) error {
	if report.Draft() {
		return &statusError{status: exitGate, quiet: true, err: errors.New("a gate is open")}
	}
	return finding(detailed && report.Changes(), exitChanges)
}

// refuseDraft shows a draft and refuses it.
func (r *call) refuseDraft(p *plan.Plan, read *contract.ReadSummary) error {
	if err := r.showPlan(p, false, "", read); err != nil {
		return err
	}
	return &statusError{status: exitGate, quiet: true, err: errors.New("the plan is a draft")}
}

// showPlan shows a plan to a person, and to a program that listens. A copy without people is made for the program only:
// the terminal of whoever plans may name them.
func (r *call) showPlan(p *plan.Plan, verbose bool, saved string, read *contract.ReadSummary) error {
	if r.events.Heard() {
		masked, err := r.WithoutPeople(p)
		if err != nil {
			return err
		}
		r.Fact("plan", map[string]any{"plan": masked})
	}
	if r.global.json {
		return nil
	}
	view.Diagnostics(r.env.err, p.Warnings, r.style())
	return view.Plan(r.env.out, p, view.PlanOptions{
		Style: r.style(), Verbose: verbose, Automation: r.env.automation(), Now: r.Now(), SavedTo: saved, Read: read,
	})
}
