package state

import (
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/handoff"
)

// PseudonymKey is the key of the pseudonyms of the tenant's people. It follows from the first data key of the state and
// the tenant, so it stays, whatever becomes of later keys, reading it writes nothing, and nobody can tell that two
// tenants know one person. A key that an earlier version kept for a tenant goes on counting.
func (m *Migration) PseudonymKey() ([]byte, error) {
	var key []byte
	if err := m.shared.get(bucketRecords, "pseudonym-key", &key); !errors.Is(err, ErrNotFound) {
		return key, err
	}
	return m.store.box.derive("rehome/state/pseudonyms/v2\x00" + m.tenant), nil
}

// PutEvidence keeps what was declared about an applied plan, in the transaction of its audit event. It fails with
// *lifecycle.Refusal when the migration is archived.
func (m *Migration) PutEvidence(planHash string, declared handoff.Declared, event Event) error {
	if err := m.putGuarded("evidence/"+planHash, declared, event, m.mayChange); err != nil {
		return fmt.Errorf("recording the evidence of plan %s: %w", planHash, err)
	}
	return nil
}

// Evidence reads what PutEvidence kept, or ErrNotFound.
func (m *Migration) Evidence(planHash string) (handoff.Declared, error) {
	var declared handoff.Declared
	return declared, m.get(bucketRecords, "evidence/"+planHash, &declared)
}
