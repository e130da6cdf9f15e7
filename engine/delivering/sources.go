package delivering

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/client"
)

// Sources asks sources for secrets at the moment when they are needed, starting each on first use. It is for one
// goroutine.
type Sources struct {
	project *project.Project
	running map[string]*client.Source // by address
}

// SourcesOf are those of the project's configuration. The caller closes them.
func SourcesOf(p *project.Project) *Sources {
	return &Sources{project: p, running: map[string]*client.Source{}}
}

// Secret implements apply.Sources.
func (s *Sources) Secret(ctx context.Context, reference identity.SecretReference) (string, error) {
	source := s.running[reference.Source]
	if source == nil {
		cfg, err := s.project.Configuration(ctx)
		if err != nil {
			return "", err
		}
		block, ok := cfg.Source(reference.Source)
		if !ok {
			return "", fmt.Errorf("%s: %w", reference.Source, project.ErrSourceUnknown)
		}
		if source, err = s.project.Source(ctx, block); err != nil {
			return "", err
		}
		s.running[reference.Source] = source
	}
	value, err := source.Secret(ctx, reference.Item, reference.Field)
	if err != nil {
		return "", err
	}
	plugins, err := s.project.Plugins()
	if err != nil {
		return "", err
	}
	plugins.Hide(value)
	return value, nil
}

// Close ends the sources that were started.
func (s *Sources) Close() {
	for _, source := range s.running {
		source.Close()
	}
}
