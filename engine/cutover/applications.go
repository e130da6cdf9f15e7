package cutover

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/switchover"
	"github.com/rehome-iam/rehome/state"
)

// targetSide is where the log of the target is among the logs by source.
const targetSide = "target"

// Applications asks target and incumbents who signed in since then, remembers it, and says where each application
// stands. A side that cannot tell is a question, never zero.
func Applications(ctx context.Context, p *project.Project, since time.Time) (*switchover.Overview, error) {
	d, err := open(ctx, p)
	if err != nil {
		return nil, err
	}
	defer d.close()
	if len(d.progress) == 0 {
		return nil, switchover.NotFound(nil, d.others(), "")
	}
	overview := &switchover.Overview{
		FormatVersion: handoff.FormatVersion, At: d.now(), Since: since.UTC().Format(time.RFC3339),
		Sides: []switchover.Log{}, Applications: []switchover.Status{},
	}
	logs := d.readLogs(ctx, overview)
	live, problem := d.readLive(ctx)
	if problem != nil {
		overview.Questions = append(overview.Questions, "the target could not be read: "+phrase.Clean(problem.Error()))
	}
	if err := d.learn(logs, overview.At); err != nil {
		return nil, err
	}
	target := ""
	if who, err := d.target.Identify(ctx); err == nil {
		target = who.Identity
	}
	moved := map[string]bool{}
	for _, one := range d.progress {
		var now *switchover.Live
		if problem == nil {
			found := d.liveOf(one, live)
			now = &found
		}
		status, err := d.status(one, now, logs)
		if err != nil {
			return nil, err
		}
		if target != "" && d.outdated(ctx, one, target) {
			status.Questions = append(status.Questions, "the target says something else now than the sheet that was "+
				"delivered: write it anew and compare")
		}
		overview.Applications = append(overview.Applications, status)
		moved[one.Address()] = true
	}
	for address := range d.items {
		if !moved[address] {
			overview.NotMoved++
		}
	}
	return overview, nil
}

// readLogs asks the target, and every incumbent of an application, for sign-ins.
func (d *desk) readLogs(ctx context.Context, overview *switchover.Overview) map[string]switchover.SideLog {
	logs := map[string]switchover.SideLog{}
	read := func(side, name string, report observation.SignInReport, err error) {
		log := switchover.SideLogOf(side, name, report, reason(err))
		overview.Sides = append(overview.Sides, log.Log)
		logs[name] = log
	}
	report, err := d.target.SignIns(ctx, overview.Since)
	report = switchover.WithoutTesters(report, d.testers())
	read(targetSide, d.cfg.Target.Address(), report, err)
	logs[targetSide] = logs[d.cfg.Target.Address()]
	for _, one := range d.progress {
		name := one.Item.Source
		if _, done := logs[name]; done {
			continue
		}
		source, err := d.source(ctx, name)
		if err != nil {
			read("incumbent", name, observation.SignInReport{}, err)
			continue
		}
		report, err := source.SignIns(ctx, overview.Since)
		read("incumbent", name, report, err)
	}
	return logs
}

// testers are the people whom the configuration names for probes.
func (d *desk) testers() []string {
	if d.cfg.Verify == nil {
		return nil
	}
	names := slices.Collect(maps.Values(d.cfg.Verify.Members))
	names = slices.AppendSeq(names, maps.Values(d.cfg.Verify.Strangers))
	return append(names, d.cfg.Verify.Stranger)
}

// outdated tells whether the target says something else now than the sheet that an owner was given, such as another key
// or address. What cannot be told is no difference: the state of the target is asked about elsewhere.
func (d *desk) outdated(ctx context.Context, p switchover.Progress, target string) bool {
	given := d.record(p).Sheet
	if given == nil || given.Digest == "" {
		return false
	}
	now, err := d.target.Connection(ctx, identity.Resource{Type: p.Resource.Type, Key: p.Resource.Key})
	if err != nil {
		return false
	}
	sheet, err := d.sheet(ctx, p, now, target)
	return err == nil && sheet.Problem == "" && sheet.Digest != given.Digest
}

// reason says in one line why a log could not be read, and what would help; empty when it could.
func reason(err error) string {
	if err == nil {
		return ""
	}
	text := phrase.Clean(err.Error())
	var failure *contract.ProviderError
	if errors.As(err, &failure) && failure.Permission != "" && !strings.Contains(text, failure.Permission) {
		text += "; it needs " + failure.Permission
	}
	return text
}

// learn adds what the logs say to what is remembered, all in one transaction.
func (d *desk) learn(logs map[string]switchover.SideLog, at string) error {
	facts := map[string]string{"at": at}
	for name, side := range logs {
		if name == targetSide {
			continue // it stands under its own name too
		}
		facts[name] = "not readable"
		if side.Log.Readable {
			facts[name] = "covers " + side.Log.Covers
		}
	}
	changes := make([]state.CutoverChange, 0, len(d.progress))
	for i, one := range d.progress {
		record := d.record(one).Learn(one, logs[targetSide], logs[one.Item.Source], at)
		d.records[record.Application] = record
		change := state.CutoverChange{Record: record}
		if i == 0 {
			change.Event = d.p.Event(audit.ApplicationSignInsRead, d.cfg.Target.Address(), facts)
		}
		changes = append(changes, change)
	}
	return d.migration.PutCutovers(changes...)
}

// status is one line of the overview. Live is nil where the target could not be read.
func (d *desk) status(one switchover.Progress, live *switchover.Live, logs map[string]switchover.SideLog,
) (switchover.Status, error) {
	owner, err := d.owner(one)
	if err != nil {
		return switchover.Status{}, err
	}
	now, err := d.cutover(one, owner, live)
	status := switchover.Status{
		Address: one.Address(), Name: one.Name, Source: one.Item.Source, Resource: one.Resource, Cutover: now,
	}
	if owner != nil {
		status.Owner, status.Contact, status.Date = owner.Owner, owner.Contact, owner.SwitchOn
	}
	status.Target, status.Incumbent = one.UseOf(logs[targetSide], logs[one.Item.Source])
	return status, err
}

// Moved is where each application of a plan stands, as far as the state knows: it asks neither side, and starts no
// plugin.
func Moved(ctx context.Context, p *project.Project, of *plan.Plan) ([]handoff.Application, error) {
	d, err := newDesk(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := d.read(nil); err != nil {
		return nil, err
	}
	known := map[string]switchover.Progress{}
	for _, one := range d.progress {
		known[one.Address()] = one
	}
	applications := handoff.Moved(of)
	for i := range applications {
		one, ok := known[applications[i].Address]
		if !ok {
			continue
		}
		owner, err := d.owner(one)
		if err != nil {
			return nil, err
		}
		now, err := d.cutover(one, owner, nil)
		if err != nil {
			return nil, err
		}
		applications[i].State = now.Stage
		if owner != nil {
			applications[i].Owner, applications[i].Date = owner.Owner, owner.SwitchOn
		}
	}
	return applications, nil
}
