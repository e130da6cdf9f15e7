package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// defaultPlanAge is how old a plan may become, unless the rehome block says otherwise.
const defaultPlanAge = 24 * time.Hour

// planning is a plan with what it was made from. The caller closes target.
type planning struct {
	plan     *plan.Plan
	target   *client.Target // translates and checks; it has no connection when live is a file
	live     liveTarget
	read     identity.ReadSummary
	marker   identity.Marker
	revision identity.MarkerRevision
	problems diag.List // of blocks that cannot be followed; the plan is a draft then

	throwAway bool // see session
	untold    int  // resources of a throw-away target of which it is not known whether they were used
}

// planInputs say what a plan is made from, beyond configuration and state.
type planInputs struct {
	refresh    bool   // collect first, always
	targetFile string // of rehome target snapshot; empty for the live target
	part       partOptions
}

// preparePlan computes the plan from the newest snapshots and the live target. It collects where there is no snapshot, or always with
// refresh, and assesses where the newest assessment does not fit.
func preparePlan(ctx context.Context, s *session, from planInputs) (*planning, error) {
	if _, err := s.load(); err != nil {
		return nil, err
	}
	if _, err := s.openForChange(); err != nil {
		return nil, err
	}
	work, schema, err := openTarget(ctx, s, from.targetFile)
	if err != nil {
		return nil, err
	}
	if err := work.compute(ctx, s, schema, from); err != nil {
		work.target.Close()
		return nil, err
	}
	return work, nil
}

// openTarget starts the plugin of the target: with its credential, or, for a target that is read from a file, with none.
func openTarget(ctx context.Context, s *session, file string) (*planning, identity.ProviderSchema, error) {
	providers, err := s.providers()
	if err != nil {
		return nil, identity.ProviderSchema{}, err
	}
	if file == "" {
		target, schema, err := providers.target(ctx, s.cfg.Target, s.cfg)
		return &planning{target: target, live: target}, schema, err
	}
	kept, err := readTargetFile(s, file)
	if err != nil {
		return nil, identity.ProviderSchema{}, err
	}
	target, schema, err := providers.offlineTarget(ctx, s.cfg.Target, s.cfg)
	return &planning{target: target, live: kept}, schema, err
}

