package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Statuses of a plan: a draft has no hash; a previewed one has, and a run gives it one of the others.
const (
	PlanDraft               = "draft"
	PlanPreviewed           = "previewed"
	PlanApplied             = "applied"
	PlanAppliedWithFollowUp = "applied_with_follow_up"
	PlanFailed              = "failed"
)

// PlanRecord remembers a plan and what it was made from. A migration has one draft, which the next plan replaces.
type PlanRecord struct {
	Hash       string         `json:"hash"` // empty for a draft
	Migration  string         `json:"migration"`
	CreatedAt  time.Time      `json:"created_at"`
	ExpiresAt  time.Time      `json:"expires_at"`
	Status     string         `json:"status"`
	Handoff    string         `json:"preview_handoff_status"`
	Blockers   []string       `json:"blockers,omitempty"`  // codes
	Snapshots  []string       `json:"snapshots,omitempty"` // ids of those it was made from
	Inputs     []PlanSnapshot `json:"inputs"`              // the same with source and assessment, one a source
	Classifier string         `json:"classifier"`          // version that made the assessments
	Run        string         `json:"run,omitempty"`       // the newest run of it
	AppliedAt  time.Time      `json:"applied_at,omitzero"`
	Wave       string         `json:"wave,omitempty"` // of a plan of one wave
}

// PlanSnapshot binds a plan to one snapshot of a source and its assessment.
type PlanSnapshot struct {
	Source     string `json:"source"`
	Snapshot   string `json:"snapshot"`
	Assessment string `json:"assessment"`
}

// Summary is what status shows without computing a plan again.
type Summary struct {
	Migration         string          `json:"migration"`
	At                time.Time       `json:"at"`
	Plan              json.RawMessage `json:"plan"` // the plan as JSON without its steps
	PendingDecisions  int             `json:"pending_decisions"`
	ResolvedDecisions int             `json:"resolved_decisions"`
	MovesPeople       bool            `json:"moves_people,omitempty"`
}

// Statuses of a run.
const (
	RunStarted               = "started"
	RunCompleted             = "completed"
	RunCompletedWithFollowUp = "completed_with_follow_up"
	RunFailed                = "failed"
)

// Run is one execution of a plan.
type Run struct {
	ID           string    `json:"id"`
	PlanHash     string    `json:"plan_hash"`
	Migration    string    `json:"migration"`
	Status       string    `json:"status"` // started, completed, completed_with_follow_up, failed
	StartedAt    time.Time `json:"started_at"`
	CompletedAt  time.Time `json:"completed_at,omitzero"`
	RollbackOf   string    `json:"rollback_of,omitempty"`    // run that this one takes back
	RolledBackBy string    `json:"rolled_back_by,omitempty"` // run that took the whole of this one back; filled by Store.Runs
	Steps        []RunStep `json:"steps,omitempty"`          // filled by Store.Run
	After        time.Time `json:"after,omitzero"`           // end of the run before; filled by Store.Run
	Before       time.Time `json:"before,omitzero"`          // start of the run after; filled by Store.Run
}

// RunStep is what came of one step. Order is the order in which outcomes were written.
type RunStep struct {
	Order    int                 `json:"order"`
	StepID   string              `json:"step_id"`
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Outcome  string              `json:"outcome"` // intended, applied, already, failed, not_started
	Reason   string              `json:"reason,omitempty"`
	At       time.Time           `json:"at"`
}

// Binding says which resource an item became.
type Binding struct {
	Item     identity.Address    `json:"item"`
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Decision string              `json:"decision,omitempty"` // map_to_existing and reconcile bind to what is not ours
	Gone     bool                `json:"gone,omitempty"`     // the binding is removed
}

// PutPlan records a draft or previewed plan with its audit event. A previewed plan takes the place of the draft. A plan that was applied
// and is previewed again, because nothing is left to change, stays applied.
func (s *Store) PutPlan(plan PlanRecord, event Event) error {
	draft := "plan-draft/" + s.box.blind("draft#"+plan.Migration)
	err := s.backend.Update(func(tx Tx) error {
		if err := s.mayChange(tx, plan.Migration); err != nil {
			return err
		}
		key := draft
		if plan.Status != PlanDraft {
			key = "plan/" + plan.Hash
			if err := s.keepOutcome(tx, key, &plan); err != nil {
				return err
			}
			if err := tx.Delete(bucketRecords, draft); err != nil {
				return err
			}
		}
		if err := s.put(tx, bucketRecords, key, plan); err != nil {
			return err
		}
		return s.audit(tx, event)
	})
	if err != nil {
		return fmt.Errorf("recording the plan: %w", err)
	}
	return nil
}

