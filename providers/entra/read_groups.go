package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rehome-iam/rehome/engine/identity"
)

// heldGroup waits for all memberships: only then it is known which groups contain it.
type heldGroup struct {
	element
	gaps    []string
	hidden  bool
	deleted bool
}

// nesting notes which groups stand in which others. Safe for many goroutines.
type nesting struct {
	mu      sync.Mutex
	parents map[string][]string // group to those that contain it directly
}

func (n *nesting) add(parent, child string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.parents[child] = append(n.parents[child], parent)
}

// above lists all groups that contain this one, directly or not, sorted. A circle contains each of its groups.
func (n *nesting) above(id string) []string {
	seen := map[string]bool{}
	waiting := slices.Clone(n.parents[id])
	for len(waiting) > 0 {
		next := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if seen[next] {
			continue
		}
		seen[next] = true
		waiting = append(waiting, n.parents[next]...)
	}
	delete(seen, id)
	var out []string
	for parent := range seen {
		out = append(out, parent)
	}
	slices.Sort(out)
	return out
}

// groups reads all groups, then the members of each, and sends the groups last.
func (r *run) groups(ctx context.Context) error {
	l := groupsResource()
	request, err := r.groupsRequest(ctx, l)
	if err != nil {
		return fmt.Errorf("making the request for groups: %w", err)
	}
	var held []*heldGroup
	err = r.read(ctx, list{resource: l, first: request}, func(elements []element) error {
		for _, e := range elements {
			held = append(held, &heldGroup{element: e})
		}
		return nil
	})
	if err != nil {
		return pass(err)
	}
	nested := &nesting{parents: map[string][]string{}}
	err = r.forEach(ctx, len(held), func(ctx context.Context, i int) error { return r.members(ctx, held[i], nested) })
	if err != nil {
		return err
	}
	return r.sendGroups(ctx, held, nested)
}

func (r *run) sendGroups(ctx context.Context, held []*heldGroup, nested *nesting) error {
	for _, group := range held {
		attributes := convertGroup(group.element, group.hidden)
		attributes.ParentGroups = nested.above(group.id())
		item, err := group.item(identity.KindGroup, attributes.Name, attributes)
		if err != nil {
			return err
		}
		item.Gaps, item.Deleted = group.gaps, group.deleted
		if err := r.sink.Items(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

// members reads one group's direct members. Hidden ones come as an empty list unless one more permission is granted.
func (r *run) members(ctx context.Context, group *heldGroup, nested *nesting) error {
	l := membersResource()
	request, err := r.membersRequest(ctx, group.id(), l)
	if err != nil {
		return fmt.Errorf("making the request for the members of a group: %w", err)
	}
	if isHidden(group.element) {
		l.permission = hiddenMembers
	}
	members := list{resource: l, first: request, of: group.id()}
	count := 0
	err = r.readItems(ctx, members, func(e element) (identity.Item, error) {
		count++
		if word, _ := memberKind(e.At("@odata.type").Text()); word == "group" {
			nested.add(group.id(), e.id())
		}
		return convertMembership(group.id(), e)
	})
	switch {
	case errors.Is(err, errGone):
		group.deleted = true
		return nil
	case errors.Is(err, errGap):
		group.hidden = true
		group.gaps = append(group.gaps, "members")
		return nil
	case err != nil:
		return err
	}
	if isHidden(group.element) && count == 0 {
		group.hidden = true
		group.gaps = append(group.gaps, "members")
		return r.gap(ctx, members, identity.GapForbidden, http.StatusForbidden,
			"the membership of group "+group.id()+" is hidden, so an empty list proves nothing")
	}
	return nil
}

// forEach works through n things with as many goroutines as requests may be under way.
func (r *run) forEach(ctx context.Context, n int, do func(context.Context, int) error) error {
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(r.settings.concurrency)
	for i := 0; i < n && each.Err() == nil; i++ {
		group.Go(func() error { return do(each, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err() // some may have been left out
}
