package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
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
		Codes: []config.Code{
			{Code: "sheet-not-written", Cause: "A sheet is recorded as delivered and none was written.", Cure: "Run rehome sheet first."},
			{Code: "secret-not-new", Cause: "A secret is recorded as delivered and no run made one.", Cure: "Nothing; the application keeps its secret or has none."},
		},
		Short: "Record that a sheet, or a new secret, was delivered",
		Long: `Record notes that the sheet written last was given to the application's owner, or with -secret that the new client secret was. It is
written into the audit chain. Somebody who gets the sheet and the secret makes the application handed over.`,
		Example: "  rehome sheet record Payroll -delivered-to=\"Payroll team\"\n  rehome sheet record Payroll -secret -delivered-to=\"Payroll team\"",
		Takes:   oneApplication,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.to, "delivered-to", "", "who got it")
			f.BoolVar(&o.secret, "secret", false, "it is the new client secret that was delivered")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runSheetRecord(ctx, s, r.args[0], o)
		},
	}
}

func runSheetRecord(ctx context.Context, s *session, name string, o sheetRecordOptions) error {
	if o.to == "" {
		return diag.Errorf("usage", "Command line is wrong", "Say who got it: -delivered-to=OWNER.")
	}
	c, err := openCutovers(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	p, err := c.find(name)
	if err != nil {
		return err
	}
	record := c.record(p)
	delivery := &handoff.Delivery{At: s.env.now().UTC().Format(time.RFC3339), To: o.to, By: s.Actor()}
	event := s.event("migration.application.sheet_delivered", p.Address(), map[string]string{"to": o.to})
	what := "sheet"
	switch {
	case o.secret && !p.NewSecret:
		return diag.Errorf("secret-not-new", "There is no new secret", "No run made a secret for %s: it keeps the one it has, or has none. Nothing was recorded.", named(p.Item))
	case o.secret:
		what, event.Name, record.Secret = "new secret", "migration.application.secret_delivered", delivery
	case record.Written == nil:
		return diag.Errorf("sheet-not-written", "There is no sheet yet", "No sheet of %s was ever written, so none can have been delivered.\nRun rehome sheet first.", named(p.Item))
	default:
		delivery.Digest, record.Sheet = record.Written.Digest, delivery
		event.Facts["digest"] = delivery.Digest
	}
	if err := c.put(record, event); err != nil {
		return err
	}
	return c.said(p, fmt.Sprintf("The %s of %s is recorded as delivered to %s", what, named(p.Item), view.Clean(o.to)))
}

// oneApplication asks for exactly one name.
func oneApplication(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return diag.Errorf("usage", "Command line is wrong", "Name one application: %s; rehome status -apps lists them. A name with spaces stands in quotes.", c.UseLine())
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
		Codes: []config.Code{
			{Code: "not-confirmed", Cause: "A confirmation is withdrawn that was never given.", Cure: "Nothing; check the name of the application."},
			{Code: "application-not-open", Cause: "Nobody may sign in to the application at the target yet.", Cure: "Open it first; a confirmation before that confirms nothing."},
		},
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
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runSheetConfirm(ctx, s, r.args[0], o)
		},
	}
}

func runSheetConfirm(ctx context.Context, s *session, name string, o sheetConfirmOptions) error {
	if o.by == "" || (o.withdraw && o.note == "") {
		return diag.Errorf("usage", "Command line is wrong", "Say who confirms it with -by=OWNER; with -withdraw also say why with -note.")
	}
	c, err := openCutovers(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	p, err := c.find(name)
	if err != nil {
		return err
	}
	record := c.record(p)
	facts := map[string]string{"by": o.by, "note": o.note}
	if o.withdraw {
		if record.Confirmation == nil {
			return diag.Errorf("not-confirmed", "Nothing to withdraw", "%s was not confirmed. Nothing was recorded.", named(p.Item))
		}
		record.Confirmation = nil
		if err := c.put(record, s.event("migration.application.confirmation_withdrawn", p.Address(), facts)); err != nil {
			return err
		}
		return c.said(p, fmt.Sprintf("The confirmation of %s is withdrawn", named(p.Item)))
	}
	if err := c.mustBeOpen(ctx, p); err != nil {
		return err
	}
	record.Confirmation = &handoff.Confirmation{At: s.env.now().UTC().Format(time.RFC3339), By: o.by, Note: o.note, RecordedBy: s.Actor()}
	if err := c.put(record, s.event("migration.application.confirmed", p.Address(), facts)); err != nil {
		return err
	}
	return c.said(p, fmt.Sprintf("%s is recorded as confirmed by %s", named(p.Item), view.Clean(o.by)))
}

// mustBeOpen refuses an application in which nobody can have signed in: the target is asked, whatever a run said.
func (c *cutovers) mustBeOpen(ctx context.Context, p handoff.Progress) error {
	live, err := c.readLive(ctx)
	if err != nil {
		return err
	}
	now := handoff.LiveOf(p.Resource, live, handoff.OpeningTypes(c.schema.Resources), c.s.env.now().UTC().Format(time.RFC3339))
	switch {
	case !now.Exists:
		return diag.Errorf("application-not-open", "Application is not in the target", "The target does not have %s (%s), so nobody can have confirmed it. Nothing was recorded.", named(p.Item), p.Resource)
	case !now.Open:
		return diag.Errorf("application-not-open", "Application is closed", "%s is in the target and nobody may sign in to it yet, so nobody can have confirmed it. Nothing was recorded.", named(p.Item))
	}
	return nil
}

func (c *cutovers) readLive(ctx context.Context) ([]identity.Resource, error) {
	opening, primary := handoff.OpeningTypes(c.schema.Resources), handoff.PrimaryTypes(c.schema.Resources)
	var live []identity.Resource
	_, err := c.target.Read(ctx, func(r identity.Resource) error {
		if opening[r.Type] || primary[r.Type] {
			live = append(live, r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the target: %w", err)
	}
	return live, nil
}

// said answers a change with where the application stands now, as far as is recorded.
func (c *cutovers) said(p handoff.Progress, text string) error {
	owner, err := c.owner(p)
	if err != nil {
		return err
	}
	facts, err := c.facts(p, owner, nil)
	if err != nil {
		return err
	}
	now := handoff.CutoverOf(facts)
	if c.s.global.json {
		return showDocument(c.s.env.out, map[string]any{"format_version": handoff.FormatVersion, "application": p.Address(), "name": p.Item.Name, "cutover": now})
	}
	fmt.Fprintf(c.s.env.out, "%s; it is %s\n", text, view.StageWords(now.Stage))
	if now.Next != "" && !c.s.env.automation() {
		fmt.Fprintf(c.s.env.out, "Next: %s\n", now.Next)
	}
	return nil
}
