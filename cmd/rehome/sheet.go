package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/cutover"
	"github.com/rehome-iam/rehome/engine/switchover"
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
		Codes: []string{
			"application-unknown", "application-ambiguous", "application-not-moved", "sheet-needs-live-target",
			"sheet-not-in-target",
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
		Run: o.run,
	}
}

func (o *sheetOptions) run(ctx context.Context, r *call) error {
	formats, err := o.formats(len(r.args) == 0 && !r.global.json)
	if err != nil {
		return err
	}
	report, err := cutover.Sheets(ctx, r.Project, r.arg(0))
	switch {
	case err != nil:
		return err
	case r.global.json:
		return layout.Document(r.env.out, report)
	case o.out == "":
		return writeSheet(r.env.out, formats[0], report.Sheets[0], r.Now())
	}
	return writeSheets(r, o.out, formats, report)
}

// formats checks the flags: all applications at once need a folder.
func (o sheetOptions) formats(all bool) ([]string, error) {
	if all && o.out == "" {
		return nil, misuse("name an application, or give -out=FOLDER to write a sheet for each")
	}
	switch o.format {
	case "":
		return []string{"markdown", "html"}, nil
	case "markdown", "html":
		return []string{o.format}, nil
	}
	return nil, misuse("-format is markdown or html, not %q", o.format)
}

func writeSheet(w io.Writer, format string, sheet switchover.Sheet, now time.Time) error {
	if format == "html" {
		return view.SheetHTML(w, sheet, now)
	}
	return view.SheetMarkdown(w, sheet, now)
}

// writeSheets writes a file for each sheet and format.
func writeSheets(r *call, folder string, formats []string, report *cutover.SheetsReport) error {
	if err := os.MkdirAll(r.Path(folder), 0o750); err != nil {
		return fmt.Errorf("making the folder %s: %w", folder, err)
	}
	names := switchover.FileNames(report.Sheets)
	for i, sheet := range report.Sheets {
		for _, format := range formats {
			file := names[i] + map[string]string{"markdown": ".md", "html": ".html"}[format]
			err := r.write(filepath.Join(folder, file), func(w io.Writer) error { return writeSheet(w, format, sheet, r.Now()) })
			if err != nil {
				return err
			}
		}
	}
	view.SheetFiles(r.env.out, report, folder, names, r.readers())
	return nil
}
