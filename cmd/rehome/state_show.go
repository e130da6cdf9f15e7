package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

func stateShowCommand() Command {
	return Command{
		Path:    "state show",
		Class:   classRead,
		Short:   "Show what is in the state, and who opens it",
		Long:    "Show counts what the state holds and says its format, size, migrations and recipients. While another process holds the state, it says who.",
		Example: "  rehome state show\n  rehome state show -json",
		Takes:   cobra.NoArgs,
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runStateShow(s)
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
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "the new file; needed")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runStateExport(s, out)
		},
	}
}

// stateDocument is what state show prints as JSON.
type stateDocument struct {
	FormatVersion string                `json:"format_version"`
	Path          string                `json:"path"`
	Bytes         int64                 `json:"bytes"`
	StateFormat   int                   `json:"state_format"`
	Keys          state.Keys            `json:"keys"`
	Holder        string                `json:"lock_holder"` // of the lock while this was printed
	Migrations    []lifecycle.Migration `json:"migrations"`
	Counts        map[string]int        `json:"counts"`
	AuditHead     string                `json:"audit_head"`
}

func runStateShow(s *session) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if _, err := s.openState(); err != nil {
		return err
	}
	d := stateDocument{FormatVersion: eventFormat, StateFormat: state.FormatVersion, Migrations: []lifecycle.Migration{}, Holder: fmt.Sprintf("process %d on %s (rehome %s)", os.Getpid(), s.env.host, s.command)}
	if d.Path, err = s.StatePath(); err != nil {
		return err
	}
	if info, err := os.Stat(d.Path); err == nil {
		d.Bytes = info.Size()
	}
	if d.Keys, err = s.whole.Keys(); err != nil {
		return err
	}
	operator, err := s.operator()
	if err != nil {
		return err
	}
	tenant := cfg.Migration.Tenant
	if operator {
		tenant = ""
	}
	if d.Counts, err = s.whole.Counts(tenant); err != nil {
		return err
	}
	if _, d.AuditHead, err = s.whole.AuditEnd(); err != nil {
		return err
	}
	all, err := s.whole.Migrations()
	if err != nil {
		return err
	}
	for _, m := range all {
		if tenant == "" || m.Tenant == tenant {
			d.Migrations = append(d.Migrations, m)
		}
	}
	if s.global.json {
		return s.document(d)
	}
	printState(s, d)
	return nil
}

func printState(s *session, d stateDocument) {
	w := s.env.out
	fmt.Fprintf(w, "State     %s   format %d   %s\n", view.Clean(d.Path), d.StateFormat, view.Bytes(int(d.Bytes)))
	fmt.Fprintln(w, "Lock      nobody else holds it")
	for i, recipient := range d.Keys.Recipients {
		label := "Opens for"
		if i > 0 {
			label = ""
		}
		fmt.Fprintf(w, "%-9s %s\n", label, recipient)
	}
	if len(d.Keys.Recipients) == 0 {
		fmt.Fprintln(w, "Opens for an identity that was not recorded; rehome credentials rotate-key records it")
	}
	if d.Keys.Rotating {
		fmt.Fprintln(w, "!         a rotation of the key did not end; rehome credentials rotate-key goes on")
	}
	for _, m := range d.Migrations {
		fmt.Fprintf(w, "Migration %s   tenant %s   %s   since %s   %s\n", view.Clean(m.Name), view.Clean(m.Tenant), m.Status, view.Day(m.CreatedAt), view.Plural(len(m.Sources), "source", "sources"))
	}
	fmt.Fprintln(w)
	for _, name := range state.CountNames() {
		fmt.Fprintf(w, "  %-18s %9s\n", name, view.Count(d.Counts[name]))
	}
	if d.AuditHead != "" {
		fmt.Fprintf(w, "\nAudit head %s\n", d.AuditHead)
	}
}

// exportLine is one record in clear.
type exportLine struct {
	Bucket string          `json:"bucket"`
	Key    string          `json:"key"`
	Value  json.RawMessage `json:"value,omitempty"`
	Base64 string          `json:"base64,omitempty"` // of what is no JSON: the body of a page
}

func runStateExport(s *session, out string) error {
	if out == "" {
		return misuse("-out is missing: name the file to write")
	}
	if _, err := s.openState(); err != nil {
		return err
	}
	if err := s.ownTenantOnly(); err != nil {
		return err
	}
	file, err := project.NewPrivateFile(s.path(out))
	if err != nil {
		return err
	}
	records := 0
	err = file.Line(map[string]any{"type": "state_export", "format_version": eventFormat, "state_format": state.FormatVersion, "holds": "people's data"})
	if err == nil {
		err = s.whole.Export(func(bucket, key string, value []byte) error {
			records++
			line := exportLine{Bucket: bucket, Key: key}
			if json.Valid(value) {
				line.Value = value
			} else {
				line.Base64 = base64.StdEncoding.EncodeToString(value)
			}
			return file.Line(line)
		})
	}
	if err == nil {
		err = s.whole.Record(s.event("migration.state.exported", "state", map[string]string{"records": fmt.Sprint(records)}))
	}
	if err = file.Close(err); err != nil {
		return err
	}
	s.events.emit("state_exported", map[string]any{"file": out, "records": records})
	s.say("%s written to %s in clear. The file holds people's data: keep it as you keep the directory itself.", view.Plural(records, "record", "records"), out)
	return nil
}
