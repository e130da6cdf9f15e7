package recording

import (
	"sync"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state/journal"
)

// lines turn steps and results into records of the journal. They are safe for many goroutines.
type lines struct {
	now     func() time.Time
	file    *journal.Journal
	mutex   sync.Mutex
	bound   map[string]string // binding key → type:key, for the marker
	unbound []string          // binding keys that the marker loses
	unsaved []journal.Record  // what the journal refused though the target had taken it
}

// Intend implements apply.Journal.
func (j *lines) Intend(step plan.Step) error {
	return j.file.Append(journal.Record{Kind: journal.Intend, At: j.now().UTC(), Intend: &journal.Intention{
		StepID: step.ID, Action: string(step.Action), Resource: step.Resource, ServerID: step.ServerID, Tag: step.Tag,
		NoWayBack: step.NoWayBack,
	}})
}

// Outcome implements apply.Journal.
func (j *lines) Outcome(results ...apply.Result) error {
	records := make([]journal.Record, 0, len(results))
	for _, result := range results {
		records = append(records, j.outcome(result))
	}
	err := j.file.Append(records...)
	if err == nil {
		return nil
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for _, record := range records {
		if record.Outcome.Outcome != history.NotStarted {
			j.unsaved = append(j.unsaved, record)
		}
	}
	return err
}

func (j *lines) outcome(r apply.Result) journal.Record {
	outcome := &journal.StepOutcome{
		StepID: r.Step.ID, Resource: r.Step.Resource, Outcome: r.Outcome, ServerID: r.ServerID, Reason: r.Reason,
		Requests: r.Requests, Generated: r.Generated, Facts: r.Step.Facts(),
	}
	delete(outcome.Facts, "reason") // of the plan; the outcome has its own
	delete(outcome.Facts, "target_id")
	if r.Outcome.Done() {
		outcome.Bindings = j.bindings(r.Step, r.ServerID)
	}
	return journal.Record{Kind: journal.Outcome, At: j.now().UTC(), Outcome: outcome}
}

// bindings of a step to keep in the state; those of what is ours are noted for the marker too.
func (j *lines) bindings(step plan.Step, serverID string) []history.Binding {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	bindings, ours := apply.BindingsOf(step, serverID)
	for i, b := range bindings {
		key := merge.BindingKey(b.Item, b.Resource.Type)
		switch {
		case ours[i] && b.Gone:
			j.unbound = append(j.unbound, key)
		case ours[i]:
			j.bound[key] = b.Resource.String()
		}
	}
	return bindings
}

// mark leaves the bindings in the marker.
func (j *lines) mark(m *contract.Marker) {
	for key, resource := range j.bound {
		if m.Bindings == nil {
			m.Bindings = map[string]string{}
		}
		m.Bindings[key] = resource
	}
	for _, key := range j.unbound {
		delete(m.Bindings, key)
	}
}

// bindMapped records what was mapped, or, of a way back, what only loses its binding: such steps write nothing to the
// target. What an earlier part of the run has recorded is not recorded again.
func (j *lines) bindMapped(p *plan.Plan, before *earlier) error {
	var open []apply.Result
	for _, result := range withoutRequests(p) {
		if done, _ := before.known().Of(result.Step.ID); done {
			j.bindings(result.Step, result.ServerID) // for the marker: the earlier part did not come to write it
			continue
		}
		open = append(open, result)
	}
	return j.Outcome(open...)
}

// withoutRequests are the steps that end without asking the target: what is mapped and, of a way back, what had nothing
// to do but lose its bindings, being only mapped or gone already.
func withoutRequests(p *plan.Plan) []apply.Result {
	var results []apply.Result
	for _, step := range p.Steps {
		switch {
		case p.Rollback != nil && step.Disposition == plan.DispositionUnchanged && step.Unbinds:
			results = append(results, apply.Result{Step: step, Outcome: history.Already, ServerID: step.ServerID})
		case p.Rollback == nil && step.Disposition == plan.DispositionPlanned && step.Action == plan.ActionMap:
			results = append(results, apply.Result{Step: step, Outcome: history.Applied, ServerID: step.ServerID})
		}
	}
	return results
}
