package planning

import (
	"context"
	"errors"
	"fmt"
	"os"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planfile"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// WriteFile writes the plan durably with mode 0600, encrypted for the team when it names people.
func WriteFile(ctx context.Context, p *project.Project, path string, of *plan.Plan) error {
	content, err := planfile.Seal(of, func() (planfile.Team, error) { return team(ctx, p) })
	if err != nil {
		return err
	}
	if err := project.WriteDurably(p.Path(path), content); err != nil {
		return fmt.Errorf("writing the plan file %s: %w", p.Path(path), err)
	}
	return nil
}

// team is who has an identity at hand, and whom the rehome block names.
func team(ctx context.Context, p *project.Project) (planfile.Team, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return planfile.Team{}, err
	}
	var made planfile.Team
	if made.PseudonymKey, err = migration.PseudonymKey(); err != nil {
		return made, err
	}
	identities, err := p.Identities()
	if err != nil {
		return made, err
	}
	known := map[string]bool{}
	add := func(recipient *age.X25519Recipient) {
		if !known[recipient.String()] {
			known[recipient.String()] = true
			made.Recipients = append(made.Recipients, recipient)
		}
	}
	for _, identity := range identities {
		if x, ok := identity.(*age.X25519Identity); ok {
			add(x.Recipient())
		}
	}
	block := p.Config().Rehome
	for _, text := range block.Recipients {
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			d := diag.Errorf("recipient-invalid", "Recipient is invalid", "%q in recipients is not an age public key (age1…).",
				text)
			d.Subject = &block.Range
			return made, d
		}
		add(recipient)
	}
	return made, nil
}

// ReadFile reads and checks a plan file; one that was changed by a byte is refused. An encrypted one opens with the
// identity of the state, which itself is not needed. Its people have the pseudonyms of its planner from here on.
func ReadFile(p *project.Project, path string) (*plan.Plan, error) {
	path = p.Path(path)
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the plan file: %w", err)
	}
	defer file.Close()
	read, key, err := planfile.Open(file, path, func() ([]age.Identity, error) {
		identities, err := p.Identities()
		if missing := (diag.Diagnostic{}); errors.As(err, &missing) {
			return nil, diag.Errorf("plan-file-key", "Plan file needs a key", "%s names people and is encrypted for the team. "+
				"It opens with an age identity of the team, in the identity file or in %s.", path, state.KeyVariable)
		}
		return identities, err
	})
	if key != nil {
		p.UsePeopleKey(key)
	}
	return read, err
}
