package project

import (
	"context"
	"errors"
	"fmt"

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
		block, ok := cfg.Source(reference.Source)
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
