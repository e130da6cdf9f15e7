package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

func collectCommand() Command {
	return Command{
		Path: "collect", Args: "[source...]",
		Group: groupUsual,
		Class: classManage,
		Codes: []config.Code{
			{Code: "source-unknown", Cause: "The configuration has no source of that name.", Cure: "Use one of those that the message names, such as okta.corp."},
		},
		Short:   "Read the incumbents into snapshots",
		Long:    "Collect reads every source, or the named ones, and keeps what it reads as a snapshot. It never writes to a source.",
		Example: "  rehome collect\n  rehome collect okta.corp",
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runCollect(ctx, s, r.args)
		},
	}
}

func runCollect(ctx context.Context, s *session, names []string) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if _, err := s.openForChange(); err != nil {
		return err
	}
	blocks, err := chosenSources(cfg, names)
	if err != nil {
		return explainArchived(s, names, err)
	}
	for _, block := range blocks {
		if _, err := collectSource(ctx, s, block); err != nil {
			return err
		}
	}
	s.next("rehome assess")
	return nil
}

func chosenSources(cfg *config.Config, names []string) ([]*config.ProviderBlock, error) {
	if len(names) == 0 {
		if len(cfg.Sources) == 0 {
			return nil, errors.New("the configuration has no source block, so there is nothing to read")
		}
		return allSources(cfg), nil
	}
	var blocks []*config.ProviderBlock
	for _, name := range names {
		block, ok := project.FindSource(cfg, name)
		if !ok {
			return nil, diag.Errorf("source-unknown", "Source is not known", "The configuration has no source %s; it has %s.", view.Clean(name), strings.Join(sourceNames(cfg), ", "))
		}
		blocks = append(blocks, block)
	}
	return blocks, nil
}

func sourceNames(cfg *config.Config) []string {
	names := make([]string, 0, len(cfg.Sources))
	for _, block := range cfg.Sources {
		names = append(names, block.Address())
	}
	return names
}

// collecting lets a plugin be collected from by the engine: the two sides name the same handler differently.
type collecting struct{ *client.Source }

func (c collecting) Collect(ctx context.Context, handler inventory.Handler) error {
	return c.Source.Collect(ctx, handler)
}

// collectSource makes one snapshot: completed, or failed with its reason kept.
func collectSource(ctx context.Context, s *session, block *config.ProviderBlock) (state.Snapshot, error) {
	name := block.Address()
	if _, err := s.openForChange(); err != nil {
		return state.Snapshot{}, err
	}
	providers, err := s.providers()
	if err != nil {
		return state.Snapshot{}, err
	}
	source, err := providers.source(ctx, block, s.cfg)
	if err != nil {
		return state.Snapshot{}, err
	}
	defer source.Close()
	id, snapshot := s.NewID("s"), state.Snapshot{}
	err = s.Hold(ctx, state.WorkCollect, name, id, func(ctx context.Context, _ state.Activity) (err error) {
		snapshot, err = readSource(ctx, s, source, name, id)
		return err
	})
	return snapshot, err
}

// readSource fills one snapshot. The collection of the source is this process's alone.
func readSource(ctx context.Context, s *session, source *client.Source, name, id string) (state.Snapshot, error) {
	if err := s.closeUnfinished(); err != nil {
		return state.Snapshot{}, err
	}
	schema, err := source.Schema(ctx)
	if err != nil {
		return state.Snapshot{}, err
	}
	writer, err := s.store.BeginSnapshot(state.Snapshot{ID: id, Source: name, StartedAt: s.env.now().UTC(), Unread: schema.Unread})
	if err != nil {
		return state.Snapshot{}, err
	}
	s.events.emit("collect_started", map[string]any{"source": name, "snapshot": writer.ID()})
	bar := newProgress(s.env, s.global, s.events)
	who, err := inventory.Collect(ctx, collecting{source}, writer, func(items map[identity.Kind]int, pages int) {
		bar.show(fmt.Sprintf("  reading %s: %s on %s", name, view.Plural(sum(items), "item", "items"), view.Plural(pages, "page", "pages")))
	})
	bar.end()
	if err != nil {
		return failCollection(s, writer, name, err)
	}
	snapshot, err := writer.Complete(s.env.now().UTC(), who.Tenant, s.event("migration.inventory.collected", name, map[string]string{"tenant": who.Tenant, "snapshot": writer.ID()}))
	if err != nil {
		return snapshot, err
	}
	s.events.emit("collect_completed", map[string]any{"source": name, "snapshot": snapshot.ID, "items": snapshot.Items, "pages": snapshot.Pages})
	if !s.global.json {
		printSnapshot(s, snapshot)
	}
	return snapshot, nil
}

func failCollection(s *session, writer *state.SnapshotWriter, name string, cause error) (state.Snapshot, error) {
	page := inventory.PageAtFault(cause)
	snapshot, err := writer.Fail(cause.Error(), page, s.event("migration.inventory.collection_failed", name, map[string]string{"snapshot": writer.ID(), "reason": cause.Error(), "page": page}))
	read := fmt.Sprintf("collecting %s, after %s on %s", name, view.Plural(snapshot.Total(), "item", "items"), view.Plural(snapshot.Pages, "page", "pages"))
	return snapshot, errors.Join(fmt.Errorf("%s: %w", read, cause), err)
}

func printSnapshot(s *session, snapshot state.Snapshot) {
	fmt.Fprintf(s.env.out, "%s  %s on %s, snapshot %s\n", snapshot.Source, view.Plural(snapshot.Total(), "item", "items"), view.Plural(snapshot.Pages, "page", "pages"), snapshot.ID)
	kinds := make([]string, 0, len(snapshot.Items))
	for kind := range snapshot.Items {
		kinds = append(kinds, string(kind))
	}
	sort.Strings(kinds)
	for _, kind := range kinds {
		fmt.Fprintf(s.env.out, "  %-20s %7s\n", kind, view.Count(snapshot.Items[identity.Kind(kind)]))
	}
	for _, gap := range snapshot.Gaps {
		fmt.Fprintf(s.env.out, "! gap  %s\n", gapText(gap))
	}
}

func sum(counts map[identity.Kind]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

func allSources(cfg *config.Config) []*config.ProviderBlock {
	blocks := make([]*config.ProviderBlock, 0, len(cfg.Sources))
	for i := range cfg.Sources {
		blocks = append(blocks, &cfg.Sources[i])
	}
	return blocks
}
