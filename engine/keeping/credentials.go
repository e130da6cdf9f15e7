package keeping

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// SetCredential asks for a secret and keeps it, encrypted, under a name that the configuration refers to. It is bound
// to the addresses in addresses, or else to those of the blocks that use it now: nobody who changes one later is sent
// it.
func SetCredential(ctx context.Context, p *project.Project, name string, addresses []string) ([]string, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	bound, err := boundTo(cfg, name, addresses)
	if err != nil {
		return nil, err
	}
	value, err := p.Ask.Secret(ctx, "Value (not shown): ")
	if err != nil {
		return nil, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	event := p.Event(audit.CredentialSet, name, map[string]string{"for": strings.Join(bound, " ")})
	if err := migration.PutCredential(name, state.Credential{Value: value, For: bound}, event); err != nil {
		return nil, fmt.Errorf("keeping credential %s: %w", name, err)
	}
	return bound, nil
}

// boundTo checks the addresses that were given, or finds those of the configuration.
func boundTo(cfg *config.Config, name string, given []string) ([]string, error) {
	if len(given) == 0 {
		if found := cfg.CredentialAddresses(name); len(found) > 0 {
			return found, nil
		}
		return nil, diag.Errorf("credential-address-unknown", "Address of the credential is not known",
			"No block uses credential(%q) yet, so it is not known where it may be sent.\nSay it with -for=https://…, or write "+
				"the block first.", phrase.Clean(name))
	}
	bound := make([]string, 0, len(given))
	for _, text := range given {
		address, ok := config.Address(text)
		if !ok && slices.Contains(cfg.Providers(), text) {
			address, ok = text, true
		}
		if !ok {
			return nil, diag.Errorf("credential-address-unknown", "Address of the credential is not known",
				"%q is neither an address that begins with https:// nor a provider of the configuration.", phrase.Clean(text))
		}
		bound = append(bound, address)
	}
	slices.Sort(bound)
	return slices.Compact(bound), nil
}

// Credential is what is told of a secret that is kept.
type Credential struct {
	Name string   `json:"name"`
	For  []string `json:"for"` // where it may be sent; empty for one that an earlier version kept, which goes nowhere
}

// Credentials are the secrets that are kept, sorted by name; never nil.
func Credentials(ctx context.Context, p *project.Project) ([]Credential, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	names, err := migration.CredentialNames()
	all := []Credential{}
	for _, name := range names {
		kept, err := migration.Credential(name)
		if err != nil {
			return nil, fmt.Errorf("reading credential %s: %w", name, err)
		}
		all = append(all, Credential{Name: name, For: append([]string{}, kept.For...)})
	}
	return all, err
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
