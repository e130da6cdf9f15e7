package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

type sheetOptions struct {
	out    string
	format string
}

func sheetCommand() Command {
	var o sheetOptions
	return Command{
		Path: "sheet", Args: "[APPLICATION]",
		Group: groupProof,
		Class: classManage, // it remembers what it wrote
		Codes: []config.Code{
			{Code: "application-unknown", Cause: "No application that a plan moves has this name.", Cure: "Use a name of rehome status -apps, or an address."},
			{Code: "application-ambiguous", Cause: "Several applications have one name.", Cure: "Give the address of one."},
			{Code: "application-not-moved", Cause: "The application is blocked, skipped or done by hand.", Cure: "rehome show says why; there is nothing to hand over."},
			{Code: "sheet-needs-live-target", Cause: "The target is a file, which has no addresses or keys of its own.", Cure: "Make sheets with the server that people will sign in at."},
			{Code: "sheet-not-in-target", Cause: "The target does not have the application.", Cure: "Apply the plan first."},
		},
		Short: "Write what an application's owner must change",
		Long: `Sheet writes one page for the owner of each application: what changes on his side with old and new value, the certificate with its end,
how the secret arrives, a test address, and the old values for going back. The new values are read from the live target, so there
are none for a realm file, or for an application that the target does not have yet. Owner, contact, date and what to confirm come
from application blocks. A sheet holds no secret and no person's data.`,
		Example: "  rehome sheet -out=sheets\n  rehome sheet Payroll\n  rehome sheet Payroll -format=html > payroll.html",
		Takes: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return oneApplication(c, args)
		},
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.out, "out", "", "write one file for each application into this folder")
			f.StringVar(&o.format, "format", "", "markdown or html; both with -out, markdown without")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runSheet(ctx, s, r.args, o)
		},
	}
}