func (w *planning) compute(ctx context.Context, s *session, schema identity.ProviderSchema, from planInputs) error {
	selected, err := from.part.selection(s.cfg)
	if err != nil {
		return err
	}
	who, err := w.live.Identify(ctx)
	if err != nil {
		return fmt.Errorf("asking the target who it is: %w", err)
	}
	if w.marker, w.revision, err = w.live.ReadMarker(ctx); err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if !s.ThrowAway() { // a rehearsal reads the real target under a name of its own, and rehearsal.Refuse judges where it writes
		if err := apply.CheckOwner(w.marker, s.Owner()); err != nil {
			return err
		}
	}
	input := plan.Input{
		Migration: plan.Migration{Name: s.cfg.Migration.Name, Tenant: s.cfg.Migration.Tenant, Mode: s.cfg.Migration.Mode},
		Target:    plan.Target{Provider: s.cfg.Target.Provider, Name: s.cfg.Target.Name, Identity: who.Identity, Summary: who.Summary},
		Schemas:   schema.Resources, Rules: s.cfg.Merges, Skips: s.cfg.Skips, Selection: selected,
	}
	if kept, isFile := w.live.(keptTarget); isFile {
		input.Target.SnapshotAt = kept.TakenAt()
	}
	people, err := w.gather(ctx, s, &input, from.refresh)
	if err != nil {
		return err
	}
	if input.Bindings, err = bindings(s.store, w.marker); err != nil {
		return err
	}
	w.read, err = w.live.Read(ctx, func(r identity.Resource) error {
		input.Live = append(input.Live, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the target: %w", err)
	}
	if input.CheckFindings, err = w.target.Check(ctx, plan.Desired(input), input.Live); err != nil {
		return fmt.Errorf("checking the desired resources: %w", err)
	}
	return w.build(ctx, s, input, people)
}

// gather reads the snapshots: structural items go into the input, people are left to be streamed.
func (w *planning) gather(ctx context.Context, s *session, input *plan.Input, refresh bool) ([]state.Snapshot, error) {
	var snapshots []state.Snapshot
	for _, block := range reading.Sources(s.cfg) {
		snapshot, err := s.store.LatestSnapshot(block.Address())
		if refresh || errors.Is(err, state.ErrNotFound) {
			snapshot, err = collectSource(ctx, s, block)
		}
		if err != nil {
			return nil, err
		}
		assessment, err := reading.NewestAssessment(ctx, s.Project, w.target, snapshot)
		if err != nil {
			return nil, err
		}
		err = reading.Translated(ctx, s.Project, w.target, snapshot, structural(), func(batch []assess.Item) error {
			input.Items = append(input.Items, batch...)
			return nil
		})
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, snapshot)
		input.Snapshots = append(input.Snapshots, plan.Snapshot{
			Source: snapshot.Source, ID: snapshot.ID, CompletedAt: snapshot.CompletedAt.Format(time.RFC3339), Items: snapshot.Total(),
			Gaps: snapshot.Gaps, Assessment: assessment.ID,
		})
	}
	return snapshots, nil
}

func structural() []identity.Kind {
	var kinds []identity.Kind
	for _, kind := range identity.Kinds() {
		if !kind.IsPeople() {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// bindings come from the state; those that the marker lists fill in where the state was lost.
func bindings(store *state.Migration, marker identity.Marker) (map[string]merge.Binding, error) {
	recorded, err := store.Bindings()
	if err != nil {
		return nil, err
	}
	all := map[string]merge.Binding{}
	for key, resource := range marker.Bindings {
		if id, err := identity.ParseResourceID(resource); err == nil {
			all[key] = merge.Binding{Resource: id}
		}
	}
	for key, b := range recorded {
		all[key] = merge.Binding{Resource: b.Resource, ServerID: b.ServerID, Decision: merge.Decision(b.Decision)}
	}
	return all, nil
}

// build makes the plan twice: the checks of the configuration look at the first one.
func (w *planning) build(ctx context.Context, s *session, input plan.Input, people []state.Snapshot) error {
	now := s.env.now().UTC()
	age, err := duration(s.cfg.Rehome.MaxPlanAge, defaultPlanAge, "max_plan_age")
	if err != nil {
		return err
	}
	ages, err := snapshotAges(s.cfg)
	if err != nil {
		return err
	}
	input.Gates.Acknowledgements = s.cfg.Acknowledgements
	p, found := plan.Build(input)
	more, err := addPeople(ctx, s, w.target, p, people)
	if err != nil {
		return err
	}
	found = append(found, more...)
	input.Gates.CreatedAt, input.Gates.ExpiresAt = now.Format(time.RFC3339), endOf(p, ages, now, age)
	input.Gates.StaleSnapshots = handoff.Stale(p, ages, now)
	input.Gates.Volume = plan.Volume(p, input.Live, volumeLimits(s.cfg))
	if input.Gates.WavesMissing, err = wavesMissing(s, input.Selection.Wave); err != nil {
		return err
	}
	if input.Gates.FailedChecks, err = failedChecks(s.cfg, p); err != nil {
		return err
	}
	gates := input.Gates
	gates.ConfigErrors = found
	plan.Close(p, gates)
	p.Warnings = append(p.Warnings, unusedAcknowledgements(s.cfg, p)...)
	for _, d := range found {
		if d.Severity == diag.Error {
			w.problems = append(w.problems, d)
		}
	}
	w.plan = p
	return nil
}

func failedChecks(cfg *config.Config, p *plan.Plan) ([]plan.FailedCheck, error) {
	if len(cfg.Checks) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encoding the plan for the checks: %w", err)
	}
	var failed []plan.FailedCheck
	for _, check := range cfg.Checks {
		ok, message, err := check.Evaluate(encoded)
		if err != nil {
			ok, message = false, err.Error()
		}
		if !ok {
			failed = append(failed, plan.FailedCheck{Name: check.Name, Message: message, Range: check.Range})
		}
	}
	return failed, nil
}

func unusedAcknowledgements(cfg *config.Config, p *plan.Plan) diag.List {
	if p.Part != nil {
		return nil // what is left for later has impacts of its own
	}
	known := map[string]bool{}
	for _, impact := range p.Impacts {
		known[impact.ID] = true
	}
	var found diag.List
	for _, a := range cfg.Acknowledgements {
		if !known[a.ID] {
			w := diag.Warningf("acknowledgement-unused", "Acknowledgement matches nothing", "No impact has the id %q. An impact that changed has a new id and needs a new acknowledgement.", a.ID)
			place := a.Range
			w.Subject = &place
			found = append(found, w)
		}
	}
	return found
}

func duration(text string, otherwise time.Duration, name string) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, diag.Errorf("duration-invalid", "Duration is invalid", "%s = %q is not a duration such as \"24h\".", name, text)
	}
	return d, nil
}
