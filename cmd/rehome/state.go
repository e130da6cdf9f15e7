package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/state"
)

func stateCommand() Command {
	return Command{
		Path:  "state",
		Group: groupProgram,
		Short: "Look at the state, or end a migration",
		Long: `The state remembers snapshots, assessments, plans, runs and the audit chain, encrypted. A tenant has one active migration in it;
archive ends that one, and only then can another begin.`,
		Example: "  rehome state show\n  rehome state archive",
		Takes:   cobra.NoArgs,
	}
}

func stateArchiveCommand() Command {
	yes := false
	return Command{
		Path: "state archive", Args: "[MIGRATION]",
		Class: classManage,
		Codes: []config.Code{
			{Code: "confirmation-missing", Cause: "The command asks before it acts, and nobody can be asked.", Cure: "Give -yes."},
		},
		Short: "End a migration for good",
		Long: `Archive ends the migration of the configuration, or the named one of this state. It then takes no source, collects, assesses, plans
and applies nothing; what is recorded stays readable. There is no way back: a new migration of the tenant has another name.
In a terminal it asks; in automation it needs -yes.`,
		Example: "  rehome state archive\n  rehome state archive acme-pilot -yes",
		Takes:   cobra.MaximumNArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&yes, "yes", false, "do not ask")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			name := ""
			if len(r.args) == 1 {
				name = r.args[0]
			}
			return runStateArchive(s, name, yes)
		},
	}
}

func runStateArchive(s *session, name string, yes bool) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if name == "" {
		name = cfg.Migration.Name
	}
	if _, err := s.openState(); err != nil {
		return err
	}
	store, m, err := migrationNamed(s.whole, name)
	if errors.Is(err, state.ErrNotFound) {
		return fmt.Errorf("the state has no migration %q, so there is nothing to archive", name)
	}
	if err != nil {
		return err
	}
	if m.Tenant != cfg.Migration.Tenant {
		return diag.Errorf("access-other-tenant", "Migration is of another tenant", "Migration %q belongs to tenant %q, this folder to %q. Archive it in its own folder.", m.Name, m.Tenant, cfg.Migration.Tenant)
	}
	if m.Status != lifecycle.MigrationArchived {
		question := fmt.Sprintf("Archive migration %s of tenant %s? It can then never change again.", view.Clean(m.Name), view.Clean(m.Tenant))
		if run, err := newestRun(store); err != nil {
			return err
		} else if run != nil && (run.Status == state.RunStarted || run.Status == state.RunFailed) {
			question += fmt.Sprintf("\nRun %s ended as %q: what it left undone cannot be applied any more.", run.ID, run.Status)
		}
		if err := confirm(s, yes, question); err != nil {
			return err
		}
	}
	if m, err = store.Archive(s.event("", "", nil)); err != nil {
		return err
	}
	s.events.emit("migration_archived", map[string]any{"migration": m.Name, "tenant": m.Tenant, "archived_at": m.ArchivedAt})
	if !s.global.json {
		fmt.Fprintf(s.env.out, "Migration %s of tenant %s is archived. Its history stays readable.\n", view.Clean(m.Name), view.Clean(m.Tenant))
	}
	return nil
}

// migrationNamed is the migration of the state with a name, whose tenant it may be.
func migrationNamed(store *state.Store, name string) (*state.Migration, lifecycle.Migration, error) {
	all, err := store.Migrations()
	for _, m := range all {
		if m.Name == name {
			return store.Migration(m.Name, m.Tenant), m, err
		}
	}
	return nil, lifecycle.Migration{}, errors.Join(err, state.ErrNotFound)
}

// newestRun of a migration, nil without one.
func newestRun(store *state.Migration) (*state.Run, error) {
	runs, err := store.Runs()
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return &runs[0], nil
}
