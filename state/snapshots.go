package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sort"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Statuses of a snapshot.
const (
	SnapshotCollecting = "collecting"
	SnapshotCompleted  = "completed"
	SnapshotFailed     = "failed"
)

// Snapshot is one read of one source.
type Snapshot struct {
	ID          string                `json:"id"`
	Source      string                `json:"source"` // okta.corp
	Tenant      string                `json:"tenant,omitempty"`
	Status      string                `json:"status"`
	StartedAt   time.Time             `json:"started_at"`
	CompletedAt time.Time             `json:"completed_at,omitzero"`
	Items       map[identity.Kind]int `json:"items"`
	Pages       int                   `json:"pages"`
	Gaps        []identity.Gap        `json:"gaps,omitempty"`
	Reason      string                `json:"reason,omitempty"` // why it failed
	Page        string                `json:"page,omitempty"`   // the page at fault
}

// Total is the number of items.
func (s Snapshot) Total() int {
	total := 0
	for _, n := range s.Items {
		total += n
	}
	return total
}

// itemsPerChunk is how many items one stored value holds (probes: chunks compress six to one; a read of one item unpacks one).
const itemsPerChunk = 256

// flushAt is how many items wait in memory at most, over all kinds.
const flushAt = 2048

// SnapshotWriter takes what a collection reads. Items of one kind keep their order. Not safe for many goroutines.
type SnapshotWriter struct {
	store    *Store
	snapshot Snapshot
	waiting  map[identity.Kind][]identity.Item
	held     int
	chunks   map[identity.Kind]int
	pages    []identity.PageEvidence
	bytes    int
}

// BeginSnapshot records a snapshot as collecting.
func (s *Store) BeginSnapshot(snapshot Snapshot) (*SnapshotWriter, error) {
	snapshot.Status = SnapshotCollecting
	snapshot.Items = map[identity.Kind]int{}
	err := s.backend.Update(func(tx Tx) error { return s.put(tx, bucketRecords, "snapshot/"+snapshot.ID, snapshot) })
	if err != nil {
		return nil, fmt.Errorf("recording snapshot %s: %w", snapshot.ID, err)
	}
	return &SnapshotWriter{store: s, snapshot: snapshot, waiting: map[identity.Kind][]identity.Item{}, chunks: map[identity.Kind]int{}}, nil
}

// Items stores items; they are durable after the next flush.
func (w *SnapshotWriter) Items(items []identity.Item) error {
	for _, item := range items {
		item.Source = w.snapshot.Source
		w.waiting[item.Kind] = append(w.waiting[item.Kind], item)
		w.snapshot.Items[item.Kind]++
		w.held++
	}
	if w.held >= flushAt {
		return w.flush()
	}
	return nil
}

