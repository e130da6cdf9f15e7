package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/cutover"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/switchover"
)

type sheetRecordOptions struct {
	to     string
	secret bool
}

func sheetRecordCommand() Command {
	var o sheetRecordOptions
	return Command{
		Path: "sheet record", Args: "APPLICATION",
		Class: classManage,
		Codes: []string{"sheet-not-written", "secret-not-new"},
		Short: "Record that a sheet, or a new secret, was delivered",
		Long: `Record notes that the sheet written last was given to the application's owner, or with -secret that the new client secret was. It is
written into the audit chain. Somebody who gets the sheet and the secret makes the application handed over.`,
		Example: "  rehome sheet record Payroll -delivered-to=\"Payroll team\"\n" +
			"  rehome sheet record Payroll -secret -delivered-to=\"Payroll team\"",
		Takes: oneApplication,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.to, "delivered-to", "", "who got it")
			f.BoolVar(&o.secret, "secret", false, "it is the new client secret that was delivered")
		},
		Run: o.run,
	}
}

func (o *sheetRecordOptions) run(ctx context.Context, r *call) error {
	if o.to == "" {
		return misuse("say who got it: -delivered-to=OWNER")
	}
	recorded, err := cutover.Record(ctx, r.Project, cutover.Delivery{Application: r.arg(0), To: o.to, Secret: o.secret})
	if err != nil {
		return err
	}
	what := switchover.GivenSheet
	if o.secret {
		what = switchover.GivenSecret
	}
	return r.recorded(recorded, "The %s of %q is recorded as delivered to %s", what, phrase.Clean(recorded.Name),
		phrase.Clean(o.to))
}

// oneApplication asks for exactly one name.
func oneApplication(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return misuse("name one application: %s; rehome status -apps lists them. A name with spaces stands in quotes",
		c.UseLine())
}

type sheetConfirmOptions struct {
	by, note string
	withdraw bool
}

func sheetConfirmCommand() Command {
	var o sheetConfirmOptions
	return Command{
		Path: "sheet confirm", Args: "APPLICATION",
		Class: classManage,
		Codes: []string{"not-confirmed", "application-not-open"},
		Short: "Record that an application's owner confirms the switch",
		Long: `Confirm records the word of an application's owner that it works at the target, or with -withdraw that it no longer does. Only an
application that is open in the target can be confirmed. It is written into the audit chain with who recorded it.`,
		Example: "  rehome sheet confirm Payroll -by=\"Ana of payroll\" -note=\"pay slips of November checked\"",
		Takes:   oneApplication,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.by, "by", "", "who confirms it")
			f.StringVar(&o.note, "note", "", "what was checked, or why it is withdrawn")
			f.BoolVar(&o.withdraw, "withdraw", false, "take an earlier confirmation back")
		},
		Run: o.run,
	}
}

func (o *sheetConfirmOptions) run(ctx context.Context, r *call) error {
	if o.by == "" || (o.withdraw && o.note == "") {
		return misuse("say who confirms it with -by=OWNER; with -withdraw also say why with -note")
	}
	recorded, err := cutover.Confirm(ctx, r.Project, cutover.Confirmation{
		Application: r.arg(0), By: o.by, Note: o.note, Withdraw: o.withdraw,
	})
	switch {
	case err != nil:
		return err
	case o.withdraw:
		return r.recorded(recorded, "The confirmation of %q is withdrawn", phrase.Clean(recorded.Name))
	}
	return r.recorded(recorded, "%q is recorded as confirmed by %s", phrase.Clean(recorded.Name), phrase.Clean(o.by))
}

// recorded answers a change: the format says what was changed.
func (r *call) recorded(now *cutover.Recorded, format string, args ...any) error {
	if r.global.json {
		return layout.Document(r.env.out, now)
	}
	view.CutoverRecorded(r.env.out, now, fmt.Sprintf(format, args...), r.readers())
	return nil
}
