package standing

import (
	"context"
	"strings"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Sources are the sources of the migration, those that were archived too, with what is known of each; never nil.
func Sources(ctx context.Context, p *project.Project) ([]Source, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	s := standing{cfg: cfg, migration: migration, now: p.Now(), Report: &Report{Sources: []Source{}}}
	if err := s.readMigration(); err != nil {
		return nil, err
	}
	return s.Sources, s.readSources()
}

// Connection is how a source is reached, without anything secret.
type Connection struct {
	Source
	Provider  string           `json:"provider"`
	File      string           `json:"file,omitempty"` // of its block; empty for one that the configuration has no more
	Line      int              `json:"line,omitempty"`
	Arguments map[string]any   `json:"arguments"` // as they take effect, those that are secret or made of a secret left out
	Withheld  []string         `json:"withheld"`  // names of those that are set and not shown; never nil
	Snapshots []state.Snapshot `json:"snapshots"` // newest first; never nil
}

// ConnectionOf is one source by its address, or by its name where only one has it. Its plugin says which arguments are
// secret, and is neither configured nor given any.
func ConnectionOf(ctx context.Context, p *project.Project, name string) (*Connection, error) {
	all, err := Sources(ctx, p)
	if err != nil {
		return nil, err
	}
	var found []Source
	for _, source := range all {
		if source.Source == name || strings.HasSuffix(source.Source, "."+name) {
			found = append(found, source)
		}
	}
	if len(found) != 1 {
		return nil, diag.Errorf("source-unknown", "Source is not known",
			"There is %s of the name %q. rehome source list names them.", countOf(found), name)
	}
	c := &Connection{Source: found[0], Arguments: map[string]any{}, Withheld: []string{}, Snapshots: []state.Snapshot{}}
	c.Provider, _, _ = strings.Cut(c.Source.Source, ".")
	snapshots, err := p.Migration().Snapshots()
	if err != nil {
		return nil, err
	}
	for _, snapshot := range snapshots {
		if snapshot.Source == c.Source.Source {
			c.Snapshots = append(c.Snapshots, snapshot)
		}
	}
	block, configured := p.Config().Source(c.Source.Source)
	if !configured || c.Status != lifecycle.SourceConfigured {
		return c, nil
	}
	return c, c.readBlock(ctx, p, block)
}

func countOf(found []Source) string {
	if len(found) == 0 {
		return "none"
	}
	return "more than one"
}

func (c *Connection) readBlock(ctx context.Context, p *project.Project, block *config.ProviderBlock) error {
	c.File, c.Line = block.Range.File, block.Range.Start.Line
	plugins, err := p.Plugins()
	if err != nil {
		return err
	}
	schema, err := plugins.SourceSchema(ctx, block.Provider)
	if err != nil {
		return err
	}
	values, problems := p.Config().InPhase(p.Phase).DecodeOffline(block, schema)
	if problems.HasErrors() {
		return problems
	}
	c.Arguments = values
	set := block.Arguments()
	for _, attribute := range schema.Config {
		if _, shown := values[attribute.Name]; !shown && set[attribute.Name] {
			c.Withheld = append(c.Withheld, attribute.Name)
		}
	}
	return nil
}
