package state

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
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
	Migration   string                `json:"migration,omitempty"`
	Tenant      string                `json:"tenant,omitempty"`
	Status      string                `json:"status"`
	StartedAt   time.Time             `json:"started_at"`
	CompletedAt time.Time             `json:"completed_at,omitzero"`
	Items       map[identity.Kind]int `json:"items"`
	Pages       int                   `json:"pages"`
	Gaps        []identity.Gap        `json:"gaps,omitempty"`
	Unread      []identity.Unread     `json:"unread,omitempty"` // what its provider never reads
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

// BusyError says that something runs already that may run once at a time: a collection of a source, an assessment of a
// snapshot.
type BusyError struct {
	What  string // "collection of okta.corp"
	ID    string // of the one that runs
	Since time.Time
}

// Error names the one that is under way, and since when.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%s is under way already: %s, since %s", e.What, e.ID, e.Since.UTC().Format(time.RFC3339))
}

// BeginSnapshot records a snapshot as collecting. It fails with *BusyError while another one of the source is.
func (m *Migration) BeginSnapshot(snapshot Snapshot) (*SnapshotWriter, error) {
	snapshot.Status = SnapshotCollecting
	snapshot.Items = map[identity.Kind]int{}
	snapshot.Migration = m.name
	err := m.store.backend.Update(func(tx Tx) error {
		if err := m.mayUse(tx, snapshot.Source); err != nil {
			return err
		}
		others, err := recordsIn[Snapshot](m.space, tx, bucketRecords, "snapshot/")
		if err != nil {
			return err
		}
		for _, other := range others {
			if other.Source == snapshot.Source && other.Status == SnapshotCollecting {
				return &BusyError{What: "collection of " + other.Source, ID: other.ID, Since: other.StartedAt}
			}
		}
		return m.put(tx, bucketRecords, "snapshot/"+snapshot.ID, snapshot)
	})
	if err != nil {
		return nil, fmt.Errorf("recording snapshot %s: %w", snapshot.ID, err)
	}
	return newSnapshotWriter(m, snapshot), nil
}

// Snapshots lists all snapshots, newest first.
func (m *Migration) Snapshots() ([]Snapshot, error) {
	snapshots, err := records[Snapshot](m.space, "snapshot/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(snapshots, func(i, j int) bool { return snapshots[i].StartedAt.After(snapshots[j].StartedAt) })
	return snapshots, nil
}

// Snapshot reads one by id, or ErrNotFound.
func (m *Migration) Snapshot(id string) (Snapshot, error) {
	var snapshot Snapshot
	return snapshot, m.get(bucketRecords, "snapshot/"+id, &snapshot)
}

// LatestSnapshot is the newest completed snapshot of a source, or ErrNotFound.
func (m *Migration) LatestSnapshot(source string) (Snapshot, error) {
	snapshots, err := m.Snapshots()
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

// abandonedReason is the reason of what a killed process left behind.
const abandonedReason = "the process that did it ended before it was done"

// Abandoned is what AbandonUnfinished found.
type Abandoned struct {
	Snapshots   []Snapshot
	Assessments []Assessment
}

// AbandonUnfinished marks as failed what a killed process left collecting or assessing, each with its audit record in
// the same transaction. What work fills that is not over is left alone. Where there is nothing to mark, nothing is
// written: commands that only read call it too.
func (m *Migration) AbandonUnfinished(host string, now time.Time,
	event func(name audit.Name, target string, facts map[string]string) Event) (Abandoned, error) {
	var found Abandoned
	err := m.store.backend.View(func(tx Tx) (err error) {
		found, err = m.unfinished(tx, host, now)
		return err
	})
	if err == nil && len(found.Snapshots)+len(found.Assessments) > 0 {
		err = m.store.backend.Update(func(tx Tx) (err error) {
			if found, err = m.unfinished(tx, host, now); err != nil { // some of it may have ended since
				return err
			}
			return m.abandon(tx, found, event)
		})
	}
	if err != nil {
		return Abandoned{}, fmt.Errorf("closing what a killed process left: %w", err)
	}
	return found, nil
}

// unfinished finds what is collecting or assessing, as the failures that they are to become.
func (m *Migration) unfinished(tx Tx, host string, now time.Time) (Abandoned, error) {
	var found Abandoned
	running, err := m.store.activities(tx)
	if err != nil {
		return found, err
	}
	filled := func(id string) bool {
		return slices.ContainsFunc(running, func(a Activity) bool { return a.Writes == id && !a.Over(host, now) })
	}
	snapshots, err := recordsIn[Snapshot](m.space, tx, bucketRecords, "snapshot/")
	if err != nil {
		return found, err
	}
	for _, snapshot := range snapshots {
		if snapshot.Status == SnapshotCollecting && !filled(snapshot.ID) {
			snapshot.Status, snapshot.Reason = SnapshotFailed, abandonedReason
			found.Snapshots = append(found.Snapshots, snapshot)
		}
	}
	assessments, err := recordsIn[Assessment](m.space, tx, bucketRecords, "assessment/")
	if err != nil {
		return found, err
	}
	for _, a := range assessments {
		if a.Status == assessmentAssessing && !filled(a.ID) {
			a.Status, a.Reason = AssessmentFailed, abandonedReason
			found.Assessments = append(found.Assessments, a)
		}
	}
	return found, nil
}

func (m *Migration) abandon(tx Tx, found Abandoned,
	event func(name audit.Name, target string, facts map[string]string) Event) error {
	for _, snapshot := range found.Snapshots {
		facts := map[string]string{"snapshot": snapshot.ID, "reason": snapshot.Reason}
		if err := m.change(tx, "snapshot/"+snapshot.ID, snapshot,
			event(audit.InventoryFailed, snapshot.Source, facts)); err != nil {
			return err
		}
	}
	for _, a := range found.Assessments {
		facts := map[string]string{"snapshot": a.Snapshot, "reason": a.Reason}
		if err := m.change(tx, "assessment/"+a.ID, a, event(audit.AssessmentFailed, a.ID, facts)); err != nil {
			return err
		}
	}
	return nil
}

func (m *Migration) putRecord(key string, record any, event Event) error {
	return m.putGuarded(key, record, event, func(Tx) error { return nil })
}

// putGuarded writes a record with its audit event, when the guard does not refuse in the same transaction.
func (m *Migration) putGuarded(key string, record any, event Event, guard func(Tx) error) error {
	err := m.store.backend.Update(func(tx Tx) error {
		if err := guard(tx); err != nil {
			return err
		}
		return m.change(tx, key, record, event)
	})
	if err != nil {
		return fmt.Errorf("recording %s: %w", key, err)
	}
	return nil
}

// putRaw keeps bytes as they are, without the detour over JSON that would double a body and hide its repetitions from
// the compression.
func (s *Store) putRaw(tx Tx, bucket, key string, value []byte) error {
	sealed, err := s.box.Seal(bucket+"/"+key, s.pack.EncodeAll(value, nil))
	if err != nil {
		return err
	}
	return tx.Put(bucket, key, sealed)
}
