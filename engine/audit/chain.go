package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Event is one line of the audit chain before it is chained. An Event without a name is not recorded.
type Event struct {
	Name   Name              `json:"name"`
	At     time.Time         `json:"at"`
	Tenant string            `json:"tenant"`
	Actor  string            `json:"actor"`
	Target string            `json:"target,omitempty"` // what it was about: a snapshot, a step, a plan
	Facts  map[string]string `json:"facts,omitempty"`  // never a secret
}

// Record is one chained line: Hash covers Sequence, Previous and Event.
type Record struct {
	Sequence int    `json:"sequence"` // counts from 1
	Previous string `json:"previous"`
	Event    Event  `json:"event"`
	Hash     string `json:"hash"`
}

// BrokenError names the first record that does not fit the chain.
type BrokenError struct {
	Sequence int    // of the record, counted from 1
	Reason   string // what does not fit
}

// Error names the record, and why it does not fit.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("audit record %d does not fit the chain: %s", e.Sequence, e.Reason)
}

// Digest is what Hash must be.
func (r Record) Digest() (string, error) {
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

// Chain makes the record that follows a chain of count records whose last hash is head.
func Chain(event Event, count int, head string) (Record, error) {
	event.At = event.At.UTC().Round(0)
	record := Record{Sequence: count + 1, Previous: head, Event: event}
	hash, err := record.Digest()
	record.Hash = hash
	return record, err
}
