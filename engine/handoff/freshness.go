package handoff

import (
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/plan"
)

// limitOf is how old the snapshots of the plan may be.
func limitOf(p *plan.Plan, a declaration.Ages) time.Duration {
	if plan.MovesPeople(p) {
		return min(a.Structure, a.People)
	}
	return a.Structure
}

// Stale says of each snapshot of the plan that is too old by now, in a sentence. A time that does not read is too old.
func Stale(p *plan.Plan, ages declaration.Ages, now time.Time) []string {
	limit, why := limitOf(p, ages), ""
	if plan.MovesPeople(p) && ages.People < ages.Structure {
		why = " because people move"
	}
	var texts []string
	if taken, read := targetTaken(p); read && (taken.IsZero() || now.Sub(taken) > ages.Structure) {
		texts = append(texts, fmt.Sprintf("the target %s was read at %s, allowed are %s; take a new snapshot of it",
			p.Target.Name, p.Target.SnapshotAt, ages.Structure))
	}
	for _, snapshot := range p.Snapshots {
		completed, err := time.Parse(time.RFC3339, snapshot.CompletedAt)
		age := now.Sub(completed)
		if err != nil {
			texts = append(texts, fmt.Sprintf("%s has no time at which it was completed", snapshot.Source))
		} else if age > limit {
			texts = append(texts, fmt.Sprintf("%s is %s old, allowed are %s%s", snapshot.Source, age.Round(time.Second),
				limit, why))
		}
	}
	return texts
}

// StaleAt is when the first snapshot of the plan becomes too old; zero when the plan has none.
func StaleAt(p *plan.Plan, ages declaration.Ages) time.Time {
	var first time.Time
	if taken, read := targetTaken(p); read {
		first = taken.Add(ages.Structure)
	}
	for _, snapshot := range p.Snapshots {
		completed, err := time.Parse(time.RFC3339, snapshot.CompletedAt)
		if at := completed.Add(limitOf(p, ages)); err == nil && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// targetTaken is when the target was read into the file that the plan was made from; false for a live target. A time
// that does not read is zero.
func targetTaken(p *plan.Plan) (time.Time, bool) {
	taken, err := time.Parse(time.RFC3339, p.Target.SnapshotAt)
	if err != nil {
		taken = time.Time{}
	}
	return taken, p.Target.SnapshotAt != ""
}

// EndsAt is when a plan that is made now ends: after its own age, and not later than the first of its snapshots becomes
// too old.
func EndsAt(p *plan.Plan, ages declaration.Ages, now time.Time, age time.Duration) time.Time {
	end := now.Add(age)
	if stale := StaleAt(p, ages); !stale.IsZero() && stale.Before(end) {
		end = stale
	}
	return end.UTC()
}
