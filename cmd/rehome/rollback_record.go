package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/rollback"
	"github.com/rehome-iam/rehome/state"
)

// runRecord is a run that can be taken back: its plan, and what came of each step. A run that was interrupted and went on under another
// id is one with it: runs of one plan hash that nobody took back belong together.
type runRecord struct {
	run    state.Run
	family []state.Run
	plan   plan.Plan
	done   []rollback.Done
	undone map[string]bool // steps that a rollback has taken back already
}

// left are the steps that no rollback has taken back.
func (r *runRecord) left() []rollback.Done {
	return slices.DeleteFunc(slices.Clone(r.done), func(d rollback.Done) bool { return r.undone[d.Step.ID] })
}

// since is when the first run of the family began.
func (r *runRecord) since() string {
	first := r.run.StartedAt
	for _, other := range r.family {
		if other.StartedAt.Before(first) {
			first = other.StartedAt
		}
	}
	return first.UTC().Format(time.RFC3339)
}

// recordOf finds the run with the id, or the newest that changed something.
func recordOf(store *state.Migration, id string) (*runRecord, error) {
	runs, err := store.Runs()
	if err != nil {
		return nil, err
	}
	if id == "" {
		return newestRecord(store, runs)
	}
	at := slices.IndexFunc(runs, func(r state.Run) bool { return r.ID == id })
	if at < 0 {
		return nil, diag.Errorf("run-unknown", "Run is not known", "There is no run %s in this state.%s", id, knownRuns(runs))
	}
	if of := runs[at].RollbackOf; of != "" {
		return nil, diag.Errorf("rollback-of-rollback", "Run is a rollback", "Run %s took run %s back. To have that again, plan and apply: the plan shows what it makes anew.", id, of)
	}
	if by := runs[at].RolledBackBy; by != "" {
		return nil, diag.Errorf("rollback-done", "Run was taken back", "Run %s was taken back by run %s. There is nothing left of it.", id, by)
	}
	record, err := readRecord(store, runs, runs[at])
	if err != nil {
		return nil, err
	}
	if len(record.done) == 0 {
		return nil, nothingToRollBack(fmt.Sprintf("Run %s changed nothing.", id))
	}
	return record, nil
}

func newestRecord(store *state.Migration, runs []state.Run) (*runRecord, error) {
	for _, run := range runs {
		if run.RollbackOf != "" || run.RolledBackBy != "" {
			continue
		}
		record, err := readRecord(store, runs, run)
		if err != nil {
			return nil, err
		}
		if len(record.done) > 0 {
			return record, nil
		}
	}
	return nil, nothingToRollBack("No run of this state changed anything that is still there. If another machine applied, its state holds the run.")
}

func nothingToRollBack(detail string) error {
	return diag.Errorf("rollback-nothing", "Nothing to take back", "%s", detail)
}

func knownRuns(runs []state.Run) string {
	var ids []string
	for _, run := range runs[:min(len(runs), 5)] {
		ids = append(ids, run.ID)
	}
	if len(ids) == 0 {
		return " There is none at all."
	}
	return " The newest are " + strings.Join(ids, ", ") + "."
}

func readRecord(store *state.Migration, runs []state.Run, run state.Run) (*runRecord, error) {
	record := &runRecord{run: run}
	kept, err := store.Plan(run.PlanHash)
	if errors.Is(err, state.ErrNotFound) {
		return nil, diag.Errorf("rollback-plan-missing", "Plan of the run is missing", "This state does not hold the plan %s that run %s carried out, so what was before is not known here.\nRoll back with the state of the machine that planned, or take it back by hand.", view.ShortHash(run.PlanHash), run.ID)
	}
	if err != nil {
		return nil, err
	}
	record.plan = *kept
	known := map[string]rollback.Done{}
	record.undone = map[string]bool{}
	for _, other := range runs {
		if other.PlanHash != run.PlanHash || other.RollbackOf != "" || other.RolledBackBy != "" {
			continue
		}
		record.family = append(record.family, other)
		whole, err := store.Run(other.ID)
		if err != nil {
			return nil, err
		}
		gather(known, whole.Steps)
	}
	if err := record.takenBack(store, runs); err != nil {
		return nil, err
	}
	for _, step := range record.plan.Steps {
		if d, there := known[step.ID]; there && step.Disposition == plan.DispositionPlanned {
			d.Step = step
			record.done = append(record.done, d)
		}
	}
	return record, nil
}

