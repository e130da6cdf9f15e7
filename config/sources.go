package config

import (
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
)

// SourceBlocks are the source blocks, in the order of the configuration.
func (c *Config) SourceBlocks() []*ProviderBlock {
	blocks := make([]*ProviderBlock, 0, len(c.Sources))
	for i := range c.Sources {
		blocks = append(blocks, &c.Sources[i])
	}
	return blocks
}

// SourceNames are the addresses of the source blocks, such as okta.corp, in the order of the configuration.
func (c *Config) SourceNames() []string {
	names := make([]string, 0, len(c.Sources))
	for i := range c.Sources {
		names = append(names, c.Sources[i].Address())
	}
	return names
}

// Source finds the source block of an address.
func (c *Config) Source(address string) (*ProviderBlock, bool) {
	for i := range c.Sources {
		if c.Sources[i].Address() == address {
			return &c.Sources[i], true
		}
	}
	return nil, false
}

// Providers names the providers of all blocks, sorted.
func (c *Config) Providers() []string {
	names := map[string]bool{}
	for _, block := range append(c.SourceBlocks(), c.Target, c.Rehearsal) {
		if block != nil {
			names[block.Provider] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Mapper applies the map blocks to items.
func (c *Config) Mapper() *merge.Mapper { return merge.NewMapper(c.Maps, kinds.Restate) }

// Declared is what the rollback and evidence blocks say.
func (c *Config) Declared() declaration.Declared {
	return declaration.Declared{Rollback: c.Rollback, Evidence: c.Evidence}
}

// Arguments are the names of the arguments that the block states, whatever they are worth.
func (p ProviderBlock) Arguments() map[string]bool {
	stated := map[string]bool{}
	attributes, _ := p.body.JustAttributes() // a block in it is refused where it is decoded
	for name := range attributes {
		stated[name] = true
	}
	return stated
}
