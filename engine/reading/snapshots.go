package reading

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// SnapshotDetail is what one snapshot holds, without its items.
type SnapshotDetail struct {
	Snapshot    state.Snapshot     `json:"snapshot"`
	Pages       []PageGroup        `json:"pages"`
	Assessments []state.Assessment `json:"assessments"` // of it, newest first
}

// PageGroup sums up the pages of one path, in which ids are written *.
type PageGroup struct {
	Path   string `json:"path"` // GET /api/v1/apps/*/users
	Pages  int    `json:"pages"`
	Items  int    `json:"items"`
	Bytes  int    `json:"bytes"`  // as they came
	Status []int  `json:"status"` // HTTP, sorted, each once
}

// Detail sums up a snapshot.
func Detail(ctx context.Context, p *project.Project, snapshot state.Snapshot) (SnapshotDetail, error) {
	detail := SnapshotDetail{Snapshot: snapshot}
	migration, err := p.State(ctx)
	if err != nil {
		return detail, err
	}
	if detail.Pages, err = pageGroups(migration, snapshot.ID); err != nil {
		return detail, err
	}
	detail.Assessments, err = Assessments(ctx, p, "", snapshot.ID)
	return detail, err
}

func pageGroups(migration *state.Migration, snapshot string) ([]PageGroup, error) {
	groups := map[string]*PageGroup{}
	for page, err := range migration.PageHeads(snapshot) {
		if err != nil {
			return nil, fmt.Errorf("reading the pages of snapshot %s: %w", snapshot, err)
		}
		path := page.Method + " " + withoutIDs(page.Path)
		g := groups[path]
		if g == nil {
			g = &PageGroup{Path: path, Status: []int{}}
			groups[path] = g
		}
		g.Pages, g.Items, g.Bytes = g.Pages+1, g.Items+page.ItemCount, g.Bytes+page.Bytes
		if i, found := slices.BinarySearch(g.Status, page.Status); !found {
			g.Status = slices.Insert(g.Status, i, page.Status)
		}
	}
	sorted := make([]PageGroup, 0, len(groups))
	for _, g := range groups {
		sorted = append(sorted, *g)
	}
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Path < sorted[j].Path })
	return sorted, nil
}

// shortestID is from which length on a part of a path with a digit in it is taken for an id.
const shortestID = 16

func withoutIDs(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) >= shortestID && strings.ContainsAny(part, "0123456789") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// Items streams the items of one kind of a snapshot, sorted by id.
func Items(ctx context.Context, p *project.Project, snapshot state.Snapshot, kind identity.Kind,
) (iter.Seq2[identity.Item, error], error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	return func(yield func(identity.Item, error) bool) {
		for item, err := range migration.Items(snapshot.ID, kind) {
			if err != nil {
				yield(item, fmt.Errorf("reading snapshot %s: %w", snapshot.ID, err))
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}, nil
}

// Item is one item of a snapshot with the page that it was read from; nil where no page is its own.
func Item(ctx context.Context, p *project.Project, snapshot state.Snapshot, text string,
) (identity.Item, *identity.PageEvidence, error) {
	id, err := ParseItem(text, snapshot.Source)
	if err != nil {
		return identity.Item{}, nil, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return identity.Item{}, nil, err
	}
	item, err := migration.Item(snapshot.ID, id)
	if err != nil {
		return item, nil, notKept(err, "Item "+id.String(), "snapshot "+snapshot.ID)
	}
	for page, err := range migration.PageHeads(snapshot.ID) {
		if err != nil {
			return item, nil, fmt.Errorf("reading the pages of snapshot %s: %w", snapshot.ID, err)
		}
		if page.Sequence == item.Page {
			return item, &page, nil
		}
	}
	return item, nil, nil
}

// SnapshotDiff compares two snapshots.
type SnapshotDiff struct {
	Before, After  state.Snapshot
	Opened, Closed []identity.Gap // gaps that the later one has, and that it has no more; never nil
	Changes        iter.Seq2[inventory.Change, error]
}

// DiffNamed compares two snapshots that words name, as FindSnapshot understands them.
func DiffNamed(ctx context.Context, p *project.Project, first, second, source string) (SnapshotDiff, error) {
	before, err := FindSnapshot(ctx, p, first, source)
	if err != nil {
		return SnapshotDiff{}, err
	}
	after, err := FindSnapshot(ctx, p, second, source)
	if err != nil {
		return SnapshotDiff{}, err
	}
	return DiffSnapshots(ctx, p, before, after)
}

// DiffSnapshots compares two completed snapshots of one source. It refuses what would show differences that are none.
func DiffSnapshots(ctx context.Context, p *project.Project, before, after state.Snapshot) (SnapshotDiff, error) {
	d := SnapshotDiff{Before: before, After: after}
	if before.Source != after.Source {
		return d, diag.Errorf("snapshot-other-source", "Snapshots are of two sources",
			"%s is of %s, %s is of %s; only two reads of one source are compared.", before.ID, before.Source,
			after.ID, after.Source)
	}
	for _, snapshot := range []state.Snapshot{before, after} {
		if snapshot.Status != state.SnapshotCompleted {
			return d, diag.Errorf("snapshot-not-completed", "Snapshot is not completed",
				"%s is %s: what it does not hold may still be in the source. Compare completed ones.", snapshot.ID,
				snapshot.Status)
		}
	}
	migration, err := p.State(ctx)
	if err != nil {
		return d, err
	}
	opened, closed := inventory.DiffGaps(before.Gaps, after.Gaps)
	d.Opened, d.Closed = append([]identity.Gap{}, opened...), append([]identity.Gap{}, closed...)
	d.Changes = during("comparing "+before.ID+" with "+after.ID, inventory.Diff(
		migration.Items(before.ID, identity.Kinds()...), migration.Items(after.ID, identity.Kinds()...)))
	return d, nil
}

// during says in an error of a stream what was being done.
func during[T any](doing string, stream iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for one, err := range stream {
			if err != nil {
				yield(one, fmt.Errorf("%s: %w", doing, err))
				return
			}
			if !yield(one, nil) {
				return
			}
		}
	}
}

// Prune deletes what a rule lets go, or only says what that would be. Configured and Now of the rule are filled in.
// What is returned is never nil.
func Prune(ctx context.Context, p *project.Project, rule state.PruneRule, dryRun bool) ([]state.Pruning, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	rule.Configured, rule.Now = p.Config().SourceNames(), p.Now()
	found, err := migration.Prunable(rule)
	if err != nil {
		return nil, err
	}
	if !dryRun {
		if _, err := migration.Prune(rule, p.Event); err != nil {
			return nil, err
		}
	}
	return append([]state.Pruning{}, found...), nil
}

// ExportPages writes the redacted pages of a snapshot as JSON lines, each body checked against its digest first, and
// tells how many there are.
func ExportPages(ctx context.Context, p *project.Project, snapshot string, w io.Writer) (int, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return 0, err
	}
	n, err := inventory.ExportPages(w, migration.Pages(snapshot))
	if damaged := (*inventory.DigestError)(nil); errors.As(err, &damaged) {
		return n, diag.Errorf("page-digest-mismatch", "Page evidence is damaged",
			"Snapshot %s: %s. It proves nothing any more; collect again.", snapshot, damaged)
	}
	return n, err
}
