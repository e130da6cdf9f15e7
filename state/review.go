package state

import (
	"fmt"
	"sort"

	"github.com/rehome-iam/rehome/engine/lifecycle"
)

// Review is what people decided about a plan, as the store keeps it.
type Review = lifecycle.Review

// PutReview keeps the review of a plan: the matched resources of each assessment, every impact with its
// acknowledgement, every decision. An acknowledgement or decision that takes effect for the first time, or as another
// one than before, gets its audit record in the same transaction. The event gives time, tenant and actor of all of
// them.
func (m *Migration) PutReview(r Review, event Event) error {
	err := m.store.backend.Update(func(tx Tx) error {
		if err := m.putMatched(tx, r); err != nil {
			return err
		}
		if err := m.putImpacts(tx, r, event); err != nil {
			return err
		}
		return m.putDecisions(tx, r, event)
	})
	if err != nil {
		return fmt.Errorf("recording impacts and decisions: %w", err)
	}
	return nil
}

func (m *Migration) putMatched(tx Tx, r Review) error {
	for id, overlaps := range r.Matched() {
		if err := m.put(tx, bucketRecords, "matched/"+id, overlaps); err != nil {
			return err
		}
	}
	return nil
}

func (m *Migration) putImpacts(tx Tx, r Review, event Event) error {
	recorded, err := recordsIn[lifecycle.ImpactRow](m.space, tx, bucketRecords, "impact/")
	if err != nil {
		return err
	}
	changed, events := r.ReviewImpacts(recorded, event)
	for _, row := range changed {
		if err := m.put(tx, bucketRecords, "impact/"+row.ID, row); err != nil {
			return err
		}
	}
	return m.auditAll(tx, events)
}

func (m *Migration) putDecisions(tx Tx, r Review, event Event) error {
	recorded, err := recordsIn[lifecycle.DecisionRow](m.space, tx, bucketRecords, "decision/")
	if err != nil {
		return err
	}
	changed, events := r.ReviewDecisions(recorded, event)
	for _, row := range changed {
		key := "decision/" + m.store.box.Blind(lifecycle.DecisionID(row.Overlap))
		if err := m.put(tx, bucketRecords, key, row); err != nil {
			return err
		}
	}
	return m.auditAll(tx, events)
}

// MatchedResources reads the overlaps of an assessment's items, as the last plan that used it found them, or
// ErrNotFound when none did.
func (m *Migration) MatchedResources(assessment string) (lifecycle.Matches, error) {
	var matched lifecycle.Matches
	return matched, m.get(bucketRecords, "matched/"+assessment, &matched)
}

// Impacts lists every impact that a plan of the migration found: those of the last plan first, each part high first,
// then by code.
func (m *Migration) Impacts() ([]lifecycle.ImpactRow, error) {
	rows, err := records[lifecycle.ImpactRow](m.space, "impact/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if rows[i].Current != rows[j].Current {
			return rows[i].Current
		}
		return rows[i].Impact.Before(rows[j].Impact)
	})
	return rows, nil
}

// Decisions lists every merge decision that took effect, by item, those of the last plan first.
func (m *Migration) Decisions() ([]lifecycle.DecisionRow, error) {
	rows, err := records[lifecycle.DecisionRow](m.space, "decision/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if rows[i].Current != rows[j].Current {
			return rows[i].Current
		}
		return rows[i].Item.Address().String() < rows[j].Item.Address().String()
	})
	return rows, nil
}
