package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

func auditCommand() Command {
	return Command{
		Path:  "audit",
		Group: groupProof,
		Short: "Read and check the chain of everything that changed",
		Long: `Every change of the state is a record of the audit chain, written in the same transaction: who, when, what, with which facts. Each record
holds the hash of the one before it, so a record that was changed, removed or moved is found and named. That the newest ones were
cut off only a hash that was kept elsewhere can show: apply prints one.`,
		Example: "  rehome audit list -name=migration.cutover_plan\n  rehome audit verify -checkpoint=4be1f2a07c93",
		Takes:   cobra.NoArgs,
	}
}

type auditListOptions struct {
	since, name string
	limit       int
}

func auditListCommand() Command {
	var o auditListOptions
	return Command{
		Path:    "audit list",
		Class:   classRead,
		Short:   "List the records of this tenant, oldest first",
		Example: "  rehome audit list -since=24h\n  rehome audit list -name=migration.cutover_step -limit=50 -json",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.since, "since", "", "not older than this: 24h, 2026-11-22 or 2026-11-22T08:00:00Z")
			f.StringVar(&o.name, "name", "", "names that begin with this, such as migration.cutover_step")
			f.IntVar(&o.limit, "limit", 0, "the newest so many; 0 for all")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runAuditList(s, o)
		},
	}
}

func auditExportCommand() Command {
	out := ""
	return Command{
		Path:  "audit export",
		Class: classRead,
		Short: "Write the whole chain as JSON lines",
		Long: `Export writes every record with its hash, after a line that says how many there are. rehome audit verify FILE checks the file anywhere,
without state or key. It names who acted and what was done, also for other tenants of this state; it holds no secret.`,
		Example: "  rehome audit export -out=audit.jsonl",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "the new file, made with mode 0600; needed")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runAuditExport(s, out)
		},
	}
}

func auditVerifyCommand() Command {
	checkpoint := ""
	return Command{
		Path: "audit verify", Args: "[FILE]",
		Class: classFree, // of a file; of the state it reads
		Codes: []config.Code{
			{Code: "audit-broken", Cause: "A record of the audit chain was changed, removed or moved.", Cure: "Compare with an export or a backup from before."},
			{Code: "audit-cut", Cause: "The audit chain does not hold the checkpoint.", Cure: "Compare with an export or a backup that holds it."},
		},
		Short: "Check the chain of the state, or of an exported file",
		Long: `Verify finds a record that was changed, removed, moved or cut off and names it. With -checkpoint, a hash or its first twelve digits as
apply printed it, it also finds that the newest records were cut off or the chain was written anew. A FILE needs neither state nor key.`,
		Example: "  rehome audit verify -checkpoint=4be1f2a07c93\n  rehome audit verify audit.jsonl",
		Takes:   cobra.MaximumNArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&checkpoint, "checkpoint", "", "a hash that must be in the chain")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			file := ""
			if len(r.args) == 1 {
				file = r.args[0]
			}
			return runAuditVerify(s, file, checkpoint)
		},
	}
}

func runAuditList(s *session, o auditListOptions) error {
	since := time.Time{}
	if o.since != "" {
		var err error
		if since, err = parseSince(o.since, s.env.now()); err != nil {
			return err
		}
	}
	if o.limit < 0 {
		return misuse("-limit is 0 or more")
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if _, err := s.openState(); err != nil {
		return err
	}
	list := newAuditList(s, o.limit)
	_, err = s.whole.WalkAudit("", func(record state.AuditRecord) error {
		e := record.Event
		if e.At.Before(since) || !strings.HasPrefix(e.Name, o.name) || e.Tenant != "" && e.Tenant != cfg.Migration.Tenant {
			return nil
		}
		return list.add(record)
	})
	if err != nil {
		return auditError(err)
	}
	return list.end()
}

func runAuditExport(s *session, out string) error {
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
	count, head, err := s.whole.AuditEnd()
	if err == nil {
		err = file.Line(audit.NewHeader(count, head))
	}
	if err == nil {
		_, err = s.whole.WalkAudit("", func(record state.AuditRecord) error { return file.Line(record) })
	}
	if err = file.Close(err); err != nil {
		return auditError(err)
	}
	s.events.emit("audit_exported", map[string]any{"file": out, "records": count, "head": head})
	if !s.global.json {
		fmt.Fprintf(s.env.out, "%s written to %s. Head %s\n", view.Plural(count, "record", "records"), out, head)
	}
	return nil
}

func runAuditVerify(s *session, file, checkpoint string) error {
	report, err := verifyChain(s, file, checkpoint)
	if err != nil {
		return auditError(err)
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "whole": true, "records": report.Records, "head": report.Head, "checkpoint_record": report.Checkpoint})
	}
	fmt.Fprintf(s.env.out, "The chain is whole: %s, head %s\n", view.Plural(report.Records, "record", "records"), report.Head)
	switch {
	case checkpoint != "":
		fmt.Fprintf(s.env.out, "The checkpoint is record %d.\n", report.Checkpoint)
	case !s.env.automation():
		fmt.Fprintln(s.env.out, "Without -checkpoint it is not known whether the newest records were cut off.")
	}
	return nil
}

func verifyChain(s *session, file, checkpoint string) (audit.Report, error) {
	if file == "" {
		if _, err := s.openState(); err != nil {
			return audit.Report{}, err
		}
		return s.whole.WalkAudit(checkpoint, nil)
	}
	f, err := os.Open(s.path(file))
	if err != nil {
		return audit.Report{}, fmt.Errorf("reading the exported chain: %w", err)
	}
	defer f.Close()
	return audit.VerifyFile(f, checkpoint)
}

// auditError says which record is at fault and what that means.
func auditError(err error) error {
	var broken *audit.BrokenError
	var cut *audit.CutError
	switch {
	case errors.As(err, &broken):
		return diag.Errorf("audit-broken", "Audit chain is broken", "Record %d does not fit: %s.\nSomebody or something changed what was recorded. Compare with an export or a backup from before; do not rely on what follows that record.", broken.Sequence, broken.Reason)
	case errors.As(err, &cut):
		return diag.Errorf("audit-cut", "Audit chain was cut", "%s\nCompare with an export or a backup that holds the checkpoint.", phrase.Sentence(cut))
	}
	return err
}
