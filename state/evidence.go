package state

import (
	"encoding/json"
	"errors"
	"fmt"
)

// PseudonymKey is the key of the pseudonyms of people. It follows from the first data key of the state, so it stays, whatever becomes of
// later keys, and reading it writes nothing. A key that an earlier version drew and kept goes on counting.
func (s *Store) PseudonymKey() ([]byte, error) {
	var key []byte
	if err := s.get(bucketRecords, "pseudonym-key", &key); !errors.Is(err, ErrNotFound) {
		return key, err
	}
	return s.box.derive("rehome/state/pseudonyms/v1"), nil
}

// PutEvidence keeps what was declared about an applied plan, as JSON, in the transaction of its audit event. It fails with
// *LifecycleError when the migration that this Store works on is archived.
func (s *Store) PutEvidence(planHash string, declared json.RawMessage, event Event) error {
	if err := s.putGuarded("evidence/"+planHash, declared, event, s.openMigrationOnly); err != nil {
		return fmt.Errorf("recording the evidence of plan %s: %w", planHash, err)
	}
	return nil
}

// Evidence reads what PutEvidence kept, or ErrNotFound.
func (s *Store) Evidence(planHash string) (json.RawMessage, error) {
	var declared json.RawMessage
	return declared, s.get(bucketRecords, "evidence/"+planHash, &declared)
}
