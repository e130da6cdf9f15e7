package state

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/history"
)

// PruneRule says which snapshots may go. Both limits hold when both are given; a rule without a limit prunes nothing.
type PruneRule struct {
	Before     time.Time // older ones: started before this; zero is no limit
	Keep       int       // completed ones of each source that stay, the newest; below zero is no limit
	Source     string    // only of this source; empty means all
	Configured []string  // sources of the configuration: the newest completed snapshot of each stays
	Now        time.Time // plans that end later still need their snapshots
}

// Pruning is what the rule means for one snapshot. Kept is why it stays although the limits would let it go; empty
// means that it goes.
type Pruning struct {
	Snapshot    Snapshot `json:"snapshot"`
	Assessments []string `json:"assessments"` // ids of those that go with it
	Kept        string   `json:"kept,omitempty"`
}

// Prunable lists the snapshots that the limits of a rule let go, newest first, with the reason of those that stay all
// the same.
func (m *Migration) Prunable(rule PruneRule) (found []Pruning, err error) {
	err = m.store.backend.View(func(tx Tx) error {
		found, err = m.prunable(tx, rule)
		return err
	})
	return found, err
}

// newestFirst reads records within a transaction, sorted by a time of theirs.
func newestFirst[T any](m *Migration, tx Tx, prefix string, at func(T) time.Time) ([]T, error) {
	all, err := recordsIn[T](m.space, tx, bucketRecords, prefix)
	slices.SortStableFunc(all, func(a, b T) int { return at(b).Compare(at(a)) })
	return all, err
}

func (m *Migration) prunable(tx Tx, rule PruneRule) ([]Pruning, error) {
	snapshots, err := newestFirst(m, tx, "snapshot/", func(s Snapshot) time.Time { return s.StartedAt })
	if err != nil {
		return nil, err
	}
	assessments, err := newestFirst(m, tx, "assessment/", func(a Assessment) time.Time { return a.StartedAt })
	if err != nil {
		return nil, err
	}
	needed, err := m.snapshotsInUse(tx, rule, snapshots, assessments)
	if err != nil {
		return nil, err
	}
	var found []Pruning
	for _, snapshot := range outside(rule, snapshots) {
		p := Pruning{Snapshot: snapshot, Assessments: []string{}, Kept: needed[snapshot.ID]}
		for _, a := range assessments {
			if a.Snapshot == snapshot.ID {
				p.Assessments = append(p.Assessments, a.ID)
			}
		}
		found = append(found, p)
	}
	return found, nil
}

// outside lists the snapshots beyond the limits. A failed one counts as nothing to keep, but it stays while it is newer
// than the newest completed one: it says why the last try failed.
func outside(rule PruneRule, snapshots []Snapshot) []Snapshot {
	var beyond []Snapshot
	completed := map[string]int{}
	for _, snapshot := range snapshots { // newest first
		source := snapshot.Source
		newer := completed[source] == 0 && snapshot.Status == SnapshotFailed
		if snapshot.Status == SnapshotCompleted {
			completed[source]++
		}
		kept := snapshot.Status == SnapshotCompleted && completed[source] <= rule.Keep
		young := !rule.Before.IsZero() && !snapshot.StartedAt.Before(rule.Before)
		unlimited := rule.Before.IsZero() && rule.Keep < 0
		if unlimited || snapshot.Status == SnapshotCollecting || (rule.Source != "" && rule.Source != source) ||
			(rule.Keep >= 0 && (kept || newer)) || young {
			continue
		}
		beyond = append(beyond, snapshot)
	}
	return beyond
}

