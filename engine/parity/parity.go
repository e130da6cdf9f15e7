package parity

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/state"
)

// Grants compares what the newest snapshots of all configured sources grant with live, which is all that the target
// holds. Expected is what the runs made. A source without a completed snapshot is no part of it.
func Grants(ctx context.Context, p *project.Project, expected []verify.Expected, live []identity.Resource,
	schemas []identity.ResourceSchema) (verify.Incumbent, []verify.Result, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return verify.Incumbent{}, nil, err
	}
	bindings, err := migration.Bindings()
	if err != nil {
		return verify.Incumbent{}, nil, fmt.Errorf("reading what items became: %w", err)
	}
	c := newComparison(bindings, live, schemas)
	for _, source := range p.Config().SourceBlocks() {
		snapshot, err := migration.LatestSnapshot(source.Address())
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err == nil {
			err = read(migration, snapshot, c)
		}
		if err != nil {
			return verify.Incumbent{}, nil, fmt.Errorf("comparing with %s: %w", source.Address(), err)
		}
	}
	return c.found(), c.beyond(expected, p.Now()), nil
}

// read takes a snapshot in, kind by kind, and holds no people: of memberships those of groups that lack are counted.
func read(migration *state.Migration, snapshot state.Snapshot, c *comparison) error {
	c.begin(snapshot.Source, snapshot.ID, snapshot.CompletedAt, snapshot.Gaps)
	for item, err := range migration.Items(snapshot.ID, identity.KindGroup, identity.KindApplication,
		identity.KindAppAssignment) {
		if err == nil {
			err = c.take(item)
		}
		if err != nil {
			return err
		}
	}
	wanted := c.groupsToCount(snapshot.Source)
	if len(wanted) == 0 {
		return nil
	}
	for item, err := range migration.Items(snapshot.ID, identity.KindMembership) {
		if err != nil {
			return err
		}
		var m kinds.Membership
		if err := item.Decode(&m); err != nil {
			return err
		}
		if group := wanted[m.Group]; group != nil && m.MemberKind == string(identity.KindUser) {
			group.members++
		}
	}
	return nil
}