func (s *Store) keepOutcome(tx Tx, key string, plan *PlanRecord) error {
	sealed := tx.Get(bucketRecords, key)
	if sealed == nil {
		return nil
	}
	var before PlanRecord
	if err := s.decode(bucketRecords, key, sealed, &before); err != nil {
		return err
	}
	if before.Status == PlanApplied || before.Status == PlanAppliedWithFollowUp {
		plan.Status = before.Status
	}
	plan.Run, plan.AppliedAt = before.Run, before.AppliedAt
	return nil
}

// Draft reads the draft of a migration, or ErrNotFound.
func (s *Store) Draft(migration string) (PlanRecord, error) {
	var plan PlanRecord
	return plan, s.get(bucketRecords, "plan-draft/"+s.box.blind("draft#"+migration), &plan)
}

// Plans lists the recorded plans, newest first.
func (s *Store) Plans() ([]PlanRecord, error) {
	plans, err := records[PlanRecord](s, "plan/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(plans, func(i, j int) bool { return plans[i].CreatedAt.After(plans[j].CreatedAt) })
	return plans, nil
}

// PutSummary keeps the newest plan's summary for status.
func (s *Store) PutSummary(summary Summary, event Event) error {
	return s.putGuarded("summary/"+summary.Migration, summary, event, func(tx Tx) error { return s.mayChange(tx, summary.Migration) })
}

// Summary reads what PutSummary kept, or ErrNotFound.
func (s *Store) Summary(migration string) (Summary, error) {
	var summary Summary
	return summary, s.get(bucketRecords, "summary/"+migration, &summary)
}

// endRun records the end of a run, what became of its plan, and the audit event. A plan that was made with another state is recorded
// now.
func (s *Store) endRun(tx Tx, run Run, plan PlanRecord, event Event) error {
	run.Steps = nil
	key := "plan/" + plan.Hash
	if sealed := tx.Get(bucketRecords, key); sealed != nil {
		status := plan.Status
		if err := s.decode(bucketRecords, key, sealed, &plan); err != nil {
			return err
		}
		plan.Status = status
	}
	plan.Run, plan.AppliedAt = run.ID, run.CompletedAt
	if err := s.put(tx, bucketRecords, key, plan); err != nil {
		return err
	}
	if err := s.put(tx, bucketRecords, "run/"+run.ID, run); err != nil {
		return err
	}
	return s.audit(tx, event)
}

// PutRun records the head of a run.
func (s *Store) PutRun(run Run, event Event) error {
	run.Steps = nil
	return s.putGuarded("run/"+run.ID, run, event, func(tx Tx) error {
		if run.Status != RunStarted {
			return nil // what began may end
		}
		return s.mayChange(tx, run.Migration)
	})
}

// PutRunStep writes one outcome, its binding when it has one, and its audit event in one transaction.
func (s *Store) PutRunStep(run string, step RunStep, bindings []Binding, event Event) error {
	err := s.backend.Update(func(tx Tx) error {
		if err := s.put(tx, bucketRecords, fmt.Sprintf("run-step/%s/%08d", run, step.Order), step); err != nil {
			return err
		}
		for _, b := range bindings {
			if err := s.putBinding(tx, b); err != nil {
				return err
			}
		}
		return s.audit(tx, event)
	})
	if err != nil {
		return fmt.Errorf("recording step %s: %w", step.StepID, err)
	}
	return nil
}

// putBinding keeps a binding, or removes the one that is gone.
func (s *Store) putBinding(tx Tx, b Binding) error {
	if b.Gone {
		return tx.Delete(bucketBindings, s.bindingKey(b))
	}
	return s.put(tx, bucketBindings, s.bindingKey(b), b)
}

func (s *Store) bindingKey(b Binding) string {
	return s.box.blind(b.Item.String() + "#" + b.Resource.Type)
}

// Runs lists the heads of all runs, newest first.
func (s *Store) Runs() ([]Run, error) {
	runs, err := records[Run](s, "run/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(runs, func(i, j int) bool { return runs[i].StartedAt.After(runs[j].StartedAt) })
	markTakenBack(runs)
	return runs, nil
}

// markTakenBack fills in which run took a run back whole. Runs of one plan are one: an interrupted one goes on under another id.
func markTakenBack(runs []Run) {
	plans := map[string]string{}
	for _, run := range runs {
		plans[run.ID] = run.PlanHash
	}
	for _, back := range runs { // newest first
		if back.RollbackOf == "" || back.Status != RunCompleted {
			continue
		}
		for i := range runs {
			if run := &runs[i]; run.RollbackOf == "" && run.PlanHash == plans[back.RollbackOf] && run.StartedAt.Before(back.StartedAt) {
				run.RolledBackBy = back.ID
			}
		}
	}
}

// Run reads one run with its steps.
func (s *Store) Run(id string) (Run, error) {
	var run Run
	if err := s.get(bucketRecords, "run/"+id, &run); err != nil {
		return run, err
	}
	steps, err := records[RunStep](s, "run-step/"+id+"/")
	if err != nil {
		return run, err
	}
	run.Steps = steps
	runs, err := s.Runs()
	run.between(runs)
	return run, err
}

// between fills in the runs right before and after: never two write at once, so what a clock leaves open is theirs or this one's.
func (r *Run) between(newestFirst []Run) {
	for _, other := range newestFirst {
		switch {
		case other.ID == r.ID:
		case !r.CompletedAt.IsZero() && other.StartedAt.After(r.CompletedAt):
			r.Before = other.StartedAt
		case r.After.IsZero() && other.CompletedAt.Before(r.StartedAt): // one that went on later ended later, and bounds nothing
			r.After = other.CompletedAt
		}
	}
}

// Bindings reads all bindings, keyed by address#type; those of another tenant's sources are left out.
func (s *Store) Bindings() (map[string]Binding, error) {
	bindings := map[string]Binding{}
	err := s.backend.View(func(tx Tx) error {
		foreign, err := s.foreignSources(tx)
		if err != nil {
			return err
		}
		return tx.Each(bucketBindings, "", func(key string, sealed []byte) error {
			var b Binding
			if err := s.decode(bucketBindings, key, sealed, &b); err != nil {
				return err
			}
			if foreign[b.Item.Source] {
				return nil
			}
			bindings[b.Item.String()+"#"+b.Resource.Type] = b
			return nil
		})
	})
	return bindings, err
}

// PutCredential keeps a secret under a name, encrypted.
func (s *Store) PutCredential(name, value string, event Event) error {
	return s.backend.Update(func(tx Tx) error {
		if err := s.put(tx, bucketCredentials, name, value); err != nil {
			return err
		}
		return s.audit(tx, event)
	})
}

// Credential reads a secret by name, or ErrNotFound.
func (s *Store) Credential(name string) (string, error) {
	var value string
	return value, s.get(bucketCredentials, name, &value)
}

// CredentialNames lists the names of the secrets, sorted.
func (s *Store) CredentialNames() ([]string, error) { return s.keys(bucketCredentials, "") }

// DeleteCredential removes a secret; a name that is not there is ErrNotFound.
func (s *Store) DeleteCredential(name string, event Event) error {
	if _, err := s.Credential(name); errors.Is(err, ErrNotFound) {
		return err
	}
	return s.backend.Update(func(tx Tx) error {
		if err := tx.Delete(bucketCredentials, name); err != nil {
			return err
		}
		return s.audit(tx, event)
	})
}

// Plan reads what PutPlan kept under a hash, or ErrNotFound.
func (s *Store) Plan(hash string) (PlanRecord, error) {
	var plan PlanRecord
	return plan, s.get(bucketRecords, "plan/"+hash, &plan)
}

// PutPlanSteps keeps a whole previewed plan as JSON, so that a later mismatch can name the steps that differ.
func (s *Store) PutPlanSteps(hash string, plan json.RawMessage) error {
	return s.backend.Update(func(tx Tx) error { return s.put(tx, bucketRecords, "plan-steps/"+hash, plan) })
}

// PlanSteps reads what PutPlanSteps kept, or ErrNotFound.
func (s *Store) PlanSteps(hash string) (json.RawMessage, error) {
	var plan json.RawMessage
	return plan, s.get(bucketRecords, "plan-steps/"+hash, &plan)
}
