package state

import (
	"errors"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/lifecycle"
)

// Migration is the part of a store that belongs to one migration, and the only way to it: every list is that
// migration's, and no key of another can be named. What the migrations of a tenant share (credentials, access rules,
// the key of pseudonyms) is reached through it too. A Migration is cheap to make and records nothing by itself.
type Migration struct {
	space
	shared space // of the tenant
	name   string
}

// Migration is the handle of the migration with a name, of a tenant. Where the store has none of that name, or one of
// that name that is another tenant's, the handle finds nothing.
func (s *Store) Migration(name, tenant string) *Migration {
	return &Migration{space: s.migrationSpace(tenant, name), shared: s.tenantSpace(tenant), name: name}
}

// Name of the migration.
func (m *Migration) Name() string { return m.name }

// Tenant whose migration it is.
func (m *Migration) Tenant() string { return m.tenant }

// Open records what the configuration declares: a new migration, a new source, one that left or came back, a changed
// mode. Each change is audited in the same transaction, with the time and actor of by; when nothing changed, nothing is
// written. It fails with
// *lifecycle.Refusal. Addresses are those of the sources that are known, by their names.
func (m *Migration) Open(mode string, sources []string, addresses map[string]string, by Event,
) (lifecycle.Migration, error) {
	d := lifecycle.Declaration{Name: m.name, Tenant: m.tenant, Mode: mode, Sources: sources, Addresses: addresses}
	var opened lifecycle.Migration
	err := m.store.backend.Update(func(tx Tx) error {
		all, err := m.store.migrations(tx)
		if err != nil {
			return err
		}
		var events []Event
		if opened, events, err = lifecycle.Declare(all, d, by); err != nil || len(events) == 0 {
			return err
		}
		return m.putRecorded(tx, opened, events)
	})
	if err != nil {
		return lifecycle.Migration{}, fmt.Errorf("opening migration %s: %w", m.name, err)
	}
	return opened, nil
}

// Archive ends the migration and its sources.
func (m *Migration) Archive(by Event) (lifecycle.Migration, error) {
	var archived lifecycle.Migration
	err := m.store.backend.Update(func(tx Tx) error {
		recorded, err := m.recorded(tx)
		if err != nil {
			return err
		}
		var events []Event
		if archived, events, err = lifecycle.Archive(recorded, by); err != nil {
			return err
		}
		return m.putRecorded(tx, archived, events)
	})
	return archived, err
}

// Recorded is what Open and Archive recorded, or ErrNotFound.
func (m *Migration) Recorded() (recorded lifecycle.Migration, err error) {
	err = m.store.backend.View(func(tx Tx) error {
		recorded, err = m.recorded(tx)
		return err
	})
	return recorded, err
}

// MayChange tells whether the migration still takes changes; *lifecycle.Refusal says why not. Whoever is about to do
// long work asks first; what is kept in the end is refused all the same.
func (m *Migration) MayChange() error { return m.store.backend.View(m.mayChange) }

// Note appends an event that changes nothing else to the audit chain.
func (m *Migration) Note(event Event) error {
	return m.store.backend.Update(func(tx Tx) error { return m.audit(tx, event) })
}

func (m *Migration) recorded(tx Tx) (lifecycle.Migration, error) {
	var recorded lifecycle.Migration
	err := m.store.root().read(tx, bucketRecords, m.store.migrationKey(m.name), &recorded)
	if errors.Is(err, ErrNotFound) || err == nil && recorded.Tenant != m.tenant {
		return lifecycle.Migration{}, fmt.Errorf("migration %q: %w", m.name, ErrNotFound)
	}
	return recorded, err
}

func (m *Migration) putRecorded(tx Tx, recorded lifecycle.Migration, events []Event) error {
	if err := m.store.root().put(tx, bucketRecords, m.store.migrationKey(m.name), recorded); err != nil {
		return err
	}
	return m.auditAll(tx, events)
}

// mayChange refuses changes of an archived migration. One that is not recorded has no rule to break.
func (m *Migration) mayChange(tx Tx) error {
	recorded, err := m.recorded(tx)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return recorded.MayChange()
}

// mayUse refuses work on a source that is archived, or whose migration is.
func (m *Migration) mayUse(tx Tx, source string) error {
	recorded, err := m.recorded(tx)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return recorded.MayUse(source)
}

// inventoried moves the time of the last inventory of a source, within the transaction that completes its snapshot.
func (m *Migration) inventoried(tx Tx, source string, at time.Time) error {
	recorded, err := m.recorded(tx)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || !recorded.Inventoried(source, at) {
		return err
	}
	return m.putRecorded(tx, recorded, nil)
}

// Migrations lists all recorded migrations: active ones first, then by name.
func (s *Store) Migrations() ([]lifecycle.Migration, error) {
	var all []lifecycle.Migration
	err := s.backend.View(func(tx Tx) (err error) {
		all, err = s.migrations(tx)
		return err
	})
	return all, err
}

func (s *Store) migrationKey(name string) string {
	return "migration/" + s.box.Blind("migration#"+name)
}

func (s *Store) migrations(tx Tx) ([]lifecycle.Migration, error) {
	all, err := recordsIn[lifecycle.Migration](s.root(), tx, bucketRecords, "migration/")
	lifecycle.Sort(all)
	return all, err
}
