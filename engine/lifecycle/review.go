package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/merge"
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
	fidelity.Impact
	Assessments     []string         `json:"assessments"` // of the plan that found it last
	FirstSeen       time.Time        `json:"first_seen_at"`
	LastSeen        time.Time        `json:"last_seen_at"`
	Current         bool             `json:"current"`
	Acknowledgement *Acknowledgement `json:"acknowledgement,omitempty"`
}

// DecisionRow is one merge decision that took effect. Current is false once the overlap or its block is gone.
type DecisionRow struct {
	merge.Overlap
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
	Impacts     []fidelity.Impact
	Overlaps    []merge.Overlap
}

// DecisionID tells decisions apart: what was decided about one item and one type of resource.
func DecisionID(o merge.Overlap) string { return o.Item.Address().String() + "#" + o.Wanted.Type }

// Matches are the overlaps of one assessment: what in the target its items meet.
type Matches []merge.Overlap

// Matched are the overlaps of each assessment, those without any too.
func (r Review) Matched() map[string]Matches {
	matched := map[string]Matches{}
	for _, id := range r.Assessments {
		matched[id] = Matches{}
	}
	for _, o := range r.Overlaps {
		id := r.Assessments[o.Item.Source]
		matched[id] = append(matched[id], o)
	}
	return matched
}

// ReviewImpacts brings the impacts that are recorded to what a review says of them: the rows that change, and the event
// of each acknowledgement that takes effect for the first time, or as another one than before.
func (r Review) ReviewImpacts(recorded []ImpactRow, by audit.Event) (changed []ImpactRow, events []audit.Event) {
	known := map[string]ImpactRow{}
	for _, row := range recorded {
		known[row.ID] = row
	}
	assessments := slices.Sorted(maps.Values(r.Assessments))
	for _, impact := range r.Impacts {
		row, seen := known[impact.ID]
		delete(known, impact.ID)
		if !seen {
			row.FirstSeen = by.At.UTC()
		}
		if r.Partial && seen {
			impact.Items, impact.Count = row.Items, row.Count
		}
		row.Impact, row.Assessments, row.LastSeen, row.Current = impact, assessments, by.At.UTC(), true
		before := row.Acknowledgement
		switch {
		case row.acknowledge(by):
			events = append(events, acknowledgedEvent(row, by))
		case before != nil && row.Acknowledgement == nil:
			events = append(events, withdrawnEvent(row, before, by))
		}
		changed = append(changed, row)
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if row := known[id]; row.Current && !r.Partial {
			row.Current = false
			changed = append(changed, row)
		}
	}
	return changed, events
}

// acknowledge brings the row's acknowledgement to what the plan says and tells whether it is a new one.
func (row *ImpactRow) acknowledge(by audit.Event) bool {
	if !row.Acknowledged {
		row.Acknowledgement = nil
		return false
	}
	if a := row.Acknowledgement; a != nil && a.Reason == row.Reason && a.Reference == row.Reference {
		return false
	}
	row.Acknowledgement = &Acknowledgement{By: by.Actor, At: by.At.UTC(), Reason: row.Reason, Reference: row.Reference}
	return true
}

func acknowledgedEvent(row ImpactRow, by audit.Event) audit.Event {
	by.Name, by.Target = audit.ImpactsAcknowledged, row.ID
	by.Facts = map[string]string{
		"code": row.Code, "audience": string(row.Audience), "severity": string(row.Severity),
		"items": strconv.Itoa(row.Count), "reason": row.Reason, "reference": row.Reference,
	}
	return by
}

// withdrawnEvent is of an acknowledgement whose block is gone though the impact is still found.
func withdrawnEvent(row ImpactRow, before *Acknowledgement, by audit.Event) audit.Event {
	by.Name, by.Target = audit.AcknowledgementWithdrawn, row.ID
	by.Facts = map[string]string{
		"code": row.Code, "severity": string(row.Severity), "items": strconv.Itoa(row.Count), "reason": before.Reason,
		"acknowledged_by": before.By,
	}
	return by
}

// ReviewDecisions brings the decisions that are recorded to what a review says of them: the rows that change, and the
// event of each decision that takes effect for the first time, or as another one than before.
func (r Review) ReviewDecisions(recorded []DecisionRow, by audit.Event) (changed []DecisionRow, events []audit.Event) {
	known := map[string]DecisionRow{}
	for _, row := range recorded {
		known[DecisionID(row.Overlap)] = row
	}
	for _, o := range r.Overlaps {
		if o.Decision == "" || o.Status != merge.OverlapDecided && o.Status != merge.OverlapFollowUp {
			continue
		}
		row, seen := known[DecisionID(o)]
		delete(known, DecisionID(o))
		if !seen || !row.Current || row.Decision != o.Decision || resourceText(row.Overlap) != resourceText(o) {
			row.By, row.At = by.Actor, by.At.UTC()
			events = append(events, resolvedEvent(o, by))
		}
		row.Overlap, row.Assessment, row.Current = o, r.Assessments[o.Item.Source], true
		changed = append(changed, row)
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if row := known[id]; row.Current && !r.Partial {
			row.Current = false
			changed = append(changed, row)
			if r.awaits(id) {
				events = append(events, withdrawnDecision(row, by))
			}
		}
	}
	return changed, events
}

// awaits tells whether the overlap of a decision waits for one again.
func (r Review) awaits(id string) bool {
	return slices.ContainsFunc(r.Overlaps, func(o merge.Overlap) bool {
		return DecisionID(o) == id && o.Status == merge.OverlapPending
	})
}

// withdrawnDecision is of a decision whose block is gone while its item waits for one.
func withdrawnDecision(row DecisionRow, by audit.Event) audit.Event {
	event := resolvedEvent(row.Overlap, by)
	event.Name = audit.DecisionWithdrawn
	event.Facts["resolved_by"] = row.By
	return event
}

func resourceText(o merge.Overlap) string {
	if o.Resource == nil {
		return ""
	}
	return o.Resource.String()
}

func resolvedEvent(o merge.Overlap, by audit.Event) audit.Event {
	by.Name, by.Target = audit.DecisionResolved, o.Item.Address().String()
	by.Facts = map[string]string{"decision": o.Decision, "resource": resourceText(o)}
	if o.DecidedBy != nil {
		by.Facts["decided_by"] = fmt.Sprintf("%s:%d", o.DecidedBy.File, o.DecidedBy.Line)
	}
	return by
}
