package state

import (
	"errors"
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

// Record appends an event of the state itself that changes nothing else.
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

// WalkAudit visits the records of the chain in order, one in memory at a time, and checks them on the way: a changed,
// removed or reordered record is ErrCorrupt with the *audit.BrokenError that names it. With a checkpoint, the hash of a
// record that was kept elsewhere, a chain that was cut or written anew is found too. Visit may be nil.
func (s *Store) WalkAudit(checkpoint string, visit func(AuditRecord) error) (audit.Report, error) {
	follower, err := audit.Follow(checkpoint)
	if err != nil {
		return audit.Report{}, err
	}
	var keys []string
	var report audit.Report
	count, head := 0, ""
	err = s.backend.View(func(tx Tx) (err error) { // the chain as it is now; what is appended meanwhile is not looked at
		if count, head, err = auditEnd(tx); err != nil {
			return err
		}
		return tx.Keys(bucketAudit, "", func(key string) error {
			keys = append(keys, key)
			return nil
		})
	})
	next := 1
	if err == nil {
		err = s.inPages(bucketAudit, keys, func(key string, sealed []byte) error {
			record, err := s.auditRecord(key, sealed, next)
			if err != nil {
				return err
			}
			if err := follower.Add(record); err != nil {
				return err
			}
			next++
			if visit == nil {
				return nil
			}
			return visit(record)
		})
	}
	if err == nil {
		report, err = follower.End(count, head)
	}
	var broken *audit.BrokenError
	var cut *audit.CutError
	if errors.As(err, &broken) || errors.As(err, &cut) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return report, err
}

// auditRecord opens one stored record. A record is encrypted for its place, so one that was moved does not open.
func (s *Store) auditRecord(key string, sealed []byte, next int) (AuditRecord, error) {
	var record AuditRecord
	number, err := strconv.Atoi(key)
	if err != nil {
		return record, &audit.BrokenError{Sequence: next, Reason: fmt.Sprintf("a record %q stands in its place", key)}
	}
	if number > next {
		return record, &audit.BrokenError{Sequence: next, Reason: fmt.Sprintf("it is missing; number %d follows", number)}
	}
	if err := s.decode(bucketAudit, key, sealed, &record); err != nil {
		return record, &audit.BrokenError{Sequence: next,
			Reason: "it was changed, or another record was put in its place: it does not decrypt"}
	}
	return record, nil
}

func auditEnd(tx Tx) (count int, head string, err error) {
	head = string(tx.Get(bucketMeta, "audit_head"))
	if text := tx.Get(bucketMeta, "audit_count"); text != nil {
		if count, err = strconv.Atoi(string(text)); err != nil {
			return 0, "", fmt.Errorf("%w: the audit count does not read", ErrCorrupt)
		}
	}
	return count, head, nil
}

// AuditEnd is how many records the chain has and the hash of the newest, as the state says without reading them.
func (s *Store) AuditEnd() (count int, head string, err error) {
	err = s.backend.View(func(tx Tx) error {
		count, head, err = auditEnd(tx)
		return err
	})
	return count, head, err
}

// Audit reads and checks the whole chain, as WalkAudit does, and holds it in memory.
func (s *Store) Audit() ([]AuditRecord, error) {
	var chain []AuditRecord
	_, err := s.WalkAudit("", func(record AuditRecord) error {
		chain = append(chain, record)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the audit chain: %w", err)
	}
	return chain, nil
}
