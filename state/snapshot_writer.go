package state

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

// itemsPerChunk is how many items one stored value holds (chunks compress six to one; a read of one item unpacks one).
const itemsPerChunk = 256

// Limits of what waits in memory. What is flushed of one kind is sorted and makes one run; readers merge the runs and
// hold one chunk of each, so large runs keep them small: 20 million memberships are a few hundred runs.
const (
	flushItemsAt = 16 << 20 // bytes of items
	flushPagesAt = 8 << 20  // bytes of bodies
)

// SnapshotWriter takes what a collection reads. Not safe for many goroutines.
type SnapshotWriter struct {
	migration *Migration
	snapshot  Snapshot
	waiting   map[identity.Kind][]identity.Item
	itemBytes int
	runs      int
	pages     []identity.PageEvidence
	pageBytes int
}

func newSnapshotWriter(m *Migration, snapshot Snapshot) *SnapshotWriter {
	return &SnapshotWriter{migration: m, snapshot: snapshot, waiting: map[identity.Kind][]identity.Item{}}
}

// ID of the snapshot.
func (w *SnapshotWriter) ID() string { return w.snapshot.ID }

// Items takes items; they are durable after the next flush.
func (w *SnapshotWriter) Items(items []identity.Item) error {
	for _, item := range items {
		item.Source = w.snapshot.Source
		w.waiting[item.Kind] = append(w.waiting[item.Kind], item)
		w.snapshot.Items[item.Kind]++
		w.itemBytes += 200 + len(item.Attributes) + len(item.Raw)
	}
	if w.itemBytes >= flushItemsAt {
		return w.flush()
	}
	return nil
}

// Page takes one page of evidence.
func (w *SnapshotWriter) Page(page identity.PageEvidence) error {
	w.pages = append(w.pages, page)
	w.pageBytes += len(page.Body)
	w.snapshot.Pages++
	if w.pageBytes >= flushPagesAt {
		return w.flush()
	}
	return nil
}

// Gap records what could not be read.
func (w *SnapshotWriter) Gap(gap identity.Gap) error {
	w.snapshot.Gaps = append(w.snapshot.Gaps, gap)
	return nil
}

func (w *SnapshotWriter) flush() error {
	err := w.migration.store.backend.Update(func(tx Tx) error {
		for kind, items := range w.waiting {
			if err := w.putRun(tx, kind, items); err != nil {
				return err
			}
		}
		for _, page := range w.pages {
			body := page.Body
			page.Body = nil
			if err := w.migration.put(tx, bucketPages, pageKey(w.snapshot.ID, headPart, page.Sequence), page); err != nil {
				return err
			}
			if err := w.migration.putRaw(tx, bucketPages, pageKey(w.snapshot.ID, bodyPart, page.Sequence), body); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing snapshot %s: %w", w.snapshot.ID, err)
	}
	clear(w.waiting)
	w.runs++
	w.itemBytes, w.pageBytes, w.pages = 0, 0, nil
	return nil
}

// putRun writes the waiting items of one kind as one sorted run of chunks.
func (w *SnapshotWriter) putRun(tx Tx, kind identity.Kind, items []identity.Item) error {
	slices.SortStableFunc(items, func(a, b identity.Item) int { return cmp.Compare(a.ID, b.ID) })
	for chunk := 0; len(items) > 0; chunk++ {
		n := min(itemsPerChunk, len(items))
		key := fmt.Sprintf("%s/%s/%06d/%06d", w.snapshot.ID, kind, w.runs, chunk)
		if err := w.migration.put(tx, bucketItems, key, items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// Complete makes the snapshot readable, together with its audit record.
func (w *SnapshotWriter) Complete(at time.Time, tenant string, event Event) (Snapshot, error) {
	if err := w.flush(); err != nil {
		return w.snapshot, err
	}
	w.snapshot.Status, w.snapshot.CompletedAt, w.snapshot.Tenant = SnapshotCompleted, at, tenant
	return w.snapshot, w.finish(event)
}

// Fail records why the snapshot ended; what was read stays for inspection.
func (w *SnapshotWriter) Fail(reason, page string, event Event) (Snapshot, error) {
	flushed := w.flush()
	w.snapshot.Status, w.snapshot.Reason, w.snapshot.Page = SnapshotFailed, reason, page
	return w.snapshot, errors.Join(flushed, w.finish(event))
}

func (w *SnapshotWriter) finish(event Event) error {
	key := "snapshot/" + w.snapshot.ID
	return w.migration.putGuarded(key, w.snapshot, event, func(tx Tx) error {
		var kept Snapshot
		if err := w.migration.read(tx, bucketRecords, key, &kept); err != nil {
			return err
		}
		if kept.Status != SnapshotCollecting {
			return fmt.Errorf("snapshot %s is %s already: %w", kept.ID, kept.Status, ErrTakenOver)
		}
		if w.snapshot.Status != SnapshotCompleted {
			return nil
		}
		return w.migration.inventoried(tx, w.snapshot.Source, w.snapshot.CompletedAt)
	})
}
