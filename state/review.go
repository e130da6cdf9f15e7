package state

import (
	"fmt"
	"sort"
	"strconv"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/plan"
)

// The audit events of a review.
const (
	EventAcknowledged = audit.ImpactsAcknowledged
	EventResolved     = audit.DecisionResolved
)

// Acknowledgement says who accepted an impact or made a decision, and when it first took effect in a plan.
type Acknowledgement struct {
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason"`
	Reference string    `json:"reference,omitempty"`
}

// ImpactRow is one impact of a migration. Current is false once no plan finds it any more; the row stays for the
// record.
type ImpactRow struct {
	plan.Impact
	Assessments     []string         `json:"assessments"` // of the plan that found it last
	FirstSeen       time.Time        `json:"first_seen_at"`
	LastSeen        time.Time        `json:"last_seen_at"`
	Current         bool             `json:"current"`
	Acknowledgement *Acknowledgement `json:"acknowledgement,omitempty"`
}

// DecisionRow is one merge decision that took effect. Current is false once the overlap or its block is gone.
type DecisionRow struct {
	plan.Overlap
	Assessment string    `json:"assessment"`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	Current    bool      `json:"current"`
}

// Review is what one plan says about impacts and overlaps. Assessments are keyed by source. Partial says that the plan
// is for a part of the move: what it does not mention is not gone, and it counts fewer items than there are.
type Review struct {
	Partial     bool
	Assessments map[string]string
	Impacts     []plan.Impact
	Overlaps    []plan.Overlap
}

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
	matched := map[string][]plan.Overlap{}
	for _, o := range r.Overlaps {
		id := r.Assessments[o.Item.Source]
		matched[id] = append(matched[id], o)
	}
	for _, id := range r.Assessments {
		if matched[id] == nil {
			matched[id] = []plan.Overlap{}
		}
		if err := m.put(tx, bucketRecords, "matched/"+id, matched[id]); err != nil {
			return err
		}
	}
	return nil
}

func (m *Migration) putImpacts(tx Tx, r Review, event Event) error {
	prefix := "impact/"
	rows, err := recordsIn[ImpactRow](m.space, tx, bucketRecords, prefix)
	if err != nil {
		return err
	}
	known := map[string]ImpactRow{}
	for _, row := range rows {
		known[row.ID] = row
	}
	assessments := make([]string, 0, len(r.Assessments))
	for _, id := range r.Assessments {
		assessments = append(assessments, id)
	}
	sort.Strings(assessments)
	for _, impact := range r.Impacts {
		row, seen := known[impact.ID]
		delete(known, impact.ID)
		if !seen {
			row.FirstSeen = event.At.UTC()
		}
		if r.Partial && seen {
			impact.Items, impact.Count = row.Items, row.Count
		}
		row.Impact, row.Assessments, row.LastSeen, row.Current = impact, assessments, event.At.UTC(), true
		if m.acknowledge(&row, event) {
			if err := m.audit(tx, acknowledgedEvent(row, event)); err != nil {
				return err
			}
		}
		if err := m.put(tx, bucketRecords, prefix+impact.ID, row); err != nil {
			return err
		}
	}
	for id, row := range known {
		if !row.Current || r.Partial {
			continue
		}
		row.Current = false
		if err := m.put(tx, bucketRecords, prefix+id, row); err != nil {
			return err
		}
	}
	return nil
}

// acknowledge brings the row's acknowledgement to what the plan says and tells whether it is a new one.
func (m *Migration) acknowledge(row *ImpactRow, event Event) bool {
	if !row.Acknowledged {
		row.Acknowledgement = nil
		return false
	}
	if a := row.Acknowledgement; a != nil && a.Reason == row.Reason && a.Reference == row.Reference {
		return false
	}
	row.Acknowledgement = &Acknowledgement{By: event.Actor, At: event.At.UTC(), Reason: row.Reason,
		Reference: row.Reference}
	return true
}

func acknowledgedEvent(row ImpactRow, event Event) Event {
	event.Name, event.Target = EventAcknowledged, row.ID
	event.Facts = map[string]string{
		"code": row.Code, "audience": string(row.Audience), "severity": string(row.Severity),
		"items":  strconv.Itoa(row.Count),
		"reason": row.Reason, "reference": row.Reference,
	}
	return event
}

func (m *Migration) putDecisions(tx Tx, r Review, event Event) error {
	prefix := "decision/"
	rows, err := recordsIn[DecisionRow](m.space, tx, bucketRecords, prefix)
	if err != nil {
		return err
	}
	known := map[string]DecisionRow{}
	for _, row := range rows {
		known[m.decisionKey(row.Overlap)] = row
	}
	for _, o := range r.Overlaps {
		if o.Decision == "" || o.Status != plan.OverlapDecided && o.Status != plan.OverlapFollowUp {
			continue
		}
		key := m.decisionKey(o)
		row, seen := known[key]
		delete(known, key)
		if !seen || !row.Current || row.Decision != o.Decision || resourceText(row.Overlap) != resourceText(o) {
			row.By, row.At = event.Actor, event.At.UTC()
			if err := m.audit(tx, resolvedEvent(o, event)); err != nil {
				return err
			}
		}
		row.Overlap, row.Assessment, row.Current = o, r.Assessments[o.Item.Source], true
		if err := m.put(tx, bucketRecords, prefix+key, row); err != nil {
			return err
		}
	}
	for key, row := range known {
		if !row.Current {
			continue
		}
		row.Current = false
		if err := m.put(tx, bucketRecords, prefix+key, row); err != nil {
			return err
		}
	}
	return nil
}

func (m *Migration) decisionKey(o plan.Overlap) string {
	return m.store.box.blind(o.Item.Address().String() + "#" + o.Wanted.Type)
}

func resourceText(o plan.Overlap) string {
	if o.Resource == nil {
		return ""
	}
	return o.Resource.String()
}

func resolvedEvent(o plan.Overlap, event Event) Event {
	event.Name, event.Target = EventResolved, o.Item.Address().String()
	event.Facts = map[string]string{"decision": o.Decision, "resource": resourceText(o)}
	if o.DecidedBy != nil {
		event.Facts["decided_by"] = fmt.Sprintf("%s:%d", o.DecidedBy.File, o.DecidedBy.Line)
	}
	return event
}

// MatchedResources reads the overlaps of an assessment's items, as the last plan that used it found them, or
// ErrNotFound when none did.
func (m *Migration) MatchedResources(assessment string) ([]plan.Overlap, error) {
	var matched []plan.Overlap
	return matched, m.get(bucketRecords, "matched/"+assessment, &matched)
}

// Impacts lists every impact that a plan of the migration found: those of the last plan first, each part high first,
// then by code.
func (m *Migration) Impacts() ([]ImpactRow, error) {
	rows, err := records[ImpactRow](m.space, "impact/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if rows[i].Current != rows[j].Current {
			return rows[i].Current
		}
		return plan.ImpactBefore(rows[i].Impact, rows[j].Impact)
	})
	return rows, nil
}

// Decisions lists every merge decision that took effect, by item, those of the last plan first.
func (m *Migration) Decisions() ([]DecisionRow, error) {
	rows, err := records[DecisionRow](m.space, "decision/")
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