func runSheet(ctx context.Context, s *session, args []string, o sheetOptions) error {
	formats, err := o.formats(len(args) == 0 && !s.global.json)
	if err != nil {
		return err
	}
	c, err := openCutovers(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	wanted := c.progress
	if len(args) == 1 {
		one, err := c.find(args[0])
		if err != nil {
			return err
		}
		wanted = []handoff.Progress{one}
	}
	if len(wanted) == 0 {
		return c.notFound("")
	}
	sheets, missing, err := c.sheets(ctx, wanted, len(args) == 1)
	if err != nil {
		return err
	}
	if err := c.remember(sheets); err != nil {
		return err
	}
	if s.global.json {
		return showDocument(s.env.out, map[string]any{"format_version": handoff.FormatVersion, "sheets": sheets, "not_in_target": missing})
	}
	if o.out == "" {
		return writeSheet(s.env.out, formats[0], sheets[0], s.env.now())
	}
	return c.writeSheets(o.out, formats, sheets, missing)
}

// formats checks the flags: all applications at once need a folder.
func (o sheetOptions) formats(all bool) ([]string, error) {
	if all && o.out == "" {
		return nil, diag.Errorf("usage", "Command line is wrong", "Name an application, or give -out=FOLDER to write a sheet for each.")
	}
	switch o.format {
	case "":
		return []string{"markdown", "html"}, nil
	case "markdown", "html":
		return []string{o.format}, nil
	}
	return nil, diag.Errorf("usage", "Command line is wrong", "-format is markdown or html, not %q.", o.format)
}

// showDocument writes one JSON document.
func showDocument(w io.Writer, document any) error {
	encoded, err := encodeDocument(document)
	if err == nil {
		_, err = w.Write(encoded)
	}
	return err
}

// sheets makes the sheets of applications that are in the target; those that are not are listed. With one only, not being there is an error.
func (c *cutovers) sheets(ctx context.Context, wanted []handoff.Progress, one bool) ([]handoff.Sheet, []string, error) {
	sheets, missing := []handoff.Sheet{}, []string{}
	target := ""
	for _, p := range wanted {
		now, err := c.target.Connection(ctx, identity.Resource{Type: p.Resource.Type, Key: p.Resource.Key})
		var failure *identity.ProviderError
		switch {
		case err == nil:
		case client.Unsupported(err):
			return nil, nil, diag.Errorf("sheet-needs-live-target", "Sheets need a live target", "The target %s is no running server: it has no addresses, keys or certificates that an owner could enter.\nA rehearsal makes no sheets; configure the server that people will sign in at.", c.s.cfg.Target.Address())
		case errors.As(err, &failure) && failure.Code == identity.ErrorNotFound && one:
			return nil, nil, diag.Errorf("sheet-not-in-target", "Application is not in the target", "%s is planned as %s, and the target does not have it yet.\nApply the plan first: a sheet with values that do not exist would be entered.", named(p.Item), p.Resource)
		case errors.As(err, &failure) && failure.Code == identity.ErrorNotFound:
			missing = append(missing, p.Item.Name)
			continue
		default:
			return nil, nil, fmt.Errorf("making the sheet of %s: %w", named(p.Item), err)
		}
		if target == "" {
			who, err := c.target.Identify(ctx)
			if err != nil {
				return nil, nil, fmt.Errorf("asking the target who it is: %w", err)
			}
			target = who.Identity
		}
		sheet, err := c.sheet(ctx, p, now, target)
		if err != nil {
			return nil, nil, err
		}
		sheets = append(sheets, sheet)
	}
	if len(sheets) == 0 {
		return nil, nil, diag.Errorf("sheet-not-in-target", "No application is in the target", "The target has none of the %s that are planned. Apply the plan first.", view.Plural(len(wanted), "application", "applications"))
	}
	return sheets, missing, nil
}

func (c *cutovers) sheet(ctx context.Context, p handoff.Progress, now []identity.ConnectionFact, target string) (handoff.Sheet, error) {
	s := handoff.Sheet{Target: target, Incumbent: p.Item.Source, WrittenAt: c.s.env.now().UTC().Format(time.RFC3339)}
	owner, err := c.owner(p)
	if err != nil {
		return s, err
	}
	if owner != nil {
		s.Owner, s.Contact, s.SwitchOn, s.Confirm = owner.Owner, owner.Contact, owner.SwitchOn, owner.Confirm
	}
	if r := c.s.cfg.Rollback; r != nil {
		s.Back = r.Contact
		if s.Back == "" {
			s.Back = r.Owner
		}
	}
	before, err := c.oldConnection(ctx, p)
	if err != nil {
		s.Problem = view.Clean(err.Error())
	}
	return handoff.CompleteSheet(s, p, before, now), nil
}

// oldConnection is how the application is connected to the incumbent, as the newest snapshot knows it.
func (c *cutovers) oldConnection(ctx context.Context, p handoff.Progress) ([]identity.ConnectionFact, error) {
	item, known := c.items[p.Address()]
	if !known {
		return nil, errors.New("the newest snapshot does not hold the application")
	}
	source, err := c.source(ctx, p.Item.Source)
	if err != nil {
		return nil, err
	}
	return source.Connection(ctx, item)
}

// remember notes the digest of each sheet, so that a sheet that was delivered can be told from one that says something else.
func (c *cutovers) remember(sheets []handoff.Sheet) error {
	var changes []state.CutoverChange
	for _, sheet := range sheets {
		record := c.records[sheet.Address]
		if record.Written != nil && record.Written.Digest == sheet.Digest {
			continue
		}
		record.Application = sheet.Address
		record.Written = &handoff.Written{At: sheet.WrittenAt, Digest: sheet.Digest}
		event := c.s.event("migration.application.sheet_written", sheet.Address, map[string]string{"digest": sheet.Digest})
		changes = append(changes, state.CutoverChange{Record: record, Event: event})
	}
	if len(changes) == 0 {
		return nil
	}
	return c.s.store.PutCutovers(changes...)
}

func writeSheet(w io.Writer, format string, sheet handoff.Sheet, now time.Time) error {
	if format == "html" {
		return view.SheetHTML(w, sheet, now)
	}
	return view.SheetMarkdown(w, sheet, now)
}

func (c *cutovers) writeSheets(folder string, formats []string, sheets []handoff.Sheet, missing []string) error {
	path := c.s.path(folder)
	if err := os.MkdirAll(path, 0o750); err != nil {
		return fmt.Errorf("making the folder %s: %w", folder, err)
	}
	names := sheetNames(sheets)
	for i, sheet := range sheets {
		for _, format := range formats {
			var b bytes.Buffer
			if err := writeSheet(&b, format, sheet, c.s.env.now()); err != nil {
				return err
			}
			file := names[i] + map[string]string{"markdown": ".md", "html": ".html"}[format]
			if err := project.WriteDurably(filepath.Join(path, file), b.Bytes()); err != nil {
				return fmt.Errorf("writing %s: %w", filepath.Join(folder, file), err)
			}
		}
		fmt.Fprintf(c.s.env.out, "%-30s %s\n", view.Clean(sheet.Name), filepath.Join(folder, names[i]+".*"))
	}
	fmt.Fprintf(c.s.env.out, "\n%s in %s\n", view.Plural(len(sheets), "sheet", "sheets"), folder)
	for _, name := range missing {
		fmt.Fprintf(c.s.env.out, "! %s has none: the target does not have it yet\n", view.Clean(name))
	}
	if !c.s.env.automation() {
		fmt.Fprintln(c.s.env.out, "Next: give each to its owner, then rehome sheet record APPLICATION -delivered-to=OWNER")
	}
	return nil
}

var notFileName = regexp.MustCompile(`[^a-z0-9]+`)

// sheetNames are file names without an ending. Two applications of one name get their ids too.
func sheetNames(sheets []handoff.Sheet) []string {
	names, count := make([]string, len(sheets)), map[string]int{}
	for i, sheet := range sheets {
		names[i] = strings.Trim(notFileName.ReplaceAllString(strings.ToLower(sheet.Name), "-"), "-")
		count[names[i]]++
	}
	for i, sheet := range sheets {
		if names[i] == "" || count[names[i]] > 1 {
			names[i] = strings.Trim(names[i]+"-"+notFileName.ReplaceAllString(strings.ToLower(sheet.Address), "-"), "-")
		}
	}
	return names
}
