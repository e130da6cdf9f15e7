package state

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"
)

// Statuses of a migration.
const (
	MigrationDraft    = "draft"               // no active source
	MigrationReady    = "ready_for_inventory" // at least one
	MigrationArchived = "archived"            // ended; nothing of it changes any more
)

// Statuses of a source.
const (
	SourceConfigured = "configured"
	SourceArchived   = "archived" // left the configuration, or its migration ended
)

// Migration is one tenant's move, as recorded when a command that changes something opened it.
type Migration struct {
	Name       string    `json:"name"` // unique in a state, also among archived ones
	Tenant     string    `json:"tenant"`
	Mode       string    `json:"mode"`
	Status     string    `json:"status"`
	CreatedAt  time.Time `json:"created_at"`
	ArchivedAt time.Time `json:"archived_at,omitzero"`
	Sources    []Source  `json:"sources"` // sorted by name
}

// Source is what is known of one connection to an incumbent.
type Source struct {
	Name            string    `json:"name"` // okta.corp
	Status          string    `json:"status"`
	CreatedAt       time.Time `json:"created_at"`
	ArchivedAt      time.Time `json:"archived_at,omitzero"`
	LastInventoryAt time.Time `json:"last_inventory_at,omitzero"` // moves on success only
}

// Declaration is what the configuration says now.
type Declaration struct {
	Name, Tenant, Mode string
	Sources            []string
}

// Rules of the lifecycle, as LifecycleError names them.
const (
	RuleOneActive       = "migration-active"
	RuleArchived        = "migration-archived"
	RuleDraft           = "migration-draft"
	RuleTenant          = "migration-tenant-changed"
	RuleSourceArchived  = "source-archived"
	RuleSourceElsewhere = "source-of-other-tenant"
)

// LifecycleError says which rule refused, and about what.
type LifecycleError struct {
	Rule   string
	Detail string
}

func (e *LifecycleError) Error() string { return e.Detail }

func refuse(rule, format string, args ...any) error {
	return &LifecycleError{Rule: rule, Detail: fmt.Sprintf(format, args...)}
}

// OpenMigration records what the configuration declares and makes it the migration that this Store works on: a new migration, a new
// source, one that left or came back, a changed mode. Each change is audited in the same transaction, with the time and actor of by;
// when nothing changed, nothing is written. It fails with *LifecycleError.
func (s *Store) OpenMigration(d Declaration, by Event) (Migration, error) {
	var opened Migration
	err := s.backend.Update(func(tx Tx) error {
		all, err := s.migrations(tx)
		if err != nil {
			return err
		}
		var events []Event
		if opened, events, err = declare(all, d, by); err != nil || len(events) == 0 {
			return err
		}
		if err := s.put(tx, bucketRecords, s.migrationKey(d.Name), opened); err != nil {
			return err
		}
		return s.auditAll(tx, events)
	})
	if err != nil {
		return Migration{}, fmt.Errorf("opening migration %s: %w", d.Name, err)
	}
	s.migration = d.Name
	return opened, nil
}

// SelectMigration names the migration that this Store reads for, without recording anything.
func (s *Store) SelectMigration(name string) { s.migration = name }

// declare applies a declaration to what is recorded. No events mean no change.
func declare(all []Migration, d Declaration, by Event) (Migration, []Event, error) {
	m, found := Migration{Name: d.Name, Tenant: d.Tenant, Mode: d.Mode, CreatedAt: by.At.UTC(), Sources: []Source{}}, false
	for _, other := range all {
		if other.Name == d.Name {
			m, found = other, true
			continue
		}
		if err := beside(other, d); err != nil {
			return m, nil, err
		}
	}
	event := func(name, target string, facts map[string]string) Event {
		return Event{Name: name, At: by.At, Tenant: d.Tenant, Actor: by.Actor, Target: target, Facts: facts}
	}
	var events []Event
	switch {
	case !found:
		events = append(events, event("migration.workspace.created", d.Name, map[string]string{"mode": d.Mode}))
	case m.Status == MigrationArchived:
		return m, nil, refuse(RuleArchived, "migration %q was archived on %s", m.Name, m.ArchivedAt.Format(time.DateOnly))
	case m.Tenant != d.Tenant:
		return m, nil, refuse(RuleTenant, "migration %q is recorded for tenant %q, the configuration says %q", m.Name, m.Tenant, d.Tenant)
	case m.Mode != d.Mode:
		events = append(events, event("migration.workspace.mode_changed", d.Name, map[string]string{"before": m.Mode, "after": d.Mode}))
		m.Mode = d.Mode
	}
	m.Sources = slices.Clone(m.Sources)
	events = append(events, m.declareSources(d.Sources, by.At.UTC(), event)...)
	status := MigrationDraft
	if slices.ContainsFunc(m.Sources, func(source Source) bool { return source.Status == SourceConfigured }) {
		status = MigrationReady
	}
	if found && m.Status != status {
		events = append(events, event("migration.workspace.status_changed", d.Name, map[string]string{"before": m.Status, "after": status}))
	}
	m.Status = status
	return m, events, nil
}

