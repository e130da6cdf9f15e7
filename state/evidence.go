package state

import (
	"errors"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/declaration"
)

// PseudonymKey is the key of the pseudonyms of the tenant's people. It follows from the first data key of the state and
// the tenant, so it stays, whatever becomes of later keys, reading it writes nothing, and nobody can tell that two
// tenants know one person. A key that an earlier version kept for a tenant goes on counting.
func (m *Migration) PseudonymKey() ([]byte, error) {
	var key []byte
	if err := m.shared.get(bucketRecords, "pseudonym-key", &key); !errors.Is(err, ErrNotFound) {
		return key, err
	}
	return m.store.box.Derive("rehome/state/pseudonyms/v2\x00" + m.tenant), nil
}

// Declare keeps what was declared about an applied plan when it differs from what is kept, in the transaction of its
// audit event, and returns what changed. Of the event it needs who acts and when. It fails with *lifecycle.Refusal when
// the migration is archived.
func (m *Migration) Declare(planHash string, declared declaration.Declared, by Event) ([]declaration.Change, error) {
	kept, err := m.Declared(planHash)
	if err != nil {
		return nil, err
	}
	changes := declaration.Changes(kept, declared)
	if len(changes) == 0 {
		return changes, nil
	}
	declared.RecordedAt, declared.RecordedBy = by.At.UTC().Format(time.RFC3339), by.Actor
	by.Name, by.Target, by.Facts = audit.EvidenceUpdated, planHash, map[string]string{}
	for _, change := range changes {
		by.Facts[change.Field] = change.After
	}
	if err := m.putGuarded("evidence/"+planHash, declared, by, m.mayChange); err != nil {
		return nil, fmt.Errorf("recording the evidence of plan %s: %w", planHash, err)
	}
	return changes, nil
}

// Declared reads what Declare kept, empty where nothing was.
func (m *Migration) Declared(planHash string) (declaration.Declared, error) {
	var declared declaration.Declared
	err := m.get(bucketRecords, "evidence/"+planHash, &declared)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return declared, err
}
