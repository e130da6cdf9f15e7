package cutover

import (
	"context"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/switchover"
	"github.com/rehome-iam/rehome/state"
)

// Recorded answers a change with where the application stands now, as far as is recorded.
type Recorded struct {
	FormatVersion string             `json:"format_version"`
	Application   string             `json:"application"` // its address
	Name          string             `json:"name"`
	Cutover       switchover.Cutover `json:"cutover"`
}

// Delivery says what an application's owner got.
type Delivery struct {
	Application string // a name, id, client or address
	To          string // who got it
	Secret      bool   // the new secret of the client, not the sheet
}

// Record notes that a sheet or a new secret was given to an owner.
func Record(ctx context.Context, p *project.Project, in Delivery) (*Recorded, error) {
	d, err := open(ctx, p)
	if err != nil {
		return nil, err
	}
	defer d.close()
	one, err := d.find(in.Application)
	if err != nil {
		return nil, err
	}
	facts := map[string]string{"to": in.To}
	what, event := switchover.GivenSheet, p.Event(audit.ApplicationSheetDelivered, one.Address(), facts)
	if in.Secret {
		what, event.Name = switchover.GivenSecret, audit.ApplicationSecretDelivered
	}
	record, err := d.record(one).Deliver(one, what, switchover.Delivery{At: d.now(), To: in.To, By: p.Actor()})
	if err != nil {
		return nil, err
	}
	if !in.Secret {
		event.Facts["digest"] = record.Sheet.Digest
	}
	return d.put(one, record, event)
}

// Confirmation says what an application's owner said.
type Confirmation struct {
	Application string // a name, id, client or address
	By          string
	Note        string
	Withdraw    bool // an earlier word is taken back
}

// Confirm notes that an owner confirms that an application works at the target, or that he does so no longer. The
// target is asked whether people may sign in to it.
func Confirm(ctx context.Context, p *project.Project, in Confirmation) (*Recorded, error) {
	d, err := open(ctx, p)
	if err != nil {
		return nil, err
	}
	defer d.close()
	one, err := d.find(in.Application)
	if err != nil {
		return nil, err
	}
	event := p.Event(audit.ApplicationConfirmed, one.Address(), map[string]string{"by": in.By, "note": in.Note})
	var record switchover.Record
	if in.Withdraw {
		event.Name = audit.ApplicationConfirmationWithdrawn
		record, err = d.record(one).Withdraw(one)
	} else {
		record, err = d.confirmed(ctx, one, in)
	}
	if err != nil {
		return nil, err
	}
	return d.put(one, record, event)
}

func (d *desk) confirmed(ctx context.Context, one switchover.Progress, in Confirmation) (switchover.Record, error) {
	live, err := d.readLive(ctx)
	if err != nil {
		return switchover.Record{}, err
	}
	said := switchover.Confirmation{At: d.now(), By: in.By, Note: in.Note, RecordedBy: d.p.Actor()}
	return d.record(one).Confirm(one, d.liveOf(one, live), said)
}

// put keeps a record together with its audit event.
func (d *desk) put(one switchover.Progress, record switchover.Record, event state.Event) (*Recorded, error) {
	if err := d.migration.PutCutovers(state.CutoverChange{Record: record, Event: event}); err != nil {
		return nil, err
	}
	d.records[record.Application] = record
	owner, err := d.owner(one)
	if err != nil {
		return nil, err
	}
	now, err := d.cutover(one, owner, nil)
	return &Recorded{
		FormatVersion: handoff.FormatVersion, Application: one.Address(), Name: one.Name, Cutover: now,
	}, err
}
