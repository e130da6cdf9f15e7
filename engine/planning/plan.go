package planning

import (
	"context"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Report is a plan that was made and recorded. It is a draft when it has no hash.
type Report struct {
	Plan      *plan.Plan
	Read      contract.ReadSummary
	Saved     string           // the file that it was written into, as it was named
	Collected []state.Snapshot // what was read for it
	Unmanaged []plan.Unmanaged // what the target has and rehome neither made nor mapped
}

// Draft tells whether a gate is open.
func (r *Report) Draft() bool { return r.Plan.PlanHash == "" }

// Changes tells whether the plan would change anything.
func (r *Report) Changes() bool {
	return r.Plan.Summary.Create+r.Plan.Summary.Update+r.Plan.Summary.Delete+len(r.Plan.Withdrawn()) > 0
}

// Plan makes a plan and records it. One that is no draft is written into a file, where one is named.
func Plan(ctx context.Context, p *project.Project, in Input, file string) (*Report, error) {
	w, err := Prepare(ctx, p, in)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	report, err := Keep(ctx, p, w, file)
	if err != nil {
		return nil, err
	}
	p.Warn(p.Config().WithSnippets(w.Problems)...)
	return report, nil
}

// Review makes a plan of the whole for what it says about impacts and overlaps, and keeps that alone.
func Review(ctx context.Context, p *project.Project) (*plan.Plan, error) {
	w, err := Prepare(ctx, p, Input{})
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if err := recordReview(ctx, p, w.Plan); err != nil {
		return nil, err
	}
	p.Warn(p.Config().WithSnippets(w.Problems)...)
	return w.Plan, nil
}

// Keep records a prepared plan, and writes one that is no draft into a file, where one is named.
func Keep(ctx context.Context, p *project.Project, w *Prepared, file string) (*Report, error) {
	if err := Record(ctx, p, w, file != ""); err != nil {
		return nil, err
	}
	report := &Report{Plan: w.Plan, Unmanaged: w.Unmanaged, Read: w.Read, Collected: w.Collected}
	if file == "" || report.Draft() {
		return report, nil
	}
	report.Saved = file
	return report, WriteFile(ctx, p, file, w.Plan)
}

// DraftError refuses what needs a plan with a hash. The plan says which gates are open.
type DraftError struct {
	Plan *plan.Plan
	Read *contract.ReadSummary // nil where the plan was not made now
}

// Error implements error.
func (e *DraftError) Error() string { return "the plan is a draft" }

// Show finds a plan: that of a file, or one that the state keeps: by the beginning of its hash, or the newest. File is
// the name of the file, as it was given.
func Show(ctx context.Context, p *project.Project, name string) (found *plan.Plan, file string, err error) {
	if name != "" && !strings.HasPrefix(name, "sha256:") {
		found, err = look(ctx, p, name)
		return found, name, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, "", err
	}
	kept, err := migration.Plans()
	if err != nil {
		return nil, "", err
	}
	for _, record := range kept {
		if strings.HasPrefix(record.Hash, name) {
			found, err = migration.Plan(record.Hash)
			return found, "", err
		}
	}
	if name == "" {
		return nil, "", diag.Errorf("plan-unknown", "There is no plan yet",
			"The state keeps no plan of migration %q. Run rehome plan, or name a plan file.", p.Config().Migration.Name)
	}
	return nil, "", diag.Errorf("plan-unknown", "Plan is not known",
		"The state keeps no plan whose hash begins with %s. Name a plan file, or give the hash that rehome plan printed.",
		name)
}
