package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// cutovers is what the commands about applications and their owners work with. The caller closes it.
type cutovers struct {
	s        *session
	target   *client.Target
	schema   identity.ProviderSchema
	sources  map[string]*client.Source
	progress []handoff.Progress
	records  map[string]handoff.Record // by address
	items    map[string]identity.Item  // applications of the newest snapshots, by address
}

// openCutovers reads what plans, runs and people said about applications. It starts the target's plugin, which asks the target nothing yet.
func openCutovers(ctx context.Context, s *session) (*cutovers, error) {
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	store, err := s.openState()
	if err != nil {
		return nil, err
	}
	if err := store.MayChange(); err != nil { // whatever is read of applications is remembered
		return nil, err
	}
	providers, err := s.providers()
	if err != nil {
		return nil, err
	}
	c := &cutovers{s: s, sources: map[string]*client.Source{}, records: map[string]handoff.Record{}, items: map[string]identity.Item{}}
	if c.target, c.schema, err = providers.target(ctx, cfg.Target, cfg); err != nil {
		return nil, err
	}
	for _, read := range []func() error{c.readProgress, c.readRecords, c.readItems} {
		if err := read(); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *cutovers) close() {
	c.target.Close()
	for _, source := range c.sources {
		source.Close()
	}
}

func (c *cutovers) readProgress() error {
	executed, err := executedPlans(c.s.store)
	if err != nil {
		return err
	}
	c.progress = handoff.ProgressOf(executed, handoff.PrimaryTypes(c.schema.Resources))
	return nil
}

// executedPlans are the plans of the runs of a migration, oldest first, and at the end the newest plan that was not run yet. A plan
// that this state does not hold is left out.
func executedPlans(store *state.Migration) ([]handoff.Executed, error) {
	runs, err := store.Runs()
	if err != nil {
		return nil, err
	}
	plans, err := store.Plans()
	if err != nil {
		return nil, err
	}
	var executed []handoff.Executed
	ran := map[string]bool{}
	for i := len(runs) - 1; i >= 0; i-- {
		ran[runs[i].PlanHash] = true
		p, err := store.Plan(runs[i].PlanHash)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		run, err := store.Run(runs[i].ID)
		if err != nil {
			return nil, err
		}
		executed = append(executed, handoff.Executed{Plan: p, Run: run.ID, Outcomes: outcomesOf(run)})
	}
	if len(plans) > 0 {
		head := plans[0]
		p, err := store.Plan(head.Hash)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return nil, err
		}
		if err == nil && !ran[head.Hash] {
			executed = append(executed, handoff.Executed{Plan: p})
		}
	}
	return executed, nil
}

func outcomesOf(run state.Run) map[string]handoff.Outcome {
	outcomes := map[string]handoff.Outcome{}
	for _, step := range run.Steps {
		outcomes[step.StepID] = handoff.Outcome{Outcome: step.Outcome, At: step.At.UTC().Format(time.RFC3339)}
	}
	return outcomes
}

func (c *cutovers) readRecords() error {
	kept, err := c.s.store.Cutovers()
	if err != nil {
		return fmt.Errorf("reading what is recorded about applications: %w", err)
	}
	for _, record := range kept {
		c.records[record.Application] = record
	}
	return nil
}

func (c *cutovers) readItems() error {
	for _, block := range c.s.cfg.Sources {
		snapshot, err := c.s.store.LatestSnapshot(block.Address())
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for item, err := range c.s.store.Items(snapshot.ID, identity.KindApplication) {
			if err != nil {
				return err
			}
			c.items[item.Address().String()] = item
		}
	}
	return nil
}

// record is what is remembered about an application, with its address.
func (c *cutovers) record(p handoff.Progress) handoff.Record {
	record := c.records[p.Address()]
	record.Application = p.Address()
	return record
}

// put keeps a record together with its audit event.
func (c *cutovers) put(record handoff.Record, event state.Event) error {
	c.records[record.Application] = record
	return c.s.store.PutCutovers(state.CutoverChange{Record: record, Event: event})
}

// owner finds the application block of an application, nil when there is none.
func (c *cutovers) owner(p handoff.Progress) (*config.Application, error) {
	item, known := c.items[p.Address()]
	if !known {
		item = identity.Item{Source: p.Item.Source, Kind: p.Item.Kind, ID: p.Item.ID, Name: p.Item.Name, Attributes: json.RawMessage(`{}`)}
	}
	return c.s.cfg.ApplicationOf(item)
}

