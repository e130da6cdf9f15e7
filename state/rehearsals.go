package state

import (
	"fmt"
	"sort"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/history"
)

// Rehearsal is the record of one rehearsal, with its report. It is never changed, and it is all that a rehearsal leaves
// in a state.
type Rehearsal struct {
	ID        string            `json:"id"`
	Migration string            `json:"migration"`
	At        time.Time         `json:"at"`
	Passed    bool              `json:"passed"`
	Report    history.Rehearsal `json:"report"`
}

// PutRehearsal keeps the report of a rehearsal in the transaction of its audit event, of which it needs who acts and
// when, and the facts.
func (m *Migration) PutRehearsal(r Rehearsal, by Event) error {
	by.Name, by.Target = audit.RehearsalCompleted, r.ID
	if err := m.putRecord("rehearsal/"+r.ID, r, by); err != nil {
		return fmt.Errorf("recording rehearsal %s: %w", r.ID, err)
	}
	return nil
}

// Rehearsals lists those of the migration, newest first.
func (m *Migration) Rehearsals() ([]Rehearsal, error) {
	all, err := records[Rehearsal](m.space, "rehearsal/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].At.After(all[j].At) })
	return all, nil
}
