package state

import (
	"errors"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/authorization"
)

const accessKey = "access"

// AccessRecord is what the state remembers about who may use it: nil rules mean that no block is recorded, or that it
// was removed.
type AccessRecord struct {
	Rules  *authorization.Rules `json:"rules"`
	Tenant string               `json:"tenant"` // of the migration, as it was when the rules were recorded
	At     time.Time            `json:"at"`
}

// Access reads the recorded rules of the tenant; the zero record where there are none. They are the tenant's and not
// the migration's: to begin another migration is no way around them.
func (m *Migration) Access() (AccessRecord, error) {
	var record AccessRecord
	err := m.shared.get(bucketRecords, accessKey, &record)
	if errors.Is(err, ErrNotFound) {
		return AccessRecord{}, nil
	}
	if err != nil {
		return AccessRecord{}, fmt.Errorf("reading the access rules: %w", err)
	}
	return record, nil
}

// PutAccess records rules, or their removal, with the audit event.
func (m *Migration) PutAccess(record AccessRecord, event Event) error {
	err := m.store.backend.Update(func(tx Tx) error { return m.shared.change(tx, accessKey, record, event) })
	if err != nil {
		return fmt.Errorf("recording the access rules: %w", err)
	}
	return nil
}
