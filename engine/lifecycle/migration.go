package lifecycle

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/phrase"
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
	Name            string    `json:"name"`              // okta.corp
	Address         string    `json:"address,omitempty"` // where it connects to; a provider's name for its vendor's own
	Status          string    `json:"status"`
	CreatedAt       time.Time `json:"created_at"`
	ArchivedAt      time.Time `json:"archived_at,omitzero"`
	LastInventoryAt time.Time `json:"last_inventory_at,omitzero"` // moves on success only
}

// Declaration is what the configuration says now.
type Declaration struct {
	Name, Tenant, Mode string
	Sources            []string
	Addresses          map[string]string // of the sources, by name: where each connects to, where that is no secret
}

// Type is the provider of a source: okta of okta.corp.
func (s Source) Type() string {
	provider, _, _ := strings.Cut(s.Name, ".")
	return provider
}

// facts are what an audit record says of a source of a migration in a mode.
func (s Source) facts(mode string) map[string]string {
	facts := map[string]string{"type": s.Type(), "mode": mode}
	if s.Address != "" {
		facts["address"] = s.Address
	}
	return facts
}

func (m Migration) archived() error {
	return Refuse(RuleArchived, "migration %q was archived on %s", m.Name, m.ArchivedAt.Format(time.DateOnly))
}

// Declare applies a declaration to what is recorded of all migrations of a state. No events mean no change.
func Declare(all []Migration, d Declaration, by audit.Event) (Migration, []audit.Event, error) {
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
	event := eventOf(d.Tenant, by)
	var events []audit.Event
	switch {
	case !found:
		events = append(events, event(audit.MigrationCreated, d.Name, map[string]string{"mode": d.Mode}))
	case m.Tenant != d.Tenant:
		return m, nil, Refuse(RuleTenant, "migration %q is recorded for tenant %q, the configuration says %q", m.Name,
			m.Tenant, d.Tenant)
	case m.Status == MigrationArchived:
		return m, nil, m.archived()
	case m.Mode != d.Mode:
		events = append(events, event(audit.MigrationModeChanged, d.Name,
			map[string]string{"before": m.Mode, "after": d.Mode}))
		m.Mode = d.Mode
	}
	m.Sources = slices.Clone(m.Sources)
	events = append(events, m.declareSources(d, by.At.UTC(), event)...)
	status := MigrationDraft
	if slices.ContainsFunc(m.Sources, func(source Source) bool { return source.Status == SourceConfigured }) {
		status = MigrationReady
	}
	if found && m.Status != status {
		events = append(events, event(audit.MigrationStatusChanged, d.Name,
			map[string]string{"before": m.Status, "after": status}))
	}
	m.Status = status
	return m, events, nil
}

func eventOf(tenant string, by audit.Event) func(audit.Name, string, map[string]string) audit.Event {
	return func(name audit.Name, target string, facts map[string]string) audit.Event {
		return audit.Event{Name: name, At: by.At, Tenant: tenant, Actor: by.Actor, Target: target, Facts: facts}
	}
}

// beside tells whether the declaration may stand beside another migration of the same state.
func beside(other Migration, d Declaration) error {
	if other.Tenant == d.Tenant {
		if other.Status != MigrationArchived {
			return Refuse(RuleOneActive, "tenant %q has the active migration %q since %s",
				d.Tenant, other.Name, other.CreatedAt.Format(time.DateOnly))
		}
		return nil
	}
	for _, source := range other.Sources {
		if slices.Contains(d.Sources, source.Name) {
			return Refuse(RuleSourceElsewhere, "source %s belongs to migration %q of tenant %q in this state", source.Name,
				other.Name, other.Tenant)
		}
	}
	return nil
}

