package state

import (
	"encoding/json"
	"fmt"
)

const cutoverPrefix = "cutover/"

// CutoverChange is the record of one application's cutover, as JSON, with the event of the change. Application is the address of its item.
type CutoverChange struct {
	Application string
	Record      json.RawMessage
	Event       Event
}

// PutCutovers keeps records in one transaction, each with its audit event; a change without an event name is not audited.
// It fails with *LifecycleError when the migration that this Store works on is archived.
func (s *Store) PutCutovers(changes ...CutoverChange) error {
	err := s.backend.Update(func(tx Tx) error {
		if err := s.openMigrationOnly(tx); err != nil {
			return err
		}
		for _, change := range changes {
			if err := s.put(tx, bucketRecords, cutoverPrefix+s.box.blind(change.Application), change.Record); err != nil {
				return err
			}
			if err := s.audit(tx, change.Event); err != nil {
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
func (s *Store) Cutovers() ([]json.RawMessage, error) {
	return records[json.RawMessage](s, cutoverPrefix)
}
