package main

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
)

// preconditions re-reads the live target before the first write and refuses when any step's before is no longer true.
func (e *execution) preconditions(ctx context.Context) error {
	work := e.work
	live := map[identity.ResourceID]identity.Resource{}
	_, err := work.Target.Read(ctx, func(r identity.Resource) error {
		live[r.ID()] = r
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the target before the first write: %w", err)
	}
	schema, err := work.Target.Schema(ctx)
	if err != nil {
		return err
	}
	schemas := map[string]identity.ResourceSchema{}
	for _, r := range schema.Resources {
		schemas[r.Type] = r
	}
	lines := apply.Preconditions(work.Plan, live, schemas, e.resumed.known())
	if work.Plan.Rollback != nil {
		used, err := usedSince(ctx, work, e.s.ThrowAway(), live)
		if err != nil {
			return err
		}
		lines = append(lines, used...)
	}
	if err := apply.TargetChanged(work.Plan, lines); err != nil {
		return project.Refuse(project.CauseHash, err)
	}
	return nil
}
