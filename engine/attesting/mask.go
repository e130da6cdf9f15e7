package attesting

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// bundleMask keeps people out of what belongs to a plan, and what other tenants did out of the audit chain. With a nil
// masker people are named. It is a function of its arguments: what it reads is given to it.
type bundleMask struct {
	masker *pseudonym.Masker
	tenant string               // of the plan
	plan   *plan.Plan           // as it is shown
	shown  map[string]plan.Step // step id → the step as it is shown
	people map[string]bool      // ids of steps about people
}

func newBundleMask(m *pseudonym.Masker, original, shown *plan.Plan) *bundleMask {
	out := &bundleMask{
		masker: m, tenant: original.Migration.Tenant, plan: shown, shown: map[string]plan.Step{}, people: map[string]bool{},
	}
	for i := range original.Steps {
		id := original.Steps[i].ID
		out.shown[id], out.people[id] = shown.Steps[i], pseudonym.Personal(&original.Steps[i])
	}
	return out
}

func (b *bundleMask) text(text string) string {
	if b.masker == nil {
		return text
	}
	return b.masker.Text(text)
}

func (b *bundleMask) encode(value any) (json.RawMessage, error) {
	encoded, err := json.Marshal(value)
	if err == nil && b.masker != nil {
		encoded = b.masker.JSON(encoded)
	}
	return encoded, err
}

func (b *bundleMask) run(run state.Run) state.Run {
	if b.masker == nil {
		return run
	}
	run.Steps = slices.Clone(run.Steps)
	for i := range run.Steps {
		step := &run.Steps[i]
		if shown, known := b.shown[step.StepID]; known {
			if b.people[step.StepID] {
				step.ServerID = ""
			}
			step.StepID, step.Resource = shown.ID, shown.Resource
		}
		step.Reason = b.text(step.Reason)
	}
	return run
}

// journalLine is a record of the journal as the bundle holds it. What a record says of a step about people is left out
// but for its digest and outcome.
func (b *bundleMask) journalLine(record journal.Record) (json.RawMessage, error) {
	if b.masker != nil {
		b.withoutPeople(&record)
	}
	line, err := b.encode(struct {
		Sequence int `json:"sequence"`
		journal.Record
	}{record.Sequence, record})
	if err != nil {
		return nil, fmt.Errorf("encoding record %d of the journal: %w", record.Sequence, err)
	}
	return line, nil
}

func (b *bundleMask) withoutPeople(record *journal.Record) {
	if i := record.Intend; i != nil && b.people[i.StepID] {
		shown := b.shown[i.StepID]
		record.Intend = &journal.Intention{
			StepID: shown.ID, Action: i.Action, Resource: shown.Resource, NoWayBack: i.NoWayBack,
		}
	}
	if o := record.Outcome; o != nil && b.people[o.StepID] {
		shown := b.shown[o.StepID]
		record.Outcome = &journal.StepOutcome{
			StepID: shown.ID, Resource: shown.Resource, Outcome: o.Outcome, Reason: b.text(o.Reason), Requests: o.Requests,
			Generated: o.Generated,
		}
	}
}

// probes are the verifications that looked at the run, but for those by the target's own record, which is a document of
// its own.
func (b *bundleMask) probes(all []state.Verification, run string) ([]json.RawMessage, error) {
	found := []json.RawMessage{}
	for _, v := range all {
		if !slices.Contains(v.Runs, run) || v.Kind == state.VerifiedEvents {
			continue
		}
		shown := struct {
			state.Verification
			Masked bool `json:"masked,omitempty"` // people in its findings have pseudonyms
		}{Verification: v}
		findings, err := b.encode(v.Findings)
		if err != nil {
			return nil, fmt.Errorf("encoding verification %s: %w", v.ID, err)
		}
		shown.Findings, shown.Masked = findings, evidence.Digest(findings) != evidence.Digest(v.Findings)
		encoded, err := json.Marshal(shown)
		if err != nil {
			return nil, fmt.Errorf("encoding verification %s: %w", v.ID, err)
		}
		found = append(found, encoded)
	}
	return found, nil
}

// recorded reads what was kept of the target's record; one that names people gets pseudonyms and is marked so.
func (b *bundleMask) recorded(findings json.RawMessage) (evidence.Changes, error) {
	var kept evidence.Changes
	if err := json.Unmarshal(findings, &kept); err != nil || b.masker == nil {
		return kept, err
	}
	var shown evidence.Changes
	if err := json.Unmarshal(b.masker.JSON(findings), &shown); err != nil {
		return kept, err
	}
	before, err := changes.Digest(kept.Record)
	if err != nil {
		return kept, err
	}
	after, err := changes.Digest(shown.Record)
	shown.Masked = before != after
	return shown, err
}

// withhold tells whether a record of the audit chain is of another tenant, or names a person of the plan. Actors are
// accountable and stay; so do the words of the author of the configuration, and what was done to the whole state.
func (b *bundleMask) withhold(event state.Event) bool {
	if event.Tenant != "" && event.Tenant != b.tenant {
		return true
	}
	if b.masker == nil {
		return false
	}
	if b.people[event.Target] || b.text(event.Target) != event.Target {
		return true
	}
	if address, err := identity.ParseAddress(event.Target); err == nil && address.Kind.IsPeople() {
		return true
	}
	if event.Name == evidence.EventRecorded {
		return false
	}
	for _, fact := range event.Facts {
		if b.text(fact) != fact {
			return true
		}
	}
	return false
}
