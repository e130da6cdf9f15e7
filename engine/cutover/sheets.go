package cutover

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/switchover"
	"github.com/rehome-iam/rehome/state"
)

// SheetsReport holds the pages for the owners of applications, and the names of applications that the target does not
// have yet.
type SheetsReport struct {
	FormatVersion string             `json:"format_version"`
	Sheets        []switchover.Sheet `json:"sheets"`
	Missing       []string           `json:"not_in_target"`
}

// Sheets makes the sheet of one application, or with an empty name those of all that plans move, and remembers what
// each said. One application that is not in the target is an error; of many, it is listed.
func Sheets(ctx context.Context, p *project.Project, name string) (*SheetsReport, error) {
	d, err := open(ctx, p)
	if err != nil {
		return nil, err
	}
	defer d.close()
	wanted := d.progress
	if name != "" {
		one, err := d.find(name)
		if err != nil {
			return nil, err
		}
		wanted = []switchover.Progress{one}
	}
	if len(wanted) == 0 {
		return nil, switchover.NotFound(nil, d.others(), "")
	}
	report := &SheetsReport{FormatVersion: handoff.FormatVersion, Sheets: []switchover.Sheet{}, Missing: []string{}}
	target := ""
	for _, one := range wanted {
		if err := d.addSheet(ctx, report, one, &target); err != nil {
			return nil, err
		}
	}
	switch {
	case name != "" && len(report.Missing) > 0:
		return nil, diag.Errorf("sheet-not-in-target", "Application is not in the target",
			"%s is planned as %s, and the target does not have it yet.\nApply the plan first: a sheet with values that do not "+
				"exist would be entered.", wanted[0].Named(), wanted[0].Resource)
	case len(report.Sheets) == 0:
		return nil, diag.Errorf("sheet-not-in-target", "No application is in the target",
			"The target has none of the %s that are planned. Apply the plan first.",
			phrase.Plural(len(wanted), "application", "applications"))
	}
	return report, d.remember(report.Sheets)
}

// addSheet makes the sheet of one application. Target is who the target says it is, asked for once.
func (d *desk) addSheet(ctx context.Context, report *SheetsReport, p switchover.Progress, target *string) error {
	now, err := d.target.Connection(ctx, identity.Resource{Type: p.Resource.Type, Key: p.Resource.Key})
	var failure *contract.ProviderError
	switch {
	case err == nil:
	case project.Unsupported(err):
		return diag.Errorf("sheet-needs-live-target", "Sheets need a live target",
			"The target %s is no running server: it has no addresses, keys or certificates that an owner could enter.\n"+
				"A rehearsal makes no sheets; configure the server that people will sign in at.", d.cfg.Target.Address())
	case errors.As(err, &failure) && failure.Code == contract.ErrorNotFound:
		report.Missing = append(report.Missing, p.Name)
		return nil
	default:
		return fmt.Errorf("making the sheet of %s: %w", p.Named(), err)
	}
	if *target == "" {
		who, err := d.target.Identify(ctx)
		if err != nil {
			return fmt.Errorf("asking the target who it is: %w", err)
		}
		*target = who.Identity
	}
	sheet, err := d.sheet(ctx, p, now, *target)
	report.Sheets = append(report.Sheets, sheet)
	return err
}

func (d *desk) sheet(ctx context.Context, p switchover.Progress, now []observation.ConnectionFact, target string,
) (switchover.Sheet, error) {
	s := switchover.Sheet{Target: target, Incumbent: p.Item.Source, WrittenAt: d.now()}
	owner, err := d.owner(p)
	if err != nil {
		return s, err
	}
	if owner != nil {
		s.Owner, s.Contact, s.SwitchOn, s.Confirm = owner.Owner, owner.Contact, owner.SwitchOn, owner.Confirm
	}
	if r := d.cfg.Rollback; r != nil {
		s.Back = r.Contact
		if s.Back == "" {
			s.Back = r.Owner
		}
	}
	before, err := d.oldConnection(ctx, p)
	if err != nil {
		s.Problem = phrase.Clean(err.Error())
	}
	return switchover.CompleteSheet(s, p, before, now), nil
}

// oldConnection is how the application is connected to the incumbent, as the newest snapshot knows it.
func (d *desk) oldConnection(ctx context.Context, p switchover.Progress) ([]observation.ConnectionFact, error) {
	item, known := d.items[p.Address()]
	if !known {
		return nil, errors.New("the newest snapshot does not hold the application")
	}
	source, err := d.source(ctx, p.Item.Source)
	if err != nil {
		return nil, err
	}
	return source.Connection(ctx, item)
}

// remember notes the digest of each sheet that says something new.
func (d *desk) remember(sheets []switchover.Sheet) error {
	var changes []state.CutoverChange
	for _, sheet := range sheets {
		record, isNew := d.records[sheet.Address].Wrote(sheet)
		if !isNew {
			continue
		}
		event := d.p.Event(audit.ApplicationSheetWritten, sheet.Address, map[string]string{"digest": sheet.Digest})
		changes = append(changes, state.CutoverChange{Record: record, Event: event})
	}
	if len(changes) == 0 {
		return nil
	}
	return d.migration.PutCutovers(changes...)
}
