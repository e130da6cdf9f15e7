package state

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/switchover"
)

const cutoverPrefix = "cutover/"

// CutoverChange is the record of one application's cutover with the event of the change.
type CutoverChange struct {
	Record switchover.Record
	Event  Event
}

// PutCutovers keeps records in one transaction, each with its audit event; a change without an event name is not
// audited. It fails with *lifecycle.Refusal when the migration is archived.
func (m *Migration) PutCutovers(changes ...CutoverChange) error {
	err := m.store.backend.Update(func(tx Tx) error {
		if err := m.mayChange(tx); err != nil {
			return err
		}
		for _, change := range changes {
			if err := m.put(tx, bucketRecords, cutoverPrefix+m.store.box.Blind(change.Record.Application),
				change.Record); err != nil {
				return err
			}
			if err := m.audit(tx, change.Event); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording the cutover of applications: %w", err)
	}
	return nil
}

// Cutovers reads every record that PutCutovers kept.
func (m *Migration) Cutovers() ([]switchover.Record, error) {
	return records[switchover.Record](m.space, cutoverPrefix)
}
