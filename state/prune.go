package state

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// PruneRule says which snapshots may go. Both limits hold when both are given; a rule without a limit prunes nothing.
type PruneRule struct {
	Before     time.Time // older ones: started before this; zero is no limit
	Keep       int       // completed ones of each source that stay, the newest; below zero is no limit
	Source     string    // only of this source; empty means all
	Configured []string  // sources of the configuration: the newest completed snapshot of each stays
	Now        time.Time // plans that end later still need their snapshots
}

// Pruning is what the rule means for one snapshot. Kept is why it stays although the limits would let it go; empty means that it goes.
type Pruning struct {
	Snapshot    Snapshot `json:"snapshot"`
	Assessments []string `json:"assessments"` // ids of those that go with it
	Kept        string   `json:"kept,omitempty"`
}

// Prunable lists the snapshots that the limits of a rule let go, newest first, with the reason of those that stay all the same.
func (m *Migration) Prunable(rule PruneRule) ([]Pruning, error) {
	snapshots, err := m.Snapshots()
	if err != nil {
		return nil, err
	}
	assessments, err := m.Assessments()
	if err != nil {
		return nil, err
	}
	needed, err := m.snapshotsInUse(rule, snapshots, assessments)
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

// outside lists the snapshots beyond the limits. A failed one counts as nothing to keep, but it stays while it is newer than the
// newest completed one: it says why the last try failed.
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
		if unlimited || snapshot.Status == SnapshotCollecting || (rule.Source != "" && rule.Source != source) || (rule.Keep >= 0 && (kept || newer)) || young {
			continue
		}
		beyond = append(beyond, snapshot)
	}
	return beyond
}

// snapshotsInUse says by snapshot id what still refers to it. The lists are sorted newest first.
func (m *Migration) snapshotsInUse(rule PruneRule, snapshots []Snapshot, assessments []Assessment) (map[string]string, error) {
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
		if a.Status == AssessmentAssessing || (a.Status == AssessmentCompleted && !seen[a.Source]) {
			inUse[a.Snapshot] = "assessment " + a.ID + " is the newest of " + a.Source
		}
		seen[a.Source] = seen[a.Source] || a.Status == AssessmentCompleted
	}
	plans, err := m.Plans()
	if err != nil {
		return nil, err
	}
	runs, err := m.Runs()
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

// Prune deletes what Prunable says may go, each snapshot with its items, pages, assessments and results in one transaction with its
// audit record, and returns those that went. The file does not get smaller: what is free is used again.
func (m *Migration) Prune(rule PruneRule, event func(name, target string, facts map[string]string) Event) ([]Pruning, error) {
	found, err := m.Prunable(rule)
	if err != nil {
		return nil, err
	}
	var gone []Pruning
	for _, p := range found {
		if p.Kept != "" {
			continue
		}
		facts := map[string]string{"source": p.Snapshot.Source, "status": p.Snapshot.Status, "items": strconv.Itoa(p.Snapshot.Total()),
			"pages": strconv.Itoa(p.Snapshot.Pages), "assessments": strconv.Itoa(len(p.Assessments))}
		if err := m.deleteSnapshot(p, event("migration.inventory.pruned", p.Snapshot.ID, facts)); err != nil {
			return gone, err
		}
		gone = append(gone, p)
	}
	return gone, nil
}

func (m *Migration) deleteSnapshot(p Pruning, event Event) error {
	id := p.Snapshot.ID
	err := m.store.backend.Update(func(tx Tx) error {
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
	})
	if err != nil {
		return fmt.Errorf("pruning snapshot %s: %w", id, err)
	}
	return nil
}
