package state

import (
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Summary is what status shows without computing a plan again.
type Summary struct {
	Migration         string    `json:"migration"`
	At                time.Time `json:"at"`
	Plan              plan.Plan `json:"plan"` // without its steps
	PendingDecisions  int       `json:"pending_decisions"`
	ResolvedDecisions int       `json:"resolved_decisions"`
	MovesPeople       bool      `json:"moves_people,omitempty"`

	Unmanaged []plan.Unmanaged `json:"unmanaged,omitempty"` // what the target has and rehome neither made nor mapped
}

// Run is what a run did, as the store keeps it.
type Run = history.Run

// planDraft is the key of the one draft.
const planDraft = "plan-draft"

// PutPlan records a draft or previewed plan with its audit event. A previewed plan takes the place of the draft. A plan
// that was applied and is previewed again, because nothing is left to change, stays applied.
func (m *Migration) PutPlan(record history.PlanRecord, event Event) error {
	record.Migration = m.name
	err := m.store.backend.Update(func(tx Tx) error {
		if err := m.mayChange(tx); err != nil {
			return err
		}
		key := planDraft
		if record.Status != history.PlanDraft {
			key = "plan/" + record.Hash
			if err := m.keepOutcome(tx, key, &record); err != nil {
				return err
			}
			if err := m.delete(tx, bucketRecords, planDraft); err != nil {
				return err
			}
		}
		return m.change(tx, key, record, event)
	})
	if err != nil {
		return fmt.Errorf("recording the plan: %w", err)
	}
	return nil
}

func (m *Migration) keepOutcome(tx Tx, key string, record *history.PlanRecord) error {
	if !m.has(tx, bucketRecords, key) {
		return nil
	}
	var before history.PlanRecord
	if err := m.read(tx, bucketRecords, key, &before); err != nil {
		return err
	}
	if before.Status == history.PlanApplied || before.Status == history.PlanAppliedWithFollowUp {
		record.Status = before.Status
	}
	record.Run, record.AppliedAt = before.Run, before.AppliedAt
	if record.SavedAt.IsZero() {
		record.SavedAt = before.SavedAt
	}
	return nil
}

// Draft reads the draft of a migration, or ErrNotFound.
func (m *Migration) Draft() (history.PlanRecord, error) {
	var plan history.PlanRecord
	return plan, m.get(bucketRecords, planDraft, &plan)
}

// Plans lists the recorded plans, newest first.
func (m *Migration) Plans() ([]history.PlanRecord, error) {
	plans, err := records[history.PlanRecord](m.space, "plan/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(plans, func(i, j int) bool { return plans[i].CreatedAt.After(plans[j].CreatedAt) })
	return plans, nil
}

// PutSummary keeps the newest plan's summary for status.
func (m *Migration) PutSummary(summary Summary, event Event) error {
	return m.putGuarded("summary", summary, event, m.mayChange)
}

// Summary reads what PutSummary kept, or ErrNotFound.
func (m *Migration) Summary() (Summary, error) {
	var summary Summary
	return summary, m.get(bucketRecords, "summary", &summary)
}

// endRun records the end of a run, what became of its plan, and the audit event. A plan that was made with another
// state is recorded now.
func (m *Migration) endRun(tx Tx, run Run, plan history.PlanRecord, event Event) error {
	run.Steps = nil
	key := "plan/" + plan.Hash
	if m.has(tx, bucketRecords, key) {
		status := plan.Status
		if err := m.read(tx, bucketRecords, key, &plan); err != nil {
			return err
		}
		plan.Status = status
	}
	plan.Run, plan.AppliedAt = run.ID, run.CompletedAt
	if err := m.put(tx, bucketRecords, key, plan); err != nil {
		return err
	}
	if err := m.put(tx, bucketRecords, "run/"+run.ID, run); err != nil {
		return err
	}
	return m.audit(tx, event)
}

// PutRun records the head of a run.
func (m *Migration) PutRun(run Run, event Event) error {
	run.Steps, run.Migration = nil, m.name
	return m.putGuarded("run/"+run.ID, run, event, func(tx Tx) error {
		if run.Status != history.StatusStarted {
			return nil // what began may end
		}
		return m.mayChange(tx)
	})
}

// PutRunStep writes one outcome, its binding when it has one, and its audit event in one transaction.
func (m *Migration) PutRunStep(run string, step history.Step, bindings []history.Binding, event Event) error {
	err := m.store.backend.Update(func(tx Tx) error {
		if err := m.put(tx, bucketRecords, fmt.Sprintf("run-step/%s/%08d", run, step.Order), step); err != nil {
			return err
		}
		for _, b := range bindings {
			if err := m.putBinding(tx, b); err != nil {
				return err
			}
		}
		return m.audit(tx, event)
	})
	if err != nil {
		return fmt.Errorf("recording step %s: %w", step.StepID, err)
	}
	return nil
}

// putBinding keeps a binding, or removes the one that is gone.
func (m *Migration) putBinding(tx Tx, b history.Binding) error {
	if b.Gone {
		return m.delete(tx, bucketBindings, m.bindingKey(b))
	}
	return m.put(tx, bucketBindings, m.bindingKey(b), b)
}

func (m *Migration) bindingKey(b history.Binding) string {
	return m.store.box.Blind(b.Item.String() + "#" + b.Resource.Type)
}

// Runs lists the heads of all runs, newest first.
func (m *Migration) Runs() ([]Run, error) {
	runs, err := records[Run](m.space, "run/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(runs, func(i, j int) bool { return runs[i].StartedAt.After(runs[j].StartedAt) })
	history.MarkTakenBack(runs)
	return runs, nil
}

// Run reads one run with its steps.
func (m *Migration) Run(id string) (Run, error) {
	var run Run
	if err := m.get(bucketRecords, "run/"+id, &run); err != nil {
		return run, err
	}
	steps, err := records[history.Step](m.space, "run-step/"+id+"/")
	if err != nil {
		return run, err
	}
	run.Steps = steps
	runs, err := m.Runs()
	run.Between(runs)
	return run, err
}

// Adopt takes over the bindings of a migration whose target this one goes on with, with the audit event. Its own stay.
// It fails with *lifecycle.Refusal unless that one is archived and of the same tenant.
func (m *Migration) Adopt(from *Migration, event Event) (adopted int, err error) {
	err = m.store.backend.Update(func(tx Tx) error {
		adopted = 0
		before, err := from.recorded(tx)
		if err != nil {
			return err
		}
		now, err := m.recorded(tx)
		if err != nil {
			return err
		}
		if err := lifecycle.MayFollow(before, now); err != nil {
			return err
		}
		all, err := recordsIn[history.Binding](from.space, tx, bucketBindings, "")
		if err != nil {
			return err
		}
		for _, b := range all {
			if m.has(tx, bucketBindings, m.bindingKey(b)) {
				continue
			}
			if err := m.putBinding(tx, b); err != nil {
				return err
			}
			adopted++
		}
		return m.audit(tx, event)
	})
	return adopted, err
}

// Standings is what the recorded plans say about which of them took another's place.
func (m *Migration) Standings() ([]lifecycle.Standing, error) {
	plans, err := m.Plans()
	standings := make([]lifecycle.Standing, 0, len(plans))
	for _, p := range plans {
		standings = append(standings, lifecycle.Standing{Hash: p.Hash, Made: p.CreatedAt, SavedAt: p.SavedAt})
	}
	return standings, err
}

// Bindings reads all bindings, keyed by address#type.
func (m *Migration) Bindings() (map[string]history.Binding, error) {
	bindings := map[string]history.Binding{}
	err := m.store.backend.View(func(tx Tx) error {
		all, err := recordsIn[history.Binding](m.space, tx, bucketBindings, "")
		for _, b := range all {
			bindings[b.Item.String()+"#"+b.Resource.Type] = b
		}
		return err
	})
	return bindings, err
}

// Credential is a secret and the addresses that it may be sent to. One of a state that an earlier version wrote has
// none.
type Credential struct {
	Value string   `json:"value"`
	For   []string `json:"for"`
}

// UnmarshalJSON also reads the bare text of an earlier version.
func (c *Credential) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &c.Value); err == nil {
		return nil
	}
	type plain Credential
	return json.Unmarshal(raw, (*plain)(c))
}

// PutCredential keeps a secret under a name, encrypted. Credentials are the tenant's: the next migration reads the same
// incumbent.
func (m *Migration) PutCredential(name string, credential Credential, event Event) error {
	return m.store.backend.Update(func(tx Tx) error {
		if err := m.shared.put(tx, bucketCredentials, name, credential); err != nil {
			return err
		}
		return m.audit(tx, event)
	})
}

// Credential reads a secret by name, or ErrNotFound.
func (m *Migration) Credential(name string) (Credential, error) {
	var credential Credential
	return credential, m.shared.get(bucketCredentials, name, &credential)
}

// CredentialNames lists the names of the secrets, sorted.
func (m *Migration) CredentialNames() ([]string, error) { return m.shared.keys(bucketCredentials, "") }

// DeleteCredential removes a secret; a name that is not there is ErrNotFound.
func (m *Migration) DeleteCredential(name string, event Event) error {
	return m.store.backend.Update(func(tx Tx) error {
		if !m.shared.has(tx, bucketCredentials, name) {
			return fmt.Errorf("credential %s: %w", name, ErrNotFound)
		}
		if err := m.shared.delete(tx, bucketCredentials, name); err != nil {
			return err
		}
		return m.audit(tx, event)
	})
}

// PlanRecord reads what PutPlan kept under a hash, or ErrNotFound.
func (m *Migration) PlanRecord(hash string) (history.PlanRecord, error) {
	var record history.PlanRecord
	return record, m.get(bucketRecords, "plan/"+hash, &record)
}

// KeepPlan keeps a whole previewed plan under its hash, so that it can be shown, applied, compared with and taken back.
func (m *Migration) KeepPlan(p *plan.Plan) error {
	switch {
	case p.Migration.Name != m.name || p.Migration.Tenant != m.tenant:
		return fmt.Errorf("keeping plan %s: it is of migration %q of tenant %q",
			p.PlanHash, p.Migration.Name, p.Migration.Tenant)
	case p.PlanHash == "" || plan.Hash(p) != p.PlanHash:
		return fmt.Errorf("keeping plan %q: it does not have this hash", p.PlanHash)
	}
	return m.store.backend.Update(func(tx Tx) error { return m.put(tx, bucketRecords, "plan-steps/"+p.PlanHash, p) })
}

// Plan reads what KeepPlan kept, or ErrNotFound. A plan whose content does not have the hash is ErrCorrupt.
func (m *Migration) Plan(hash string) (*plan.Plan, error) {
	var p plan.Plan
	if err := m.get(bucketRecords, "plan-steps/"+hash, &p); err != nil {
		return nil, err
	}
	if p.PlanHash != hash || plan.Hash(&p) != hash {
		return nil, fmt.Errorf("%w: the plan kept under %s does not have its hash", ErrCorrupt, hash)
	}
	return &p, nil
}
