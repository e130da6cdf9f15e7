package planning

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/surveying"
	"github.com/rehome-iam/rehome/state"
)

// Input says what a plan is made from, beyond configuration and state.
type Input struct {
	Refresh    bool // collect first, always
	Part       Part
	TargetFile string // plan against the snapshot of the target in this file, instead of the live one
	// Through is what stands between the plan and the live target; nil for nothing.
	Through func(Live) Live
}

// Prepared is a plan with what it was made from. Whoever has it closes it.
type Prepared struct {
	Plan      *plan.Plan
	Target    *project.Target // translates and checks; it has no connection when the plan was made against a file
	Live      Live
	Read      contract.ReadSummary
	Marker    contract.Marker
	Revision  contract.MarkerRevision
	Problems  diag.List        // of blocks that cannot be followed; the plan is a draft then
	Collected []state.Snapshot // those that were made for this plan

	// Untold counts the resources of a throw-away target of which it is not known whether they were used.
	Untold int

	// Unmanaged is what the target has and rehome neither made nor mapped.
	Unmanaged []plan.Unmanaged

	takenAt string // when the snapshot of the target was taken, RFC 3339; empty for a live one
}

// Live is what a plan wants to know of the target: from its plugin, or from a file.
type Live interface {
	Identify(ctx context.Context) (contract.TargetIdentity, error)
	ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error)
	Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error)
}

// Close ends the plugin of the target.
func (w *Prepared) Close() { w.Target.Close() }

// Prepare computes the plan from the newest snapshots and the target. It collects where there is no snapshot, or always
// with Refresh, and assesses where the newest assessment does not fit.
func Prepare(ctx context.Context, p *project.Project, in Input) (*Prepared, error) {
	if _, err := p.StateForChange(ctx); err != nil {
		return nil, err
	}
	w, schema, err := open(ctx, p, in)
	if err != nil {
		return nil, err
	}
	if err := w.compute(ctx, p, schema, in); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// open starts the plugin of the target: with its credential, or, for a target that is known from a file, with none.
func open(ctx context.Context, p *project.Project, in Input) (*Prepared, contract.ProviderSchema, error) {
	if in.TargetFile == "" {
		target, schema, err := p.Target(ctx)
		if err != nil {
			return nil, schema, err
		}
		w := &Prepared{Target: target, Live: target}
		if in.Through != nil {
			w.Live = in.Through(target)
		}
		return w, schema, nil
	}
	kept, err := surveying.Open(p, in.TargetFile)
	if err != nil {
		return nil, contract.ProviderSchema{}, err
	}
	plugins, err := p.Plugins()
	if err != nil {
		return nil, contract.ProviderSchema{}, err
	}
	cfg := p.Config()
	target, schema, err := plugins.OfflineTarget(ctx, cfg.Target, cfg.InPhase(p.Phase))
	return &Prepared{Target: target, Live: kept, takenAt: kept.TakenAt}, schema, err
}

func (w *Prepared) compute(ctx context.Context, p *project.Project, schema contract.ProviderSchema, in Input) error {
	cfg := p.Config()
	selected, err := in.Part.selection(cfg.Waves)
	if err != nil {
		return err
	}
	who, err := w.Live.Identify(ctx)
	if err != nil {
		return fmt.Errorf("asking the target who it is: %w", err)
	}
	if w.Marker, w.Revision, err = w.Live.ReadMarker(ctx); err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if !p.ThrowAway() { // a rehearsal reads the real target under a name of its own; where it writes is judged elsewhere
		if err := contract.CheckOwner(w.Marker, p.Owner()); err != nil {
			return err
		}
	}
	input := draft.Input{
		Migration: plan.Migration{Name: cfg.Migration.Name, Tenant: cfg.Migration.Tenant, Mode: cfg.Migration.Mode},
		Target: plan.Target{
			Provider: cfg.Target.Provider, Name: cfg.Target.Name, Identity: who.Identity, Summary: who.Summary,
			SnapshotAt: w.takenAt,
		},
		Schemas: schema.Resources, Rules: cfg.Merges, Skips: cfg.Skips, Rebuilt: cfg.Rebuilts, Selection: selected,
	}
	snapshots, err := w.gather(ctx, p, &input, in.Refresh)
	if err != nil {
		return err
	}
	if err := bind(&input, p.Migration(), w.Marker); err != nil {
		return err
	}
	w.Read, err = w.Live.Read(ctx, func(r identity.Resource) error {
		input.Live = append(input.Live, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the target: %w", err)
	}
	input.CheckFindings, err = draft.Judge(input, func(changed, live []identity.Resource) ([]contract.CheckFinding,
		error) {
		return w.Target.Check(ctx, changed, live)
	})
	if err != nil {
		return fmt.Errorf("checking the desired resources: %w", err)
	}
	return w.build(ctx, p, input, snapshots)
}
