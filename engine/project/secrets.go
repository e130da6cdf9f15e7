package project

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/client"
)

// ErrSourceUnknown says that the configuration has no source of that address.
var ErrSourceUnknown = errors.New("the configuration has no such source")

// SecretSources asks sources for secrets at the moment when they are needed, starting each on first use. It is for one
// goroutine.
type SecretSources struct {
	project *Project
	running map[string]*client.Source // by address
}

// SecretSources of the configuration. The caller closes them.
func (p *Project) SecretSources() *SecretSources {
	return &SecretSources{project: p, running: map[string]*client.Source{}}
}

// Secret implements apply.Sources.
func (s *SecretSources) Secret(ctx context.Context, reference identity.SecretReference) (string, error) {
	source := s.running[reference.Source]
	if source == nil {
		cfg, err := s.project.Configuration(ctx)
		if err != nil {
			return "", err
		}
		block, ok := FindSource(cfg, reference.Source)
		if !ok {
			return "", fmt.Errorf("%s: %w", reference.Source, ErrSourceUnknown)
		}
		if source, err = s.project.Source(ctx, block); err != nil {
			return "", err
		}
		s.running[reference.Source] = source
	}
	value, err := source.Secret(ctx, reference.Item, reference.Field)
	if err == nil {
		s.project.plugins.Hide(value)
	}
	return value, err
}

// Close ends the sources that were started.
func (s *SecretSources) Close() {
	for _, source := range s.running {
		source.Close()
	}
}

// FindSource finds the block of provider.name.
func FindSource(cfg *config.Config, address string) (*config.ProviderBlock, bool) {
	for i := range cfg.Sources {
		if cfg.Sources[i].Address() == address {
			return &cfg.Sources[i], true
		}
	}
	return nil, false
}

// Providers names the providers of a configuration, sorted.
func Providers(cfg *config.Config) []string {
	names := map[string]bool{}
	for i := range cfg.Sources {
		names[cfg.Sources[i].Provider] = true
	}
	for _, block := range []*config.ProviderBlock{cfg.Target, cfg.Rehearsal} {
		if block != nil {
			names[block.Provider] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
