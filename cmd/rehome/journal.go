package main

import (
	"os"
	"sync"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// runJournal turns steps and results into records of the journal. It is safe for many goroutines.
type runJournal struct {
	s       *session
	file    *state.Journal
	mutex   sync.Mutex
	bound   map[string]string     // binding key → type:key, for the marker
	unbound []string              // binding keys that the marker loses
	unsaved []state.JournalRecord // what the journal refused though the target had taken it
}

// Intend implements apply.Journal.
func (j *runJournal) Intend(step plan.Step) error {
	return j.file.Append(state.JournalRecord{Kind: state.JournalIntend, At: j.s.env.now().UTC(), Intend: &state.Intention{
		StepID: step.ID, Action: string(step.Action), Resource: step.Resource, ServerID: step.ServerID, Tag: step.Tag,
		NoWayBack: step.NoWayBack,
	}})
}

// Outcome implements apply.Journal.
func (j *runJournal) Outcome(results ...apply.Result) error {
	records := make([]state.JournalRecord, 0, len(results))
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

func (j *runJournal) outcome(r apply.Result) state.JournalRecord {
	outcome := &state.StepOutcome{
		StepID: r.Step.ID, Resource: r.Step.Resource, Outcome: r.Outcome, ServerID: r.ServerID, Reason: r.Reason, Requests: r.Requests, Generated: r.Generated,
	}
	if r.Outcome.Done() {
		outcome.Bindings = j.bindings(r.Step, r.ServerID)
	}
	return state.JournalRecord{Kind: state.JournalOutcome, At: j.s.env.now().UTC(), Outcome: outcome}
}

// bindings of a step to keep in the state; those of what is ours are noted for the marker too.
func (j *runJournal) bindings(step plan.Step, serverID string) []state.Binding {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	bindings, ours := history.BindingsOf(step, serverID)
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

// bindMapped records what was mapped: such steps write nothing to the target. What an earlier part of the run has recorded is not
// recorded again.
func (j *runJournal) bindMapped(p *plan.Plan, before *resumed) error {
	if p.Rollback != nil {
		return j.rest(unboundRest(p), before)
	}
	var mapped []apply.Result
	for _, step := range p.Steps {
		if step.Action == plan.ActionMap && step.Disposition == plan.DispositionPlanned {
			mapped = append(mapped, apply.Result{Step: step, Outcome: history.Applied, ServerID: step.ServerID})
		}
	}
	return j.rest(mapped, before)
}

// rest records steps that send nothing, each once in a run.
func (j *runJournal) rest(results []apply.Result, before *resumed) error {
	var open []apply.Result
	for _, result := range results {
		if done, _ := before.known().Of(result.Step.ID); done {
			j.bindings(result.Step, result.ServerID) // for the marker: the earlier part did not come to write it
			continue
		}
		open = append(open, result)
	}
	return j.Outcome(open...)
}

// process is how this process signs its part of a run.
func (s *session) process(run, lock string, p *plan.Plan, secrets string) *state.JournalProcess {
	return &state.JournalProcess{
		Format: state.JournalFormat, Run: run, PlanHash: p.PlanHash, Migration: p.Migration.Name, Tenant: s.cfg.Migration.Tenant, Target: p.Target.Identity,
		Actor: s.Actor(), Host: s.env.host, PID: os.Getpid(), Lock: lock, RollbackOf: rolledBack(p), SecretsOut: secrets, Steps: len(apply.Planned(p.Steps)),
	}
}
