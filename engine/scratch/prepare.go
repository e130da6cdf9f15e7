package scratch

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/project"
)

// Prepare writes into a new file what a throw-away target is made of: the settings of the target without people,
// secrets, and ways to reach anybody outside. As is how it will be called; empty leaves that to the target.
func Prepare(ctx context.Context, p *project.Project, file, as string) (*observation.Blueprint, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	target, schema, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	address := p.Config().Target.Address()
	if fileArgument(schema) != "" {
		return nil, diag.Errorf("rehearsal-needs-no-copy", "Target needs no copy",
			"The target %s is a file, and a rehearsal works on a copy of its own. Name the file in a rehearsal block.", address)
	}
	blueprint, err := target.Blueprint(ctx, as)
	if err != nil {
		return nil, err
	}
	f, err := project.NewPrivateFile(p.Path(file))
	if err != nil {
		return nil, err
	}
	_, err = f.Write(blueprint.Document)
	if err := f.Close(err); err != nil {
		return nil, err
	}
	facts := map[string]string{"name": blueprint.Name, "stripped": fmt.Sprint(len(blueprint.Stripped))}
	if err := migration.Note(p.Event(audit.RehearsalPrepared, address, facts)); err != nil {
		return nil, fmt.Errorf("recording the copy of the settings: %w", err)
	}
	return &blueprint, nil
}
