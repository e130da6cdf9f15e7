package state

import (
	"encoding/json"
	"fmt"
)

// PutEvidence keeps what was declared about an applied plan, as JSON, in the transaction of its audit event.
func (s *Store) PutEvidence(planHash string, declared json.RawMessage, event Event) error {
	if err := s.putRecord("evidence/"+planHash, declared, event); err != nil {
		return fmt.Errorf("recording the evidence of plan %s: %w", planHash, err)
	}
	return nil
}

// Evidence reads what PutEvidence kept, or ErrNotFound.
func (s *Store) Evidence(planHash string) (json.RawMessage, error) {
	var declared json.RawMessage
	return declared, s.get(bucketRecords, "evidence/"+planHash, &declared)
}
