package cutover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/switchover"
	"github.com/rehome-iam/rehome/state"
)

// desk has on it what plans, runs and people said about applications, and the way to ask both sides. Whoever opens one
// closes it.
type desk struct {
	p         *project.Project
	cfg       *config.Config
	migration *state.Migration
	target    *project.Target
	schema    contract.ProviderSchema
	sources   map[string]*project.Source
	progress  []switchover.Progress
	records   map[string]switchover.Record // by address
	items     map[string]identity.Item     // applications of the newest snapshots, by address
}

// open reads what is known. It starts the target's plugin, which asks the target nothing yet.
func open(ctx context.Context, p *project.Project) (*desk, error) {
	d, err := newDesk(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := d.migration.MayChange(); err != nil { // whatever is read of applications is remembered
		return nil, err
	}
	if d.target, d.schema, err = p.Target(ctx); err != nil {
		return nil, err
	}
	if err := d.read(switchover.PrimaryTypes(d.schema.Resources)); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func newDesk(ctx context.Context, p *project.Project) (*desk, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	return &desk{
		p: p, cfg: cfg, migration: migration, sources: map[string]*project.Source{},
		records: map[string]switchover.Record{}, items: map[string]identity.Item{},
	}, nil
}

func (d *desk) close() {
	d.target.Close()
	for _, source := range d.sources {
		source.Close()
	}
}

// read takes from the state what is known of applications. Primary are the types of resource that they become.
func (d *desk) read(primary map[string]bool) error {
	executed, err := executedPlans(d.migration)
	if err != nil {
		return err
	}
	d.progress = handoff.ProgressOf(executed, primary)
	kept, err := d.migration.Cutovers()
	if err != nil {
		return fmt.Errorf("reading what is recorded about applications: %w", err)
	}
	for _, record := range kept {
		d.records[record.Application] = record
	}
	for _, block := range d.cfg.Sources {
		if err := d.readItems(block.Address()); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) readItems(source string) error {
	snapshot, err := d.migration.LatestSnapshot(source)
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for item, err := range d.migration.Items(snapshot.ID, identity.KindApplication) {
		if err != nil {
			return err
		}
		d.items[item.Address().String()] = item
	}
	return nil
}

// executedPlans are the plans of the runs of a migration, oldest first, and at the end the newest plan that was not run
// yet. A plan that this state does not hold is left out.
func executedPlans(migration *state.Migration) ([]handoff.Executed, error) {
	runs, err := migration.Runs()
	if err != nil {
		return nil, err
	}
	var executed []handoff.Executed
	ran := map[string]bool{}
	for _, head := range slices.Backward(runs) {
		ran[head.PlanHash] = true
		p, err := migration.Plan(head.PlanHash)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		run, err := migration.Run(head.ID)
		if err != nil {
			return nil, err
		}
		executed = append(executed, handoff.Executed{Plan: p, Run: run.ID, Outcomes: run.Last()})
	}
	plans, err := migration.Plans()
	if err != nil || len(plans) == 0 || ran[plans[0].Hash] {
		return executed, err
	}
	p, err := migration.Plan(plans[0].Hash)
	if errors.Is(err, state.ErrNotFound) {
		return executed, nil
	}
	if err != nil {
		return nil, err
	}
	return append(executed, handoff.Executed{Plan: p}), nil
}

// record is what is remembered about an application, with its address.
func (d *desk) record(p switchover.Progress) switchover.Record {
	record := d.records[p.Address()]
	record.Application = p.Address()
	return record
}

// owner finds the application block of an application, nil when there is none.
func (d *desk) owner(p switchover.Progress) (*config.Application, error) {
	item, known := d.items[p.Address()]
	if !known {
		item = identity.Item{
			Source: p.Item.Source, Kind: p.Item.Kind, ID: p.Item.ID, Name: p.Name, Attributes: json.RawMessage(`{}`),
		}
	}
	return d.cfg.ApplicationOf(item)
}

// source starts the plugin of a source on first use.
func (d *desk) source(ctx context.Context, address string) (*project.Source, error) {
	if running := d.sources[address]; running != nil {
		return running, nil
	}
	block, ok := d.cfg.Source(address)
	if !ok {
		return nil, fmt.Errorf("%s: %w", address, project.ErrSourceUnknown)
	}
	started, err := d.p.Source(ctx, block)
	if err != nil {
		return nil, err
	}
	d.sources[address] = started
	return started, nil
}

// find picks one application by its address, id, client or name.
func (d *desk) find(name string) (switchover.Progress, error) {
	return switchover.Find(d.progress, d.others(), name)
}

func (d *desk) others() []identity.Item { return slices.Collect(maps.Values(d.items)) }

// now is the moment as records have it.
func (d *desk) now() string { return d.p.Now().UTC().Format(time.RFC3339) }

// readLive reads of the target what tells whether applications are there and open.
func (d *desk) readLive(ctx context.Context) ([]identity.Resource, error) {
	opening, primary := switchover.OpeningTypes(d.schema.Resources), switchover.PrimaryTypes(d.schema.Resources)
	var live []identity.Resource
	_, err := d.target.Read(ctx, func(r identity.Resource) error {
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

func (d *desk) liveOf(p switchover.Progress, live []identity.Resource) switchover.Live {
	return switchover.LiveOf(p.Resource, live, switchover.OpeningTypes(d.schema.Resources), d.now())
}

// cutover is where an application stands. Live is nil where the target was not read now.
func (d *desk) cutover(p switchover.Progress, owner *config.Application,
	live *switchover.Live) (switchover.Cutover, error) {
	quiet, err := config.Duration(d.cfg.Rehome.RetireAfter, switchover.DefaultQuiet, "retire_after")
	if err != nil {
		return switchover.Cutover{}, err
	}
	facts := switchover.Facts{Progress: p, Record: d.record(p), Live: live, Quiet: quiet, Now: d.p.Now().UTC()}
	if owner != nil {
		facts.Date = owner.SwitchOn
	}
	return switchover.Of(facts), nil
}