// snapshotsInUse says by snapshot id what still refers to it. The lists are sorted newest first.
func (m *Migration) snapshotsInUse(tx Tx, rule PruneRule, snapshots []Snapshot,
	assessments []Assessment) (map[string]string, error) {
	inUse := map[string]string{}
	newest := map[string]bool{}
	for _, snapshot := range snapshots {
		if snapshot.Status == SnapshotCompleted && !newest[snapshot.Source] {
			newest[snapshot.Source] = true
			if slices.Contains(rule.Configured, snapshot.Source) {
				inUse[snapshot.ID] = "it is the newest of " + snapshot.Source
			}
		}
	}
	seen := map[string]bool{}
	for _, a := range assessments {
		if a.Status == assessmentAssessing || (a.Status == AssessmentCompleted && !seen[a.Source]) {
			inUse[a.Snapshot] = "assessment " + a.ID + " is the newest of " + a.Source
		}
		seen[a.Source] = seen[a.Source] || a.Status == AssessmentCompleted
	}
	plans, err := newestFirst(m, tx, "plan/", func(p history.PlanRecord) time.Time { return p.CreatedAt })
	if err != nil {
		return nil, err
	}
	runs, err := newestFirst(m, tx, "run/", func(r Run) time.Time { return r.StartedAt })
	if err != nil {
		return nil, err
	}
	ran := map[string]string{}
	for _, r := range runs {
		ran[r.PlanHash] = r.ID
	}
	for _, p := range plans {
		why := ""
		switch {
		case ran[p.Hash] != "":
			why = "run " + ran[p.Hash] + " was made from it"
		case p.ExpiresAt.After(rule.Now):
			why = "plan " + p.Hash + " refers to it until " + p.ExpiresAt.UTC().Format(time.RFC3339)
		}
		for _, id := range p.Snapshots {
			if why != "" {
				inUse[id] = why
			}
		}
	}
	return inUse, nil
}

// Prune deletes what Prunable says may go, each snapshot with its items, pages, assessments and results in one
// transaction with its audit record, and returns those that went. The file does not get smaller: what is free is used
// again.
func (m *Migration) Prune(rule PruneRule,
	event func(name audit.Name, target string, facts map[string]string) Event) ([]Pruning, error) {
	found, err := m.Prunable(rule)
	if err != nil {
		return nil, err
	}
	var gone []Pruning
	for _, p := range found {
		if p.Kept != "" {
			continue
		}
		pruned, err := m.pruneOne(rule, p.Snapshot.ID, event)
		if err != nil {
			return gone, fmt.Errorf("pruning snapshot %s: %w", p.Snapshot.ID, err)
		}
		gone = append(gone, pruned...)
	}
	return gone, nil
}

// pruneOne asks the rule once more in the transaction that deletes: a plan may have been made from the snapshot since.
func (m *Migration) pruneOne(
	rule PruneRule, id string, event func(name audit.Name, target string, facts map[string]string) Event,
) (gone []Pruning, err error) {
	err = m.store.backend.Update(func(tx Tx) error {
		found, err := m.prunable(tx, rule)
		at := slices.IndexFunc(found, func(p Pruning) bool { return p.Snapshot.ID == id && p.Kept == "" })
		if err != nil || at < 0 {
			return err
		}
		p := found[at]
		gone = []Pruning{p}
		facts := map[string]string{"source": p.Snapshot.Source, "status": p.Snapshot.Status,
			"items": strconv.Itoa(p.Snapshot.Total()),
			"pages": strconv.Itoa(p.Snapshot.Pages), "assessments": strconv.Itoa(len(p.Assessments))}
		return m.deleteSnapshot(tx, p, event(audit.InventoryPruned, p.Snapshot.ID, facts))
	})
	return gone, err
}

func (m *Migration) deleteSnapshot(tx Tx, p Pruning, event Event) error {
	id := p.Snapshot.ID
	deleted := errors.Join(
		m.deleteBelow(tx, bucketItems, id+"/"),
		m.deleteBelow(tx, bucketPages, id+"/"),
		m.delete(tx, bucketRecords, "snapshot/"+id),
	)
	for _, a := range p.Assessments {
		deleted = errors.Join(deleted, m.deleteBelow(tx, bucketResults, a+"/"), m.delete(tx, bucketRecords, "assessment/"+a),
			m.delete(tx, bucketRecords, "matched/"+a))
	}
	if deleted != nil {
		return deleted
	}
	return m.audit(tx, event)
}
