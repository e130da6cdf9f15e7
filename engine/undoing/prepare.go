package undoing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rollback"
)

// Way is the way back as other use cases ask for it, through ports of their own.
type Way struct{}

// Prepare is the function of that name.
func (Way) Prepare(ctx context.Context, p *project.Project, run string) (*planning.Prepared, error) {
	return Prepare(ctx, p, run)
}

// UsedSince is the function of that name.
func (Way) UsedSince(ctx context.Context, p *project.Project, work *planning.Prepared,
	live map[identity.ResourceID]identity.Resource) ([]string, error) {
	return UsedSince(ctx, p, work, live)
}

// Plan computes the way back of a run, the newest one unless one is named, and records it; it is written into a file,
// where one is named.
func Plan(ctx context.Context, p *project.Project, run, file string) (*planning.Report, error) {
	work, err := Prepare(ctx, p, run)
	if err != nil {
		return nil, err
	}
	defer work.Close()
	return planning.Keep(ctx, p, work, file)
}

// Prepare computes the way back of a run from its record and the live target. The caller closes what it returns.
func Prepare(ctx context.Context, p *project.Project, run string) (*planning.Prepared, error) {
	migration, err := p.StateForChange(ctx)
	if err != nil {
		return nil, err
	}
	record, err := recordOf(migration, run)
	if err != nil {
		return nil, err
	}
	if err := mayTakeBack(migration, record); err != nil {
		return nil, err
	}
	target, schema, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	work := &planning.Prepared{Target: target, Live: target}
	if err := compute(ctx, p, work, record, schema); err != nil {
		work.Close()
		return nil, err
	}
	return work, nil
}

func compute(ctx context.Context, p *project.Project, w *planning.Prepared, record *rollback.Record,
	schema contract.ProviderSchema) error {
	cfg := p.Config()
	who, err := w.Target.Identify(ctx)
	if err != nil {
		return fmt.Errorf("asking the target who it is: %w", err)
	}
	if who.Identity != record.Plan.Target.Identity {
		return diag.Errorf("plan-other-target", "Run was in another target",
			"Run %s wrote to %s, the configuration names %s.",
			record.Run.ID, record.Plan.Target.Identity, who.Identity)
	}
	if w.Marker, w.Revision, err = w.Target.ReadMarker(ctx); err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if err := contract.CheckOwner(w.Marker, p.Owner()); err != nil {
		return err
	}
	age, err := planning.Age(cfg)
	if err != nil {
		return err
	}
	now := p.Now().UTC()
	input := rollback.Input{
		Run: record.Run.ID, PlanHash: record.Run.PlanHash, Done: record.Did,
		Since: record.Since().UTC().Format(time.RFC3339), Schemas: schema.Resources, Decisions: cfg.Undos,
		Migration: plan.Migration{Name: cfg.Migration.Name, Tenant: cfg.Migration.Tenant, Mode: cfg.Migration.Mode},
		Target: plan.Target{
			Provider: cfg.Target.Provider, Name: cfg.Target.Name, Identity: who.Identity, Summary: who.Summary,
		},
		CreatedAt: now.Format(time.RFC3339Nano), ExpiresAt: now.Add(age).Format(time.RFC3339),
	}
	if input.Live, w.Read, err = project.Resources(ctx, w.Target); err != nil {
		return err
	}
	if input.Usages, err = usages(ctx, w, p.ThrowAway(), rollback.Questions(input)); err != nil {
		return err
	}
	made, problems := rollback.Build(input)
	if problems.HasErrors() {
		return problems
	}
	w.Plan = made
	return nil
}

// usages asks what people did with resources. A target that cannot tell gives no answer, and then everything counts as
// used.
//
// Nobody signs in to a throw-away target, so there what is not known counts as not used.
func usages(ctx context.Context, w *planning.Prepared, throwAway bool, questions []observation.UsageQuestion,
) (map[identity.ResourceID]observation.Usage, error) {
	answers, err := w.Target.Usage(ctx, questions)
	if err != nil && !project.Unsupported(err) {
		return nil, fmt.Errorf("asking what was used since: %w", err)
	}
	known := map[identity.ResourceID]observation.Usage{}
	for _, u := range answers {
		known[u.Resource] = u
	}
	if !throwAway {
		return known, nil
	}
	w.Untold = 0
	for _, question := range questions {
		id := question.Resource.ID()
		if u, reported := known[id]; !u.Used && (!reported || u.Unknown != "") {
			known[id] = observation.Usage{Resource: id}
			w.Untold++
		}
	}
	return known, nil
}

// UsedSince says in a line of each what a rollback would delete that has come into use after it was planned. A decided
// delete stands. A plan that goes forward has none.
func UsedSince(ctx context.Context, p *project.Project, work *planning.Prepared,
	live map[identity.ResourceID]identity.Resource) ([]string, error) {
	back := work.Plan.Rollback
	if back == nil {
		return nil, nil
	}
	var ask []observation.UsageQuestion
	for _, step := range work.Plan.Steps {
		if r, exists := live[step.Resource]; exists {
			ask = append(ask, rollback.Ask(r, back.Since, slices.Contains(back.Opened, step.ID)))
		}
	}
	known, err := usages(ctx, work, p.ThrowAway(), ask)
	if err != nil || len(known) == 0 {
		return nil, err // a target that cannot tell had all that is not decided kept
	}
	return rollback.UsedSince(work.Plan, ask, known), nil
}
