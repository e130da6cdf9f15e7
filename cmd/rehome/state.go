package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/keeping"
	"github.com/rehome-iam/rehome/engine/phrase"
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
	}
}

func stateShowCommand() Command {
	return Command{
		Path:  "state show",
		Class: classRead,
		Short: "Show what is in the state, and who opens it",
		Long: "Show counts what the state holds and says its format, size, migrations and recipients. While another " +
			"process holds the state, it says who.",
		Example: "  rehome state show\n  rehome state show -json",
		Run: func(ctx context.Context, r *call) error {
			report, err := keeping.ShowState(ctx, r.Project)
			if err != nil {
				return err
			}
			return r.show(report, func(w io.Writer) error {
				view.State(w, report, state.CountNames())
				return nil
			})
		},
	}
}

func stateArchiveCommand() Command {
	yes := false
	return Command{
		Path: "state archive", Args: "[MIGRATION]",
		Class: classManage,
		Codes: []string{"confirmation-missing"},
		Short: "End a migration for good",
		Long: `Archive ends the migration of the configuration, or the named one of this state. It then takes no source, collects, assesses, plans
and applies nothing; what is recorded stays readable. There is no way back: a new migration of the tenant has another name.
In a terminal it asks; in automation it needs -yes.`,
		Example: "  rehome state archive\n  rehome state archive acme-pilot -yes",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&yes, "yes", false, "do not ask")
		},
		Run: func(ctx context.Context, r *call) error {
			m, err := keeping.Archive(ctx, r.Project, r.arg(0), yes)
			if err != nil {
				return err
			}
			fields := map[string]any{"migration": m.Name, "tenant": m.Tenant, "archived_at": m.ArchivedAt}
			return r.tell("migration_archived", fields, "Migration %s of tenant %s is archived. Its history stays readable.",
				phrase.Clean(m.Name), phrase.Clean(m.Tenant))
		},
	}
}

func stateExportCommand() Command {
	out := ""
	return Command{
		Path:  "state export",
		Class: classManage, // it hands out everything, and says so in the chain
		Short: "Write the decrypted state as JSON lines",
		Long: `Export writes every record of the state in clear, one JSON document a line, into a new file of mode 0600. The file holds people's data:
names, addresses, memberships, and the pages read from the incumbents. Credentials and keys are left out. It is recorded in the audit chain.`,
		Example: "  rehome state export -out=state.jsonl",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "the new file; needed")
		},
		Needs: map[string]string{"out": "name the file to write"},
		Run: func(ctx context.Context, r *call) error {
			records, err := keeping.ExportState(ctx, r.Project, out)
			if err != nil {
				return err
			}
			r.Fact("state_exported", map[string]any{"file": out, "records": records})
			r.Note("%s written to %s in clear. The file holds people's data: keep it as you keep the directory itself.",
				phrase.Plural(records, "record", "records"), out)
			return nil
		},
	}
}
