package keeping

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// SetCredential asks for a secret and keeps it, encrypted, under a name that the configuration refers to.
func SetCredential(ctx context.Context, p *project.Project, name string) error {
	value, err := p.Ask.Secret(ctx, "Value (not shown): ")
	if err != nil {
		return err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return err
	}
	if err := migration.PutCredential(name, value, p.Event(audit.CredentialSet, name, nil)); err != nil {
		return fmt.Errorf("keeping credential %s: %w", name, err)
	}
	return nil
}

// Credentials are the names that are kept, sorted; never nil.
func Credentials(ctx context.Context, p *project.Project) ([]string, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	names, err := migration.CredentialNames()
	return append([]string{}, names...), err
}

// DeleteCredential forgets a secret.
func DeleteCredential(ctx context.Context, p *project.Project, name string) error {
	migration, err := p.State(ctx)
	if err != nil {
		return err
	}
	err = migration.DeleteCredential(name, p.Event(audit.CredentialDeleted, name, nil))
	if errors.Is(err, state.ErrNotFound) {
		return diag.Errorf("credential-unknown", "Credential is not known",
			"No credential %q is kept; rehome credentials list shows the names.", phrase.Clean(name))
	}
	if err != nil {
		return fmt.Errorf("forgetting credential %s: %w", name, err)
	}
	return nil
}
