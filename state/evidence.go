package state

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
)

// PseudonymKey is the key of the pseudonyms of people. It is drawn once a state and stays, whatever becomes of other keys.
func (s *Store) PseudonymKey() ([]byte, error) {
	var key []byte
	if err := s.get(bucketRecords, "pseudonym-key", &key); err == nil || !errors.Is(err, ErrNotFound) {
		return key, err
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("drawing the key of pseudonyms: %w", err)
	}
	return key, s.backend.Update(func(tx Tx) error { return s.put(tx, bucketRecords, "pseudonym-key", key) })
}

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
