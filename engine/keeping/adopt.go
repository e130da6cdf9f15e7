package keeping

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Adopted is a target that was taken over.
type Adopted struct {
	Target   string // its address in the configuration
	To       string // the migration that has it now
	Bindings int    // how many things the archived migration made there
}

// Adopt gives the target of an archived migration to that of the configuration: the marker names it, and what the other
// one made there is found by the next plan as its own. Both are of one tenant and in this state.
func Adopt(ctx context.Context, p *project.Project, from string) (*Adopted, error) {
	migration, err := p.StateForChange(ctx)
	if err != nil {
		return nil, err
	}
	to, err := migration.Recorded()
	if err != nil {
		return nil, err
	}
	block, tenant := p.Config().Target, p.Config().Migration.Tenant
	before := p.Store().Migration(from, tenant)
	archived, err := before.Recorded()
	if errors.Is(err, state.ErrNotFound) {
		return nil, diag.Errorf("adopt-unknown", "Migration is not known", "This state has no migration %q of tenant %q. "+
			"Adopt with the state of the machine that applied.", phrase.Clean(from), phrase.Clean(tenant))
	}
	if err != nil {
		return nil, err
	}
	if err := lifecycle.MayFollow(archived, to); err != nil {
		return nil, err
	}
	target, _, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	if err := apply.Adopt(ctx, target, archived, to, p.Now); err != nil {
		return nil, err
	}
	adopted := p.Event(audit.TargetAdopted, block.Address(), map[string]string{"from": from})
	bindings, err := migration.Adopt(before, adopted)
	if err != nil {
		return nil, fmt.Errorf("the marker is written, but the state did not take over the bindings; run the same "+
			"command again: %w", err)
	}
	return &Adopted{Target: block.Address(), To: to.Name, Bindings: bindings}, nil
}
