package state

import (
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/lifecycle"
)

// planBatch is how many steps of a plan are recorded in one transaction.
const planBatch = 500

// FollowUp is what people must do after a run, as the store keeps it.
type FollowUp = lifecycle.FollowUp

// PutRunPlan records every step of a run's plan, in the plan's order, and the follow-ups among them. Events, one a
// step, are written with the steps; an event without a name is none. Steps go in batches, each one transaction.
func (m *Migration) PutRunPlan(run Run, steps []lifecycle.PlannedStep, events []Event) error {
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
func (m *Migration) RunPlan(run string, visit func(lifecycle.PlannedStep) error) error {
	keys, err := m.keys(bucketRecords, "run-plan/"+run+"/")
	if err != nil {
		return err
	}
	for _, key := range keys {
		var steps []lifecycle.PlannedStep
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

// followUp adds a step to the list of its migration, or finds it there.
func (m *Migration) followUp(tx Tx, run Run, step lifecycle.PlannedStep, by Event) error {
	key := m.followUpKey(step.StepID)
	var f FollowUp
	err := m.read(tx, bucketRecords, key, &f)
	if errors.Is(err, ErrNotFound) {
		number, err := m.countFollowUp(tx)
		if err != nil {
			return err
		}
		return m.put(tx, bucketRecords, key, lifecycle.NewFollowUp(number, m.name, run.ID, step))
	}
	if err != nil {
		return err
	}
	again, event := f.Again(run.ID, step, by)
	return m.change(tx, key, again, event)
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
	return "follow-up/" + m.store.box.Blind("follow-up#"+step)
}

// FollowUps lists all, open ones first, then in the order in which they came up.
func (m *Migration) FollowUps() ([]FollowUp, error) {
	found, err := records[FollowUp](m.space, "follow-up/")
	if err != nil {
		return nil, err
	}
	lifecycle.SortFollowUps(found)
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
		closed, event, err := f.Close(note, by)
		if err != nil {
			return f, fmt.Errorf("%s: %w", id, err)
		}
		return closed, m.putGuarded(m.followUpKey(f.StepID), closed, event, m.mayChange)
	}
	return FollowUp{}, fmt.Errorf("follow-up %s: %w", id, ErrNotFound)
}
