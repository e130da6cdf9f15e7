package state

import (
	"encoding/json"
	"fmt"
	"sort"
	"time"
)

// Kinds of a verification: what was looked at.
const (
	VerifiedProbes  = "probes" // what the runs made was tried
	VerifiedDrift   = "drift"  // what the runs made was compared with how it is
	VerifiedSources = "source" // the incumbents were read again
	VerifiedEvents  = "events" // the target's own record was held against a run
)

// Verification is one proof of the target: what was tried and found, as JSON of engine/verify. It is never changed.
type Verification struct {
	ID       string          `json:"id"`
	At       time.Time       `json:"at"`
	Kind     string          `json:"kind"` // such as VerifiedProbes
	Runs     []string        `json:"runs"` // the runs that it looked at
	Passed   int             `json:"passed"`
	Failed   int             `json:"failed"`
	Unknown  int             `json:"unknown"`
	Skipped  int             `json:"skipped"`
	Changes  int             `json:"changes"`
	Findings json.RawMessage `json:"findings,omitempty"`
}

// PutVerification keeps a verification as evidence on its runs, in the transaction of its audit event. It fails with
// *lifecycle.Refusal when the migration is archived.
func (m *Migration) PutVerification(v Verification, event Event) error {
	if err := m.putGuarded("verification/"+v.ID, v, event, m.mayChange); err != nil {
		return fmt.Errorf("recording verification %s: %w", v.ID, err)
	}
	return nil
}

// Verifications lists all, newest first.
func (m *Migration) Verifications() ([]Verification, error) {
	all, err := records[Verification](m.space, "verification/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].At.After(all[j].At) })
	return all, nil
}