// beside tells whether the declaration may stand beside another migration of the same state.
func beside(other Migration, d Declaration) error {
	if other.Tenant == d.Tenant {
		if other.Status != MigrationArchived {
			return refuse(RuleOneActive, "tenant %q has the active migration %q since %s", d.Tenant, other.Name, other.CreatedAt.Format(time.DateOnly))
		}
		return nil
	}
	for _, source := range other.Sources {
		if slices.Contains(d.Sources, source.Name) {
			return refuse(RuleSourceElsewhere, "source %s belongs to migration %q of tenant %q in this state", source.Name, other.Name, other.Tenant)
		}
	}
	return nil
}

func (m *Migration) declareSources(names []string, at time.Time, event func(string, string, map[string]string) Event) []Event {
	var events []Event
	for i := range m.Sources {
		source := &m.Sources[i]
		declared := slices.Contains(names, source.Name)
		switch {
		case declared && source.Status == SourceArchived:
			source.Status, source.ArchivedAt = SourceConfigured, time.Time{}
			events = append(events, event("migration.source.restored", source.Name, nil))
		case !declared && source.Status == SourceConfigured:
			source.Status, source.ArchivedAt = SourceArchived, at
			events = append(events, event("migration.source.archived", source.Name, nil))
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(m.Sources, func(source Source) bool { return source.Name == name }) {
			m.Sources = append(m.Sources, Source{Name: name, Status: SourceConfigured, CreatedAt: at})
			events = append(events, event("migration.source.created", name, nil))
		}
	}
	sort.Slice(m.Sources, func(i, j int) bool { return m.Sources[i].Name < m.Sources[j].Name })
	return events
}

// ArchiveMigration ends a migration and its sources. What is recorded stays readable; nothing can be added.
func (s *Store) ArchiveMigration(name string, by Event) (Migration, error) {
	var m Migration
	err := s.backend.Update(func(tx Tx) error {
		key := s.migrationKey(name)
		if err := s.decode(bucketRecords, key, tx.Get(bucketRecords, key), &m); err != nil {
			return err
		}
		if m.Status == MigrationArchived {
			return refuse(RuleArchived, "migration %q was archived on %s", m.Name, m.ArchivedAt.Format(time.DateOnly))
		}
		at := by.At.UTC()
		events := m.declareSources(nil, at, func(name, target string, facts map[string]string) Event {
			return Event{Name: name, At: by.At, Tenant: m.Tenant, Actor: by.Actor, Target: target, Facts: facts}
		})
		m.Status, m.ArchivedAt = MigrationArchived, at
		by.Name, by.Tenant, by.Target = "migration.workspace.archived", m.Tenant, m.Name
		if err := s.put(tx, bucketRecords, key, m); err != nil {
			return err
		}
		return s.auditAll(tx, append(events, by))
	})
	if errors.Is(err, ErrNotFound) {
		return m, fmt.Errorf("migration %q: %w", name, ErrNotFound)
	}
	return m, err
}

// Migrations lists all recorded migrations: active ones first, then by name.
func (s *Store) Migrations() ([]Migration, error) {
	var all []Migration
	err := s.backend.View(func(tx Tx) (err error) {
		all, err = s.migrations(tx)
		return err
	})
	return all, err
}

// Migration reads one by name, or ErrNotFound.
func (s *Store) Migration(name string) (Migration, error) {
	var m Migration
	return m, s.get(bucketRecords, s.migrationKey(name), &m)
}

// ours tells whether a record belongs to the migration that this Store works on; records from before migrations belong to every one.
func (s *Store) ours(migration string) bool {
	return s.migration == "" || migration == "" || migration == s.migration
}

func (s *Store) migrationKey(name string) string {
	return "migration/" + s.box.blind("migration#"+name)
}

func (s *Store) migrations(tx Tx) ([]Migration, error) {
	var all []Migration
	err := tx.Each(bucketRecords, "migration/", func(key string, sealed []byte) error {
		var m Migration
		if err := s.decode(bucketRecords, key, sealed, &m); err != nil {
			return err
		}
		all = append(all, m)
		return nil
	})
	sort.Slice(all, func(i, j int) bool {
		if a, b := all[i].Status == MigrationArchived, all[j].Status == MigrationArchived; a != b {
			return b
		}
		return all[i].Name < all[j].Name
	})
	return all, err
}

// foreignSources are the sources of other tenants than that of the migration that this Store works on.
func (s *Store) foreignSources(tx Tx) (map[string]bool, error) {
	all, err := s.migrations(tx)
	if err != nil {
		return nil, err
	}
	tenant, known := "", false
	for _, m := range all {
		if m.Name == s.migration {
			tenant, known = m.Tenant, true
		}
	}
	foreign := map[string]bool{}
	for _, m := range all {
		for _, source := range m.Sources {
			foreign[source.Name] = known && m.Tenant != tenant
		}
	}
	return foreign, nil
}

// mayUseSource refuses work on a source that is archived, or whose migration is. A state from before migrations were recorded, or a
// source that no migration names, has no rule to break.
func (s *Store) mayUseSource(tx Tx, name string) error {
	all, err := s.migrations(tx)
	if err != nil {
		return err
	}
	var refusal error
	for _, m := range all {
		if s.migration != "" && m.Name != s.migration {
			continue
		}
		for _, source := range m.Sources {
			switch {
			case source.Name != name:
			case m.Status == MigrationArchived:
				refusal = refuse(RuleArchived, "migration %q was archived on %s", m.Name, m.ArchivedAt.Format(time.DateOnly))
			case source.Status == SourceArchived:
				refusal = refuse(RuleSourceArchived, "source %s of migration %q is archived", name, m.Name)
			default:
				return nil
			}
		}
	}
	return refusal
}

// mayChange refuses changes of an archived migration.
func (s *Store) mayChange(tx Tx, name string) error {
	key := s.migrationKey(name)
	sealed := tx.Get(bucketRecords, key)
	if sealed == nil {
		return nil
	}
	var m Migration
	if err := s.decode(bucketRecords, key, sealed, &m); err != nil {
		return err
	}
	if m.Status == MigrationArchived {
		return refuse(RuleArchived, "migration %q was archived on %s", m.Name, m.ArchivedAt.Format(time.DateOnly))
	}
	return nil
}

// openMigrationOnly refuses changes when the migration that this Store works on is archived.
func (s *Store) openMigrationOnly(tx Tx) error { return s.mayChange(tx, s.migration) }

// MayChange tells whether the migration that this Store works on still takes changes; *LifecycleError says why not. Whoever is about to
// do long work asks first; what is kept in the end is refused all the same.
func (s *Store) MayChange() error { return s.backend.View(s.openMigrationOnly) }

// inventoried moves the time of the last inventory of a source, within the transaction that completes its snapshot.
func (s *Store) inventoried(tx Tx, name string, at time.Time) error {
	all, err := s.migrations(tx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Status == MigrationArchived || s.migration != "" && m.Name != s.migration {
			continue
		}
		for i := range m.Sources {
			if m.Sources[i].Name != name {
				continue
			}
			m.Sources[i].LastInventoryAt = at.UTC()
			if err := s.put(tx, bucketRecords, s.migrationKey(m.Name), m); err != nil {
				return err
			}
		}
	}
	return nil
}