// takenBack notes what rollbacks of the run have done, as far as no later run of the plan made it anew.
func (r *runRecord) takenBack(store *state.Migration, runs []state.Run) error {
	for _, run := range slices.Backward(runs) {
		of := slices.ContainsFunc(r.family, func(f state.Run) bool { return f.ID == run.RollbackOf })
		ours := slices.ContainsFunc(r.family, func(f state.Run) bool { return f.ID == run.ID })
		if !of && !ours {
			continue
		}
		whole, err := store.Run(run.ID)
		if err != nil {
			return err
		}
		for _, step := range whole.Steps {
			if outcome := apply.Outcome(step.Outcome); outcome == apply.Applied || outcome == apply.Already {
				r.undone[step.StepID] = of
			}
		}
	}
	return nil
}

// gather notes the last outcome of each step. Applied in any of the runs is certain; intended without an end, failed, and found done
// by nobody we know of is for the live target to tell.
func gather(known map[string]rollback.Done, steps []state.RunStep) {
	last := map[string]state.RunStep{}
	for _, step := range steps {
		last[step.StepID] = step
	}
	for id, step := range last {
		before := known[id]
		if before.Outcome == rollback.Applied {
			continue
		}
		switch apply.Outcome(step.Outcome) {
		case apply.NotStarted:
		case apply.Applied:
			known[id] = rollback.Done{Outcome: rollback.Applied, ServerID: step.ServerID}
		default:
			known[id] = rollback.Done{Outcome: rollback.Uncertain, ServerID: step.ServerID}
		}
	}
}

// laterRuns refuses to pull the ground from under a run that came later.
func laterRuns(store *state.Migration, record *runRecord) error {
	runs, err := store.Runs()
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, d := range record.done {
		ours[d.Step.ID] = true
	}
	for _, later := range runs {
		if later.PlanHash == record.run.PlanHash || later.RollbackOf != "" || later.RolledBackBy != "" || !later.StartedAt.After(record.run.StartedAt) {
			continue
		}
		other, err := readRecord(store, runs, later)
		if err != nil {
			return err
		}
		if needed := leansOn(other.done, ours); needed != "" {
			return diag.Errorf("rollback-later-run", "A later run builds on it", "Run %s, later than %s, %s.\nTake that one back first: rehome rollback -run=%s.", later.ID, record.run.ID, needed, later.ID)
		}
	}
	return nil
}

// leansOn says what a later run changed of, or needs from, the steps of an earlier one; empty when it does neither.
func leansOn(done []rollback.Done, ours map[string]bool) string {
	for _, d := range done {
		if d.Step.Action == plan.ActionMap {
			continue
		}
		if ours[d.Step.ID] {
			return "changed " + view.Clean(d.Step.ID) + ", too"
		}
		for _, need := range d.Step.DependsOn {
			if ours[need] {
				return "made " + view.Clean(d.Step.ID) + ", which needs " + view.Clean(need)
			}
		}
	}
	return ""
}

// unboundRest are the steps that had nothing to do but lose their bindings: what was only mapped, or is gone already.
func unboundRest(p *plan.Plan) []apply.Result {
	var rest []apply.Result
	for _, step := range p.Steps {
		if step.Disposition == plan.DispositionUnchanged && step.Unbinds {
			rest = append(rest, apply.Result{Step: step, Outcome: apply.Already, ServerID: step.ServerID})
		}
	}
	return rest
}

// unbind drops the bindings of what a rollback took back: in the state, and for the marker by key. The caller holds the mutex.
func (j *runJournal) unbind(step plan.Step) []state.Binding {
	if !step.Unbinds {
		return nil
	}
	var bindings []state.Binding
	for _, item := range step.Items {
		address := identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}
		bindings = append(bindings, state.Binding{Item: address, Resource: step.Resource, Gone: true})
		j.unbound = append(j.unbound, merge.BindingKey(address, step.Resource.Type))
	}
	return bindings
}
