package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state"
)

// runStatusApps asks target and incumbents who signed in, remembers it, and shows where each application stands.
func runStatusApps(ctx context.Context, s *session, since string) error {
	now := s.env.now().UTC()
	from, err := parseSince(since, now)
	if err != nil {
		return err
	}
	c, err := openCutovers(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	if len(c.progress) == 0 {
		return c.notFound("")
	}
	overview := handoff.Overview{FormatVersion: handoff.FormatVersion, At: now.Format(time.RFC3339), Since: from.Format(time.RFC3339), Sides: []handoff.Log{}, Applications: []handoff.Status{}}
	logs := c.readLogs(ctx, from, &overview)
	live, problem := c.readLive(ctx)
	if problem != nil {
		overview.Questions = append(overview.Questions, "the target could not be read: "+view.Clean(problem.Error()))
	}
	if err := c.learn(logs, overview.At); err != nil {
		return err
	}
	for _, p := range c.progress {
		status, err := c.status(p, live, problem == nil, logs)
		if err != nil {
			return err
		}
		overview.Applications = append(overview.Applications, status)
	}
	for address := range c.items {
		if !c.moves(address) {
			overview.NotMoved++
		}
	}
	if s.global.json {
		if err := s.maskUsers(overview.Applications); err != nil {
			return err
		}
		return showDocument(s.env.out, overview)
	}
	return view.Applications(s.env.out, overview, view.ApplicationsOptions{Style: s.env.style(s.global.noColor), Automation: s.env.automation(), Now: now})
}

// targetSide is where the log of the target is among the logs by source.
const targetSide = "target"

// readLogs asks the target and every incumbent of an application for sign-ins. A side that cannot tell is a question.
func (c *cutovers) readLogs(ctx context.Context, from time.Time, overview *handoff.Overview) map[string]sideLog {
	since := from.Format(time.RFC3339)
	logs := map[string]sideLog{}
	read := func(side, name string, report identity.SignInReport, err error) {
		log := handoff.Log{Side: side, Name: name, Covers: report.Covers, Requests: report.Requests, Readable: err == nil}
		if err != nil {
			log.Reason = reason(err)
		}
		overview.Sides = append(overview.Sides, log)
		logs[name] = sideLog{log: log, report: report}
	}
	report, err := c.target.SignIns(ctx, since)
	read(targetSide, c.s.cfg.Target.Address(), report, err)
	logs[targetSide] = logs[c.s.cfg.Target.Address()]
	for _, p := range c.progress {
		name := p.Item.Source
		if _, done := logs[name]; done {
			continue
		}
		source, err := c.source(ctx, name)
		if err != nil {
			read("incumbent", name, identity.SignInReport{}, err)
			continue
		}
		report, err := source.SignIns(ctx, since)
		read("incumbent", name, report, err)
	}
	return logs
}

type sideLog struct {
	log    handoff.Log
	report identity.SignInReport
}

// reason says in one line why a log could not be read, and what would help.
func reason(err error) string {
	text := view.Clean(err.Error())
	var failure *identity.ProviderError
	if errors.As(err, &failure) && failure.Permission != "" && !strings.Contains(text, failure.Permission) {
		text += "; it needs " + failure.Permission
	}
	return text
}

// learn adds what the logs say to what is remembered, all in one transaction.
func (c *cutovers) learn(logs map[string]sideLog, at string) error {
	facts := map[string]string{"at": at}
	for name, side := range logs {
		if name == targetSide {
			continue // it stands under its own name too
		}
		facts[name] = "not readable"
		if side.log.Readable {
			facts[name] = "covers " + side.log.Covers
		}
	}
	var changes []state.CutoverChange
	for _, p := range c.progress {
		record := c.record(p)
		record.Target = extended(record.Target, logs[targetSide], at, p.Prepared, byResource(p))
		record.Incumbent = extended(record.Incumbent, logs[p.Item.Source], at, nil, byItem(p))
		event := state.Event{}
		if len(changes) == 0 {
			event = c.s.event("migration.application.sign_ins_read", c.s.cfg.Target.Address(), facts)
		}
		c.records[record.Application] = record
		changes = append(changes, state.CutoverChange{Record: record, Event: event})
	}
	return c.s.store.PutCutovers(changes...)
}

func byResource(p handoff.Progress) func(identity.SignInActivity) bool {
	return func(a identity.SignInActivity) bool { return a.Resource == p.Resource }
}

func byItem(p handoff.Progress) func(identity.SignInActivity) bool {
	return func(a identity.SignInActivity) bool {
		return a.Item == identity.ItemID{Kind: p.Item.Kind, ID: p.Item.ID}
	}
}

func extended(old *handoff.Reading, side sideLog, at string, made *handoff.Mark, is func(identity.SignInActivity) bool) *handoff.Reading {
	reading := handoff.Reading{Problem: side.log.Reason, ProblemAt: at}
	if side.log.Readable {
		reading = handoff.ReadingOf(side.report, at, made, is)
	}
	if old != nil {
		reading = old.Extend(reading)
	}
	return &reading
}

// status is one line of the overview.
func (c *cutovers) status(p handoff.Progress, live []identity.Resource, known bool, logs map[string]sideLog) (handoff.Status, error) {
	owner, err := c.owner(p)
	if err != nil {
		return handoff.Status{}, err
	}
	var now *handoff.Live
	if known {
		found := handoff.LiveOf(p.Resource, live, handoff.OpeningTypes(c.schema.Resources), c.s.env.now().UTC().Format(time.RFC3339))
		now = &found
	}
	facts, err := c.facts(p, owner, now)
	if err != nil {
		return handoff.Status{}, err
	}
	status := handoff.Status{Address: p.Address(), Name: p.Item.Name, Source: p.Item.Source, Resource: p.Resource, Cutover: handoff.CutoverOf(facts)}
	if owner != nil {
		status.Owner, status.Contact, status.Date = owner.Owner, owner.Contact, owner.SwitchOn
	}
	status.Incumbent = used(logs[p.Item.Source], byItem(p))
	status.Target = used(logs[targetSide], byResource(p))
	return status, nil
}

// used is how much one side was used in the time asked for, nil when its log could not be read.
func used(side sideLog, is func(identity.SignInActivity) bool) *handoff.Use {
	if !side.log.Readable {
		return nil
	}
	use := &handoff.Use{}
	for _, a := range side.report.Applications {
		if is(a) {
			use.SignIns, use.Failures, use.People, use.Last, use.Names = a.SignIns, a.Failures, a.PeopleCount, a.Last, a.People
		}
	}
	return use
}

// maskUsers puts pseudonyms in the place of login names, unless people may be shown. Owners stay: the configuration names them.
func (s *session) maskUsers(applications []handoff.Status) error {
	m, err := s.masker(nil)
	if err != nil || m == nil {
		return err
	}
	for _, a := range applications {
		for _, use := range []*handoff.Use{a.Incumbent, a.Target} {
			if use == nil {
				continue
			}
			masked := make([]string, len(use.Names))
			for i, name := range use.Names {
				if masked[i] = m.Text(name); masked[i] == name { // no mail address
					masked[i] = m.Pseudonym(a.Source, name)
				}
			}
			use.Names = masked
		}
	}
	return nil
}

// moves tells whether an application of the snapshots is one of those that the plans give a place.
func (c *cutovers) moves(address string) bool {
	for _, p := range c.progress {
		if p.Address() == address {
			return true
		}
	}
	return false
}

// sinceFlag is the default of status -apps -since.
const sinceFlag = "30d"

// sinceWithoutApps is the error of a -since that would have no effect.
func sinceWithoutApps() error {
	return diag.Errorf("usage", "Command line is wrong", "-since belongs to -apps: rehome status -apps -since=7d.")
}