func (m *Migration) declareSources(d Declaration, at time.Time,
	event func(audit.Name, string, map[string]string) audit.Event) []audit.Event {
	var events []audit.Event
	for i := range m.Sources {
		source := &m.Sources[i]
		declared := slices.Contains(d.Sources, source.Name)
		if moved := d.Addresses[source.Name]; declared && moved != "" && moved != source.Address {
			before := source.Address
			source.Address = moved
			facts := source.facts(m.Mode)
			facts["before"] = before
			events = append(events, event(audit.SourceChanged, source.Name, facts))
		}
		switch {
		case declared && source.Status == SourceArchived:
			source.Status, source.ArchivedAt = SourceConfigured, time.Time{}
			events = append(events, event(audit.SourceRestored, source.Name, source.facts(m.Mode)))
		case !declared && source.Status == SourceConfigured:
			source.Status, source.ArchivedAt = SourceArchived, at
			events = append(events, event(audit.SourceArchived, source.Name, source.facts(m.Mode)))
		}
	}
	for _, name := range d.Sources {
		if !slices.ContainsFunc(m.Sources, func(source Source) bool { return source.Name == name }) {
			made := Source{Name: name, Address: d.Addresses[name], Status: SourceConfigured, CreatedAt: at}
			m.Sources = append(m.Sources, made)
			events = append(events, event(audit.SourceCreated, name, made.facts(m.Mode)))
		}
	}
	sort.Slice(m.Sources, func(i, j int) bool { return m.Sources[i].Name < m.Sources[j].Name })
	return events
}

// Archive ends a migration and its sources. What is recorded stays readable; nothing can be added.
func Archive(m Migration, by audit.Event) (Migration, []audit.Event, error) {
	if m.Status == MigrationArchived {
		return m, nil, m.archived()
	}
	at := by.At.UTC()
	m.Sources = slices.Clone(m.Sources)
	events := m.declareSources(Declaration{}, at, eventOf(m.Tenant, by))
	m.Status, m.ArchivedAt = MigrationArchived, at
	by.Name, by.Tenant, by.Target = audit.MigrationArchived, m.Tenant, m.Name
	return m, append(events, by), nil
}

// MayChange refuses changes of an archived migration.
func (m Migration) MayChange() error {
	if m.Status == MigrationArchived {
		return m.archived()
	}
	return nil
}

// HasSource refuses work on a draft: it has no source to read.
func (m Migration) HasSource() error {
	if m.Status == MigrationDraft {
		return Refuse(RuleDraft, "migration %q is a draft: the configuration has no source block", m.Name)
	}
	return nil
}

// MayUse refuses work on a source that is archived, or whose migration is. A source that the migration does not name
// breaks no rule.
func (m Migration) MayUse(source string) error {
	if m.Status == MigrationArchived {
		return m.archived()
	}
	for _, known := range m.Sources {
		if known.Name == source && known.Status == SourceArchived {
			return Refuse(RuleSourceArchived, "source %s of migration %q is archived since %s", source, m.Name,
				phrase.Day(known.ArchivedAt))
		}
	}
	return nil
}

// MayFollow tells whether a migration may take over the target of another: that one ended, and both are one tenant's.
func MayFollow(from, to Migration) error {
	switch {
	case from.Tenant != to.Tenant:
		return Refuse(RuleOtherTenant, "migration %q is of tenant %q, %q of tenant %q", from.Name, from.Tenant,
			to.Name, to.Tenant)
	case from.Name == to.Name:
		return Refuse(RuleNothingToAdopt, "migration %q has its own target already", to.Name)
	case from.Status != MigrationArchived:
		return Refuse(RuleNotArchived, "migration %q is not archived, so what it made is still its own", from.Name)
	}
	return to.MayChange()
}

// Inventoried moves the time of the last inventory of a source and tells whether the migration has it.
func (m *Migration) Inventoried(source string, at time.Time) bool {
	if m.Status == MigrationArchived {
		return false
	}
	m.Sources = slices.Clone(m.Sources)
	for i := range m.Sources {
		if m.Sources[i].Name == source {
			m.Sources[i].LastInventoryAt = at.UTC()
			return true
		}
	}
	return false
}

// Sort puts active migrations first, then orders by name.
func Sort(all []Migration) {
	sort.Slice(all, func(i, j int) bool {
		if a, b := all[i].Status == MigrationArchived, all[j].Status == MigrationArchived; a != b {
			return b
		}
		return all[i].Name < all[j].Name
	})
}