// Page stores one page of evidence.
func (w *SnapshotWriter) Page(page identity.PageEvidence) error {
	w.pages = append(w.pages, page)
	w.bytes += len(page.Body)
	w.snapshot.Pages++
	if w.bytes > 8<<20 {
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
	err := w.store.backend.Update(func(tx Tx) error {
		for kind, items := range w.waiting {
			for len(items) > 0 {
				n := min(itemsPerChunk, len(items))
				key := fmt.Sprintf("%s/%s/%08d", w.snapshot.ID, kind, w.chunks[kind])
				if err := w.store.put(tx, bucketItems, key, items[:n]); err != nil {
					return err
				}
				w.chunks[kind]++
				items = items[n:]
			}
		}
		for _, page := range w.pages {
			if err := w.store.put(tx, bucketPages, fmt.Sprintf("%s/%08d", w.snapshot.ID, page.Sequence), page); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing snapshot %s: %w", w.snapshot.ID, err)
	}
	clear(w.waiting)
	w.held, w.bytes, w.pages = 0, 0, nil
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
	return w.store.backend.Update(func(tx Tx) error {
		if err := w.store.put(tx, bucketRecords, "snapshot/"+w.snapshot.ID, w.snapshot); err != nil {
			return err
		}
		return w.store.audit(tx, event)
	})
}

// Snapshots lists all snapshots, newest first.
func (s *Store) Snapshots() ([]Snapshot, error) {
	snapshots, err := records[Snapshot](s, "snapshot/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(snapshots, func(i, j int) bool { return snapshots[i].StartedAt.After(snapshots[j].StartedAt) })
	return snapshots, nil
}

// Snapshot reads one by id.
func (s *Store) Snapshot(id string) (Snapshot, error) {
	var snapshot Snapshot
	return snapshot, s.get(bucketRecords, "snapshot/"+id, &snapshot)
}

// LatestSnapshot is the newest completed snapshot of a source, or ErrNotFound.
func (s *Store) LatestSnapshot(source string) (Snapshot, error) {
	snapshots, err := s.Snapshots()
	if err != nil {
		return Snapshot{}, err
	}
	for _, snapshot := range snapshots {
		if snapshot.Source == source && snapshot.Status == SnapshotCompleted {
			return snapshot, nil
		}
	}
	return Snapshot{}, fmt.Errorf("completed snapshot of %s: %w", source, ErrNotFound)
}

// AbandonCollecting marks snapshots of a source that a killed process left collecting as failed. The caller holds the state's lock,
// so nobody is still writing them.
func (s *Store) AbandonCollecting(source string) error {
	snapshots, err := s.Snapshots()
	if err != nil {
		return err
	}
	for _, snapshot := range snapshots {
		if snapshot.Source != source || snapshot.Status != SnapshotCollecting {
			continue
		}
		snapshot.Status, snapshot.Reason = SnapshotFailed, "the process that collected it ended"
		if err := s.backend.Update(func(tx Tx) error { return s.put(tx, bucketRecords, "snapshot/"+snapshot.ID, snapshot) }); err != nil {
			return fmt.Errorf("closing snapshot %s: %w", snapshot.ID, err)
		}
	}
	return nil
}

// Items streams the items of the given kinds in stored order, a chunk in memory at a time.
func (s *Store) Items(snapshot string, kinds ...identity.Kind) iter.Seq2[identity.Item, error] {
	return func(yield func(identity.Item, error) bool) {
		for _, kind := range kinds {
			keys, err := s.keys(bucketItems, snapshot+"/"+string(kind)+"/")
			if err != nil {
				yield(identity.Item{}, err)
				return
			}
			for _, key := range keys {
				var chunk []identity.Item
				if err := s.get(bucketItems, key, &chunk); err != nil {
					yield(identity.Item{}, err)
					return
				}
				for _, item := range chunk {
					if !yield(item, nil) {
						return
					}
				}
			}
		}
	}
}

// Pages streams the page evidence of a snapshot in order.
func (s *Store) Pages(snapshot string) iter.Seq2[identity.PageEvidence, error] {
	return func(yield func(identity.PageEvidence, error) bool) {
		keys, err := s.keys(bucketPages, snapshot+"/")
		if err != nil {
			yield(identity.PageEvidence{}, err)
			return
		}
		for _, key := range keys {
			var page identity.PageEvidence
			err := s.get(bucketPages, key, &page)
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// Statuses of an assessment.
const (
	AssessmentAssessing = "assessing"
	AssessmentCompleted = "completed"
	AssessmentFailed    = "failed"
)

// Assessment is one classification of one snapshot.
type Assessment struct {
	ID          string         `json:"id"`
	Snapshot    string         `json:"snapshot"`
	Source      string         `json:"source"`
	Status      string         `json:"status"`
	Classifier  string         `json:"classifier"`
	Target      string         `json:"target"`
	StartedAt   time.Time      `json:"started_at"`
	CompletedAt time.Time      `json:"completed_at,omitzero"`
	Classes     map[string]int `json:"classes"`
	Reason      string         `json:"reason,omitempty"`
}

// PutAssessment records an assessment and, when event names one, its audit record.
func (s *Store) PutAssessment(assessment Assessment, event Event) error {
	return s.putRecord("assessment/"+assessment.ID, assessment, event)
}

// Assessments lists all assessments, newest first.
func (s *Store) Assessments() ([]Assessment, error) {
	all, err := records[Assessment](s, "assessment/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].StartedAt.After(all[j].StartedAt) })
	return all, nil
}

// PutResults stores one chunk of the results of an assessment; chunk counts from 0.
func (s *Store) PutResults(assessment string, chunk int, results any) error {
	key := fmt.Sprintf("%s/%08d", assessment, chunk)
	if err := s.backend.Update(func(tx Tx) error { return s.put(tx, bucketResults, key, results) }); err != nil {
		return fmt.Errorf("writing results of assessment %s: %w", assessment, err)
	}
	return nil
}

// Results streams the chunks of the results of an assessment, each a JSON array.
func (s *Store) Results(assessment string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		keys, err := s.keys(bucketResults, assessment+"/")
		if err != nil {
			yield(nil, err)
			return
		}
		for _, key := range keys {
			var chunk json.RawMessage
			err := s.get(bucketResults, key, &chunk)
			if !yield(chunk, err) || err != nil {
				return
			}
		}
	}
}

func (s *Store) putRecord(key string, record any, event Event) error {
	err := s.backend.Update(func(tx Tx) error {
		if err := s.put(tx, bucketRecords, key, record); err != nil {
			return err
		}
		return s.audit(tx, event)
	})
	if err != nil {
		return fmt.Errorf("recording %s: %w", key, err)
	}
	return nil
}

func records[T any](s *Store, prefix string) ([]T, error) {
	var all []T
	err := s.backend.View(func(tx Tx) error {
		return tx.Each(bucketRecords, prefix, func(key string, sealed []byte) error {
			var record T
			if err := s.decode(bucketRecords, key, sealed, &record); err != nil {
				return err
			}
			all = append(all, record)
			return nil
		})
	})
	return all, err
}
