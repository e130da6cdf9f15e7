package main

import (
	"context"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// addPeople streams users and memberships through the plan: they are counted, digested and never held.
func addPeople(ctx context.Context, s *session, target *client.Target, p *plan.Plan, snapshots []state.Snapshot) (diag.List, error) {
	crowds := plan.NewCrowds(s.cfg.Skips)
	for _, snapshot := range snapshots {
		err := reading.Translated(ctx, s.Project, target, snapshot, people(), func(batch []assess.Item) error {
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
	return crowds.Join(p), nil
}

func people() []identity.Kind {
	var kinds []identity.Kind
	for _, kind := range identity.Kinds() {
		if kind.IsPeople() {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}
