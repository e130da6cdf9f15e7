package state

import (
	"errors"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/authorization"
)

const accessKey = "access"

// AccessRecord is what the state remembers about who may use it: nil rules mean that no block is recorded, or that it was removed.
type AccessRecord struct {
	Rules  *authorization.Rules `json:"rules"`
	Tenant string               `json:"tenant"` // of the migration, as it was when the rules were recorded
	At     time.Time            `json:"at"`
}

// Access reads the recorded rules; the zero record where there are none.
func (s *Store) Access() (AccessRecord, error) {
	var record AccessRecord
	err := s.get(bucketRecords, accessKey, &record)
	if errors.Is(err, ErrNotFound) {
		return AccessRecord{}, nil
	}
	if err != nil {
		return AccessRecord{}, fmt.Errorf("reading the access rules: %w", err)
	}
	return record, nil
}

// PutAccess records rules, or their removal, with the audit event.
func (s *Store) PutAccess(record AccessRecord, event Event) error {
	return s.putRecord(accessKey, record, event)
}
