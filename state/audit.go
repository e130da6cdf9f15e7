package state

import (
	"fmt"
	"strconv"

	"github.com/rehome-iam/rehome/engine/audit"
)

// Event is one line of the audit chain before it is chained; see package audit.
type Event = audit.Event

// AuditRecord is one chained line; see package audit.
type AuditRecord = audit.Record

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
	record, err := audit.Chain(event, count, string(tx.Get(bucketMeta, "audit_head")))
	if err != nil {
		return err
	}
	if err := s.put(tx, bucketAudit, fmt.Sprintf("%012d", record.Sequence), record); err != nil {
		return err
	}
	if err := tx.Put(bucketMeta, "audit_head", []byte(record.Hash)); err != nil {
		return err
	}
	return tx.Put(bucketMeta, "audit_count", []byte(strconv.Itoa(record.Sequence)))
}

func (s *Store) auditAll(tx Tx, events []Event) error {
	for _, event := range events {
		if err := s.audit(tx, event); err != nil {
			return err
		}
	}
	return nil
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
	last, err := audit.Verify(chain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if last != head || len(chain) != count {
		return nil, fmt.Errorf("%w: the audit chain ends at record %d of %d", ErrCorrupt, len(chain), count)
	}
	return chain, nil
}
