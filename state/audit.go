package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Event is one line of the audit chain before it is chained. An Event without a name is not recorded.
type Event struct {
	Name   string            `json:"name"` // migration.inventory.collected
	At     time.Time         `json:"at"`
	Tenant string            `json:"tenant"`
	Actor  string            `json:"actor"`
	Target string            `json:"target,omitempty"` // what it was about: a snapshot, a step, a plan
	Facts  map[string]string `json:"facts,omitempty"`  // never a secret
}

// AuditRecord is one chained line: Hash covers Sequence, Previous and Event.
type AuditRecord struct {
	Sequence int    `json:"sequence"` // counts from 1
	Previous string `json:"previous"`
	Event    Event  `json:"event"`
	Hash     string `json:"hash"`
}

func (r AuditRecord) digest() (string, error) {
	encoded, err := json.Marshal(struct {
		Sequence int    `json:"sequence"`
		Previous string `json:"previous"`
		Event    Event  `json:"event"`
	}{r.Sequence, r.Previous, r.Event})
	if err != nil {
		return "", fmt.Errorf("encoding audit record %d: %w", r.Sequence, err)
	}
	sum := sha256.Sum256(append([]byte("rehome/audit/v1\x00"), encoded...))
	return hex.EncodeToString(sum[:]), nil
}

// audit appends to the chain within the transaction of the change that it records.
func (s *Store) audit(tx Tx, event Event) error {
	if event.Name == "" {
		return nil
	}
	count := 0
	if text := tx.Get(bucketMeta, "audit_count"); text != nil {
		number, err := strconv.Atoi(string(text))
		if err != nil {
			return fmt.Errorf("%w: the audit count does not read", ErrCorrupt)
		}
		count = number
	}
	event.At = event.At.UTC().Round(0)
	record := AuditRecord{Sequence: count + 1, Previous: string(tx.Get(bucketMeta, "audit_head")), Event: event}
	hash, err := record.digest()
	if err != nil {
		return err
	}
	record.Hash = hash
	if err := s.put(tx, bucketAudit, fmt.Sprintf("%012d", record.Sequence), record); err != nil {
		return err
	}
	if err := tx.Put(bucketMeta, "audit_head", []byte(hash)); err != nil {
		return err
	}
	return tx.Put(bucketMeta, "audit_count", []byte(strconv.Itoa(record.Sequence)))
}

// Record appends an event that changes nothing else in the state.
func (s *Store) Record(event Event) error {
	return s.backend.Update(func(tx Tx) error { return s.audit(tx, event) })
}

// AuditHead is the hash of the newest record, empty when there is none.
func (s *Store) AuditHead() (string, error) {
	var head string
	err := s.backend.View(func(tx Tx) error {
		head = string(tx.Get(bucketMeta, "audit_head"))
		return nil
	})
	return head, err
}

// Audit reads the whole chain and checks it: a changed, removed, reordered or cut record is ErrCorrupt and named.
func (s *Store) Audit() ([]AuditRecord, error) {
	var chain []AuditRecord
	var head string
	var count int
	err := s.backend.View(func(tx Tx) error {
		head = string(tx.Get(bucketMeta, "audit_head"))
		count, _ = strconv.Atoi(string(tx.Get(bucketMeta, "audit_count")))
		return tx.Each(bucketAudit, "", func(key string, sealed []byte) error {
			var record AuditRecord
			if err := s.decode(bucketAudit, key, sealed, &record); err != nil {
				return err
			}
			chain = append(chain, record)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the audit chain: %w", err)
	}
	previous := ""
	for i, record := range chain {
		hash, err := record.digest()
		if err != nil {
			return nil, err
		}
		if record.Sequence != i+1 || record.Previous != previous || record.Hash != hash {
			return nil, fmt.Errorf("%w: audit record %d does not fit the chain", ErrCorrupt, i+1)
		}
		previous = record.Hash
	}
	if previous != head || len(chain) != count {
		return nil, fmt.Errorf("%w: the audit chain ends at record %d of %d", ErrCorrupt, len(chain), count)
	}
	return chain, nil
}