// source starts the plugin of a source on first use.
func (c *cutovers) source(ctx context.Context, address string) (*client.Source, error) {
	if running := c.sources[address]; running != nil {
		return running, nil
	}
	block, ok := project.FindSource(c.s.cfg, address)
	if !ok {
		return nil, fmt.Errorf("%s: %w", address, project.ErrSourceUnknown)
	}
	started, err := c.s.plugins.source(ctx, block, c.s.cfg)
	if err != nil {
		return nil, err
	}
	c.sources[address] = started
	return started, nil
}

// find picks one application by its address, id, client or name.
func (c *cutovers) find(text string) (handoff.Progress, error) {
	for _, same := range []func(handoff.Progress) bool{
		func(p handoff.Progress) bool {
			return text == p.Address() || text == p.Item.ID || text == p.Resource.Key || text == p.Resource.String()
		},
		func(p handoff.Progress) bool { return p.Item.Name == text },
		func(p handoff.Progress) bool { return strings.EqualFold(p.Item.Name, text) },
	} {
		var found []handoff.Progress
		for _, p := range c.progress {
			if same(p) {
				found = append(found, p)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			var addresses []string
			for _, p := range found {
				addresses = append(addresses, "  "+p.Address())
			}
			return handoff.Progress{}, diag.Errorf("application-ambiguous", "Name means several applications", "%s have the name %q:\n%s\nGive one of these addresses.",
				view.Plural(len(found), "application", "applications"), text, strings.Join(addresses, "\n"))
		}
	}
	return handoff.Progress{}, c.notFound(text)
}

func (c *cutovers) notFound(text string) error {
	for _, item := range c.items {
		if item.Name == text || item.ID == text || item.Address().String() == text {
			return diag.Errorf("application-not-moved", "Application is not moved", "No plan of this migration gives %q a place in the target: it is blocked, skipped, done by hand, or was not planned yet.\nrehome show says why.", item.Name)
		}
	}
	var names []string
	for _, p := range c.progress {
		names = append(names, p.Item.Name)
	}
	sort.Strings(names)
	if len(names) == 0 {
		return diag.Errorf("application-unknown", "Nothing was planned yet", "No plan of this migration moves an application. Run rehome plan and rehome apply first.")
	}
	more := ""
	if len(names) > 10 {
		more = fmt.Sprintf(" and %d more", len(names)-10)
		names = names[:10]
	}
	return diag.Errorf("application-unknown", "No such application", "No application is called %q. There are %s%s.", text, strings.Join(names, ", "), more)
}

// recordedApplications is where each application of a plan stands, as far as this state knows: it asks neither side, and starts no plugin.
func recordedApplications(s *session, p *plan.Plan) ([]handoff.Application, error) {
	executed, err := executedPlans(s.store)
	if err != nil {
		return nil, err
	}
	c := &cutovers{s: s, progress: handoff.ProgressOf(executed, nil), records: map[string]handoff.Record{}, items: map[string]identity.Item{}}
	if err := errors.Join(c.readRecords(), c.readItems()); err != nil {
		return nil, err
	}
	applications := handoff.Moved(p)
	for i := range applications {
		for _, progress := range c.progress {
			if progress.Address() != applications[i].Address {
				continue
			}
			owner, err := c.owner(progress)
			if err != nil {
				return nil, err
			}
			facts, err := c.facts(progress, owner, nil)
			if err != nil {
				return nil, err
			}
			applications[i].State = string(handoff.CutoverOf(facts).Stage)
			if owner != nil {
				applications[i].Owner, applications[i].Date = owner.Owner, owner.SwitchOn
			}
		}
	}
	return applications, nil
}

// facts puts together what is known about one application.
func (c *cutovers) facts(p handoff.Progress, owner *config.Application, live *handoff.Live) (handoff.CutoverFacts, error) {
	quiet, err := config.Duration(c.s.cfg.Rehome.RetireAfter, handoff.DefaultQuiet, "retire_after")
	if err != nil {
		return handoff.CutoverFacts{}, err
	}
	facts := handoff.CutoverFacts{Progress: p, Record: c.record(p), Live: live, Quiet: quiet, Now: c.s.env.now().UTC()}
	if owner != nil {
		facts.Date = owner.SwitchOn
	}
	return facts, nil
}

// named makes the name of an item for messages.
func named(item plan.ItemName) string { return fmt.Sprintf("%q", view.Clean(item.Name)) }
