package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/auditing"
	"github.com/rehome-iam/rehome/engine/phrase"
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
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.since, "since", "", "not older than this: 24h, 2026-11-22 or 2026-11-22T08:00:00Z")
			f.StringVar(&o.name, "name", "", "names that begin with this, such as migration.cutover_step")
			f.IntVar(&o.limit, "limit", 0, "the newest so many; 0 for all")
		},
		Run: o.run,
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
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "the new file, made with mode 0600; needed")
		},
		Needs: map[string]string{"out": "name the file to write"},
		Run: func(ctx context.Context, r *call) error {
			report, err := auditing.Export(ctx, r.Project, out)
			if err != nil {
				return err
			}
			return r.tell("audit_exported", layout.Fields(report), "%s written to %s. Head %s",
				phrase.Plural(report.Records, "record", "records"), out, report.Head)
		},
	}
}

func auditVerifyCommand() Command {
	checkpoint := ""
	return Command{
		Path: "audit verify", Args: "[FILE]",
		Class: classFree, // of a file; of the state it reads
		Codes: []string{"audit-broken", "audit-cut"},
		Short: "Check the chain of the state, or of an exported file",
		Long: `Verify finds a record that was changed, removed, moved or cut off and names it. With -checkpoint, a hash or its first twelve digits as
apply printed it, it also finds that the newest records were cut off or the chain was written anew. A FILE needs neither state nor key.`,
		Example: "  rehome audit verify -checkpoint=4be1f2a07c93\n  rehome audit verify audit.jsonl",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&checkpoint, "checkpoint", "", "a hash that must be in the chain")
		},
		Run: func(ctx context.Context, r *call) error {
			report, err := auditing.Verify(ctx, r.Project, r.arg(0), checkpoint)
			if err != nil {
				return err
			}
			return r.show(report, func(w io.Writer) error { return view.Chain(w, report, r.env.automation()) })
		},
	}
}

func (o *auditListOptions) run(ctx context.Context, r *call) error {
	rule := auditing.Rule{Name: o.name, Newest: o.limit, Hide: r.global.json}
	if o.since != "" {
		var err error
		if rule.Since, err = parseSince(o.since, r.Now()); err != nil {
			return err
		}
	}
	if o.limit < 0 {
		return misuse("-limit is 0 or more")
	}
	if !r.global.json {
		list := &view.AuditList{W: r.env.out}
		return auditing.List(ctx, r.Project, rule, list.Add)
	}
	if _, err := r.State(ctx); err != nil { // which knows whom to hide
		return err
	}
	m, err := r.Masker(nil)
	if err != nil {
		return err
	}
	list, err := layout.BeginList(r.env.out, m.JSON, map[string]any{"format_version": eventFormat}, "records")
	if err != nil {
		return err
	}
	list.Spread = true
	err = auditing.List(ctx, r.Project, rule, func(record state.AuditRecord) error { return list.Add(record) })
	if err != nil {
		return err
	}
	return list.End(nil)
}
