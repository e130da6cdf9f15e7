package planning

import (
	"context"
	"errors"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

// gather reads the snapshots: structural items go into the input, people are left to be streamed.
func (w *Prepared) gather(ctx context.Context, p *project.Project, input *draft.Input, refresh bool,
) ([]state.Snapshot, error) {
	structural, _ := kinds()
	var snapshots []state.Snapshot
	for _, block := range p.Config().SourceBlocks() {
		snapshot, err := w.snapshot(ctx, p, block, refresh)
		if err != nil {
			return nil, err
		}
		assessment, err := reading.NewestAssessment(ctx, p, w.Target, snapshot)
		if err != nil {
			return nil, err
		}
		err = reading.Translated(ctx, p, w.Target, snapshot, structural, func(batch []draft.AssessedItem) error {
			input.Items = append(input.Items, batch...)
			return nil
		})
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, snapshot)
		input.Snapshots = append(input.Snapshots, plan.Snapshot{
			Source: snapshot.Source, ID: snapshot.ID, CompletedAt: snapshot.CompletedAt.Format(time.RFC3339),
			Items: snapshot.Total(), Gaps: snapshot.Gaps, Assessment: assessment.ID,
		})
	}
	return snapshots, nil
}

// snapshot is the newest completed one of a source, or a new one.
func (w *Prepared) snapshot(ctx context.Context, p *project.Project, block *config.ProviderBlock, refresh bool,
) (state.Snapshot, error) {
	newest, err := p.Migration().LatestSnapshot(block.Address())
	if !refresh && !errors.Is(err, state.ErrNotFound) {
		return newest, err
	}
	made, err := reading.Collect(ctx, p, block)
	if err == nil {
		w.Collected = append(w.Collected, made)
	}
	return made, err
}

// addPeople streams users and memberships through the plan: they are counted, digested and never held.
func (w *Prepared) addPeople(ctx context.Context, p *project.Project, of *plan.Plan, snapshots []state.Snapshot,
) (diag.List, error) {
	_, people := kinds()
	crowds := draft.NewCrowds(p.Config().Skips)
	for _, snapshot := range snapshots {
		err := reading.Translated(ctx, p, w.Target, snapshot, people, func(batch []draft.AssessedItem) error {
			for _, item := range batch {
				if err := crowds.Add(item); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return crowds.Join(of), nil
}

// kinds are those of structure, which a plan holds, and those of people, which it streams.
func kinds() (structural, people []identity.Kind) {
	for _, kind := range identity.Kinds() {
		if kind.IsPeople() {
			people = append(people, kind)
		} else {
			structural = append(structural, kind)
		}
	}
	return structural, people
}

// bind says what items are bound to: by the state, and by the marker where the state was lost.
func bind(input *draft.Input, migration *state.Migration, marker contract.Marker) error {
	recorded, err := migration.Bindings()
	if err != nil {
		return err
	}
	for key, resource := range marker.Bindings {
		if id, err := identity.ParseResourceID(resource); err == nil {
			input.Bind(key, id, "", "")
		}
	}
	for key, b := range recorded {
		input.Bind(key, b.Resource, b.ServerID, b.Decision)
	}
	return nil
}
