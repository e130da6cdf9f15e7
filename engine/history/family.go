package history

import (
	"cmp"
	"slices"
	"time"
)

// MarkTakenBack fills in which run took a run back whole. Runs of one plan are one: an interrupted one goes on under
// another id.
func MarkTakenBack(newestFirst []Run) {
	plans := map[string]string{}
	for _, run := range newestFirst {
		plans[run.ID] = run.PlanHash
	}
	for _, back := range newestFirst {
		if back.RollbackOf == "" || back.Status != StatusCompleted {
			continue
		}
		for i := range newestFirst {
			run := &newestFirst[i]
			if run.RollbackOf == "" && run.PlanHash == plans[back.RollbackOf] && run.StartedAt.Before(back.StartedAt) {
				run.RolledBackBy = back.ID
			}
		}
	}
}

// Family are the runs that are one with a run, newest first: those of its plan that nobody took back whole.
func Family(newestFirst []Run, run Run) []Run {
	var family []Run
	for _, other := range newestFirst {
		if other.PlanHash == run.PlanHash && other.RollbackOf == "" && other.RolledBackBy == "" {
			family = append(family, other)
		}
	}
	return family
}

// Record is a run that can be taken back: its family, and what came of each step.
type Record struct {
	Run    Run
	Family []Run
	Steps  map[string]Did // by id
}

// Did is what a family of runs did of a step, or began.
type Did struct {
	Certain   bool // else the live target must tell
	ServerID  string
	TakenBack bool // by a rollback, already
}

// Read is how RecordOf reads a run with its steps.
type Read func(id string) (Run, error)

// RecordOf puts together what the family of a run did, and what rollbacks have taken back of it.
func RecordOf(newestFirst []Run, run Run, read Read) (*Record, error) {
	record := &Record{Run: run, Family: Family(newestFirst, run), Steps: map[string]Did{}}
	undone := map[string]bool{}
	for _, other := range slices.Backward(newestFirst) {
		ours := ByID(record.Family, other.ID) != nil
		back := ByID(record.Family, other.RollbackOf) != nil
		if !ours && !back {
			continue
		}
		whole, err := read(other.ID)
		if err != nil {
			return nil, err
		}
		for _, step := range whole.Steps {
			if step.Outcome.Done() {
				undone[step.StepID] = back // what a later run of the plan made anew is there again
			}
		}
		if ours {
			gather(record.Steps, whole)
		}
	}
	for id, did := range record.Steps {
		did.TakenBack = undone[id]
		record.Steps[id] = did
	}
	return record, nil
}

// gather notes the last outcome of each step. Applied in any of the runs is certain.
func gather(known map[string]Did, run Run) {
	for id, step := range run.Last() {
		if known[id].Certain {
			continue
		}
		switch {
		case step.Outcome == Applied:
			known[id] = Did{Certain: true, ServerID: step.ServerID}
		case step.Outcome.Uncertain():
			known[id] = Did{ServerID: cmp.Or(step.ServerID, known[id].ServerID)}
		}
	}
}

// Since is when the first run of the family began.
func (r *Record) Since() time.Time {
	first := r.Run.StartedAt
	for _, other := range r.Family {
		if other.StartedAt.Before(first) {
			first = other.StartedAt
		}
	}
	return first
}

// Later are the runs of other plans that came after a run and stand: what they did may build on it.
func Later(newestFirst []Run, run Run) []Run {
	return slices.DeleteFunc(slices.Clone(newestFirst), func(other Run) bool {
		return other.PlanHash == run.PlanHash || other.RollbackOf != "" || other.RolledBackBy != "" ||
			!other.StartedAt.After(run.StartedAt)
	})
}

// Reversible are the runs that may be taken back, newest first: forward ones that stand.
func Reversible(newestFirst []Run) []Run {
	return slices.DeleteFunc(slices.Clone(newestFirst), func(r Run) bool {
		return r.RollbackOf != "" || r.RolledBackBy != ""
	})
}
