package reading

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// CollectNamed collects the named sources, or all of them, one after the other, and hands out each snapshot when it is
// complete. The first failure ends it.
func CollectNamed(ctx context.Context, p *project.Project, names []string, each func(state.Snapshot)) error {
	migration, err := p.StateForChange(ctx)
	if err != nil {
		return err
	}
	blocks, err := chosen(p.Config(), names)
	if err != nil {
		return archivedOr(migration, names, err)
	}
	for _, block := range blocks {
		snapshot, err := Collect(ctx, p, block)
		if err != nil {
			return err
		}
		each(snapshot)
	}
	return nil
}

func chosen(cfg *config.Config, names []string) ([]*config.ProviderBlock, error) {
	if len(cfg.Sources) == 0 {
		return nil, errors.New("the configuration has no source block, so there is nothing to read")
	}
	if len(names) == 0 {
		return cfg.SourceBlocks(), nil
	}
	blocks := make([]*config.ProviderBlock, 0, len(names))
	for _, name := range names {
		block, ok := cfg.Source(name)
		if !ok {
			return nil, diag.Errorf("source-unknown", "Source is not known", "The configuration has no source %s; it has %s.",
				phrase.Clean(name), strings.Join(cfg.SourceNames(), ", "))
		}
		blocks = append(blocks, block)
	}
	return blocks, nil
}

// archivedOr says of a name that the configuration does not have that it is an archived source, where it is one.
func archivedOr(migration *state.Migration, names []string, otherwise error) error {
	recorded, err := migration.Recorded()
	if err != nil {
		return otherwise
	}
	for _, name := range names {
		if err := recorded.MayUse(name); err != nil {
			return err
		}
	}
	return otherwise
}

// collected lets a plugin be collected from by the engine: the two sides name the same handler differently.
type collected struct {
	*project.Source
	is func(contract.SourceIdentity) error // whether it is who it must be
}

// Identify implements inventory.Source.
func (c collected) Identify(ctx context.Context) (contract.SourceIdentity, error) {
	who, err := c.Source.Identify(ctx)
	if err != nil {
		return who, err
	}
	return who, c.is(who)
}

// sameAsBefore refuses a source that answers as another organisation than it did: its items would be compared with, and
// bound to, what was made of the other's. The block says where that is meant.
func sameAsBefore(p *project.Project, block *config.ProviderBlock) func(contract.SourceIdentity) error {
	return func(who contract.SourceIdentity) error {
		before, err := p.Migration().LatestSnapshot(block.Address())
		if errors.Is(err, state.ErrNotFound) || err == nil && (before.Tenant == "" || before.Tenant == who.Tenant ||
			before.Tenant == block.MovedFrom) {
			return nil
		}
		if err != nil {
			return err
		}
		d := diag.Errorf("source-moved", "Source is another organisation", "%s answered as %s until now, and answers as %s. "+
			"Nothing was read.\nPut the address back; or, if it is meant, say so in the source block: moved_from = %q.",
			block.Address(), phrase.Clean(before.Tenant), phrase.Clean(who.Tenant), phrase.Clean(before.Tenant))
		d.Subject = &block.Range
		return d
	}
}

// Collect implements inventory.Source.
func (c collected) Collect(ctx context.Context, handler inventory.Handler) error {
	return c.Source.Collect(ctx, handler)
}

// Collect makes one snapshot of a source: completed, or failed with its reason kept. One source is collected once at a
// time, by whichever process holds its record.
func Collect(ctx context.Context, p *project.Project, block *config.ProviderBlock) (state.Snapshot, error) {
	if _, err := p.StateForChange(ctx); err != nil {
		return state.Snapshot{}, err
	}
	source, err := p.Source(ctx, block)
	if err != nil {
		return state.Snapshot{}, err
	}
	defer source.Close()
	var snapshot state.Snapshot
	name, id := block.Address(), p.NewID("s")
	err = p.Hold(ctx, state.WorkCollect, name, id, func(ctx context.Context, _ state.Activity) (err error) {
		snapshot, err = fill(ctx, p, source, block, id)
		return err
	})
	return snapshot, err
}

// fill reads the source into the snapshot of the id. The collection of the source is this process's alone.
func fill(ctx context.Context, p *project.Project, source *project.Source, block *config.ProviderBlock, id string,
) (state.Snapshot, error) {
	name := block.Address()
	if err := p.CloseUnfinished(ctx); err != nil {
		return state.Snapshot{}, err
	}
	schema, err := source.Schema(ctx)
	if err != nil {
		return state.Snapshot{}, err
	}
	writer, err := p.Migration().BeginSnapshot(state.Snapshot{
		ID: id, Source: name, StartedAt: p.Now().UTC(), Unread: schema.Unread,
	})
	if err != nil {
		return state.Snapshot{}, err
	}
	p.Fact("collect_started", map[string]any{"source": name, "snapshot": writer.ID()})
	who, err := inventory.Collect(ctx, collected{source, sameAsBefore(p, block)}, writer, func(items map[identity.Kind]int, pages int) {
		p.Events.Send(project.Progress{Text: fmt.Sprintf("  reading %s: %s", name, readSoFar(total(items), pages))})
	})
	p.Events.Send(project.Progress{End: true})
	if err != nil {
		return failed(p, writer, name, err)
	}
	snapshot, err := writer.Complete(p.Now().UTC(), who.Tenant, p.Event(audit.InventoryCollected, name,
		map[string]string{"tenant": who.Tenant, "snapshot": writer.ID()}))
	if err != nil {
		return snapshot, err
	}
	p.Fact("collect_completed", map[string]any{
		"source": name, "snapshot": snapshot.ID, "items": snapshot.Items, "pages": snapshot.Pages,
	})
	return snapshot, nil
}

func failed(p *project.Project, writer *state.SnapshotWriter, name string, cause error) (state.Snapshot, error) {
	page := inventory.PageAtFault(cause)
	snapshot, err := writer.Fail(cause.Error(), page, p.Event(audit.InventoryFailed, name,
		map[string]string{"snapshot": writer.ID(), "reason": cause.Error(), "page": page}))
	cause = fmt.Errorf("collecting %s, after %s: %w", name, readSoFar(snapshot.Total(), snapshot.Pages), cause)
	return snapshot, errors.Join(cause, err)
}

func readSoFar(items, pages int) string {
	return phrase.Plural(items, "item", "items") + " on " + phrase.Plural(pages, "page", "pages")
}

func total(counts map[identity.Kind]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}
