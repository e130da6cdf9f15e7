package state

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/identity"
)

// planBatch is how many steps of a plan are recorded in one transaction.
const planBatch = 500

// PlannedStep is one step of the plan that a run carries out, with what was decided about it before the run.
type PlannedStep struct {
	StepID      string              `json:"step_id"`
	Title       string              `json:"title"`
	Action      string              `json:"action"`
	Disposition string              `json:"disposition"`
	Resource    identity.ResourceID `json:"resource"`
	ServerID    string              `json:"server_id,omitempty"`
	Class       string              `json:"class"`
	Reason      string              `json:"reason,omitempty"`
	ToDo        string              `json:"to_do,omitempty"`
	File        string              `json:"file,omitempty"` // the block that decided it
	Line        int                 `json:"line,omitempty"`
	At          time.Time           `json:"at"`
	FollowUp    bool                `json:"follow_up,omitempty"` // a person must do it
}

// Statuses of a follow-up.
const (
	FollowUpOpen = "open"
	FollowUpDone = "done"
)

// FollowUp is one thing that a person must do. A migration has one for each step that is left to people, whatever the
// number of runs.
type FollowUp struct {
	ID        string    `json:"id"` // f-1, counted within the migration
	Migration string    `json:"migration"`
	StepID    string    `json:"step_id"`
	Title     string    `json:"title"`
	Reason    string    `json:"reason,omitempty"`
	ToDo      string    `json:"to_do,omitempty"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	FirstRun  string    `json:"first_run"`
	LastRun   string    `json:"last_run"` // the newest run whose plan still lists it
	Note      string    `json:"note,omitempty"`
	ClosedAt  time.Time `json:"closed_at,omitzero"`
	ClosedBy  string    `json:"closed_by,omitempty"`
}

// ErrClosed says that a follow-up was closed before.
var ErrClosed = errors.New("the follow-up is closed already")

// PutRunPlan records every step of a run's plan, in the plan's order, and the follow-ups among them. Events, one a
// step, are written with the steps; an event without a name is none. Steps go in batches, each one transaction.
func (m *Migration) PutRunPlan(run Run, steps []PlannedStep, events []Event) error {
	for first := 0; first < len(steps); first += planBatch {
		last := min(first+planBatch, len(steps))
		err := m.store.backend.Update(func(tx Tx) error {
			key := fmt.Sprintf("run-plan/%s/%08d", run.ID, first/planBatch)
			if err := m.put(tx, bucketRecords, key, steps[first:last]); err != nil {
				return err
			}
			for i := first; i < last; i++ {
				if steps[i].FollowUp {
					if err := m.followUp(tx, run, steps[i], events[i]); err != nil {
						return err
					}
				}
				if err := m.audit(tx, events[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("recording the plan of run %s: %w", run.ID, err)
		}
	}
	return nil
}

// RunPlan visits the steps that PutRunPlan recorded, in order, a batch in memory at a time.
func (m *Migration) RunPlan(run string, visit func(PlannedStep) error) error {
	keys, err := m.keys(bucketRecords, "run-plan/"+run+"/")
	if err != nil {
		return err
	}
	for _, key := range keys {
		var steps []PlannedStep
		if err := m.get(bucketRecords, key, &steps); err != nil {
			return err
		}
		for _, step := range steps {
			if err := visit(step); err != nil {
				return err
			}
		}
	}
	return nil
}

// followUp adds a step to the list of its migration, or finds it there. A closed one whose reason or to-do changed is
// opened again.
func (m *Migration) followUp(tx Tx, run Run, step PlannedStep, by Event) error {
	key := m.followUpKey(step.StepID)
	var f FollowUp
	switch err := m.read(tx, bucketRecords, key, &f); {
	case errors.Is(err, ErrNotFound):
		number, err := m.countFollowUp(tx)
		if err != nil {
			return err
		}
		f = FollowUp{
			ID: "f-" + strconv.Itoa(number), Migration: m.name, StepID: step.StepID, Status: FollowUpOpen,
			CreatedAt: step.At, FirstRun: run.ID,
		}
	case err != nil:
		return err
	case f.Status == FollowUpDone && (f.Reason != step.Reason || f.ToDo != step.ToDo):
		f.Status, f.ClosedAt, f.ClosedBy = FollowUpOpen, time.Time{}, ""
		by.Name, by.Target, by.Facts = audit.FollowUpReopened, f.ID, map[string]string{"step": f.StepID, "run": run.ID}
		if err := m.audit(tx, by); err != nil {
			return err
		}
	}
	f.Title, f.Reason, f.ToDo, f.LastRun = step.Title, step.Reason, step.ToDo, run.ID
	return m.put(tx, bucketRecords, key, f)
}

func (m *Migration) countFollowUp(tx Tx) (int, error) {
	const key = "follow-up-count"
	number := 0
	if err := m.read(tx, bucketRecords, key, &number); err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	number++
	return number, m.put(tx, bucketRecords, key, number)
}

func (m *Migration) followUpKey(step string) string {
	return "follow-up/" + m.store.box.blind("follow-up#"+step)
}

// FollowUps lists all, open ones first, then in the order in which they came up.
func (m *Migration) FollowUps() ([]FollowUp, error) {
	found, err := records[FollowUp](m.space, "follow-up/")
	if err != nil {
		return nil, err
	}
	sort.Slice(found, func(i, j int) bool {
		if a, b := found[i].Status == FollowUpOpen, found[j].Status == FollowUpOpen; a != b {
			return a
		}
		a, _ := strconv.Atoi(found[i].ID[2:])
		b, _ := strconv.Atoi(found[j].ID[2:])
		return a < b
	})
	return found, nil
}

// CloseFollowUp closes one by id, with a note, and audits it. It fails with ErrNotFound or ErrClosed, wrapped.
func (m *Migration) CloseFollowUp(id, note string, by Event) (FollowUp, error) {
	all, err := m.FollowUps()
	if err != nil {
		return FollowUp{}, err
	}
	for _, f := range all {
		if f.ID != id {
			continue
		}
		if f.Status == FollowUpDone {
			return f, fmt.Errorf("%s: %w", id, ErrClosed)
		}
		f.Status, f.Note, f.ClosedAt, f.ClosedBy = FollowUpDone, note, by.At.UTC(), by.Actor
		by.Name, by.Target = audit.FollowUpDone, f.ID
		by.Facts = map[string]string{"step": f.StepID, "note": note}
		return f, m.putGuarded(m.followUpKey(f.StepID), f, by, m.mayChange)
	}
	return FollowUp{}, fmt.Errorf("follow-up %s: %w", id, ErrNotFound)
}
