package planning

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planfile"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// WriteFile writes the plan durably with mode 0600, encrypted for the team when it names people.
func WriteFile(ctx context.Context, p *project.Project, path string, of *plan.Plan) error {
	key, err := planner(p)
	if err != nil {
		return err
	}
	content, err := planfile.Seal(of, key, func() (planfile.Team, error) { return team(ctx, p) })
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

// planner is the key with which this folder seals what it plans.
func planner(p *project.Project) (ed25519.PrivateKey, error) {
	identities, err := p.Identities()
	if err != nil {
		return nil, err
	}
	for _, identity := range identities {
		if x, ok := identity.(*age.X25519Identity); ok {
			return planfile.Planner(x)
		}
	}
	return nil, diag.Errorf("plan-file-key", "Plan file needs a key",
		"None of the identities at hand can seal a plan. Run rehome init, or set %s to an age identity.", state.KeyVariable)
}

// ReadFile reads and checks a plan file; one that was changed by a byte is refused, and one that was sealed by a
// planner whom nobody here trusts. An encrypted one opens with the identity of the state, which itself is not needed.
// Its people have the pseudonyms of its planner from here on.
func ReadFile(ctx context.Context, p *project.Project, path string) (*plan.Plan, error) {
	file, err := openFile(p, path)
	if err != nil {
		return nil, err
	}
	if own, err := isOwn(p, file.Planner); own || err != nil {
		return file.Plan, err
	}
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	trusted, err := trusts(cfg.Rehome, file.Planner)
	if err != nil {
		return nil, err
	}
	if !trusted {
		return nil, strangeFile(diag.Error, path, file)
	}
	return file.Plan, nil
}

// look reads a plan file to be shown only, for which no configuration is needed: a planner whom nobody here trusts is a
// warning of the plan, so that every view of it has it.
func look(ctx context.Context, p *project.Project, path string) (*plan.Plan, error) {
	file, err := openFile(p, path)
	if err != nil {
		return nil, err
	}
	if own, err := isOwn(p, file.Planner); own || err != nil {
		return file.Plan, err
	}
	trusted := false
	if cfg, err := p.Configuration(ctx); err == nil {
		if trusted, err = trusts(cfg.Rehome, file.Planner); err != nil {
			return nil, err
		}
	}
	if !trusted {
		file.Plan.Warnings = append(file.Plan.Warnings, strangeFile(diag.Warning, path, file))
	}
	return file.Plan, nil
}

func strangeFile(severity diag.Severity, path string, file planfile.File) diag.Diagnostic {
	d := diag.Errorf("plan-file-stranger", "Planner is not trusted",
		"%s is sealed by the planner %s. That is no identity at hand, and not in trusted_planners of the rehome block, so "+
			"when the plan was made, until when it holds and how old its snapshots are is only the word of the file.\n"+
			"If it is the planner of your pull requests, put its key into trusted_planners. Otherwise plan again here, or "+
			"apply "+
			"without the file: rehome apply -plan-hash=%s computes the plan from the snapshots of this state and compares.",
		path, planfile.PlannerText(file.Planner), file.Plan.PlanHash)
	d.Severity = severity
	return d
}

// trusts tells whether the configuration names a planner.
func trusts(block config.Rehome, key ed25519.PublicKey) (bool, error) {
	for _, text := range block.TrustedPlanners {
		named, err := planfile.ParsePlanner(text)
		if err != nil {
			d := diag.Errorf("planner-invalid", "Planner is invalid", "In trusted_planners, %v.", err)
			d.Subject = &block.Range
			return false, d
		}
		if named.Equal(key) {
			return true, nil
		}
	}
	return false, nil
}

// isOwn tells whether a planner is an identity at hand.
func isOwn(p *project.Project, key ed25519.PublicKey) (bool, error) {
	identities, err := p.Identities()
	if missing := (diag.Diagnostic{}); errors.As(err, &missing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, identity := range identities {
		x, ok := identity.(*age.X25519Identity)
		if !ok {
			continue
		}
		own, err := planfile.Planner(x)
		if err != nil {
			return false, err
		}
		if key.Equal(own.Public()) {
			return true, nil
		}
	}
	return false, nil
}

func openFile(p *project.Project, path string) (planfile.File, error) {
	path = p.Path(path)
	file, err := os.Open(path)
	if err != nil {
		return planfile.File{}, fmt.Errorf("reading the plan file: %w", err)
	}
	defer file.Close()
	read, err := planfile.Open(file, path, func() ([]age.Identity, error) {
		identities, err := p.Identities()
		if missing := (diag.Diagnostic{}); errors.As(err, &missing) {
			return nil, diag.Errorf("plan-file-key", "Plan file needs a key", "%s names people and is encrypted for the team. "+
				"It opens with an age identity of the team, in the identity file or in %s.", path, state.KeyVariable)
		}
		return identities, err
	})
	if err != nil {
		return planfile.File{}, err
	}
	if read.PeopleKey != nil {
		p.UsePeopleKey(read.PeopleKey)
	}
	return read, nil
}
