package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// secretVaults delivers the secrets of applications to those who own them: with secret_recipients blocks -secrets-out is a folder with
// one file an owner, encrypted for that owner; what no block means goes into a file of its own there.
type secretVaults struct {
	out    string // what -secrets-out says
	rest   *secretVault
	owners map[string]*secretVault // by the name of the block
	owner  map[identity.ResourceID]string
}

// destination of secrets, as the command line names it.
type destination struct {
	out        string
	recipients []string
	terminal   io.Writer // nil when secrets may not be printed
	earlier    []string  // where earlier parts of the same run were told to write
}

func newSecretVaults(cfg *config.Config, steps []plan.Step, to destination) (*secretVaults, error) {
	ours := slices.Contains(to.earlier, to.out)
	v := &secretVaults{out: to.out, owners: map[string]*secretVault{}, owner: map[identity.ResourceID]string{}}
	path, err := to.out, error(nil)
	if len(cfg.SecretRecipients) > 0 && to.out != "" {
		if err := state.MakeFolder(to.out); err != nil {
			return nil, fmt.Errorf("making the folder of -secrets-out: %w", err)
		}
		path = filepath.Join(to.out, "secrets.json")
		if len(to.recipients) > 0 {
			path = filepath.Join(to.out, "secrets.age")
		}
	}
	if v.rest, err = newSecretVault(path, to.recipients, to.terminal, ours); err != nil || to.out == "" {
		return v, err
	}
	for _, step := range steps {
		block := cfg.SecretRecipientsOf(namesOf(step)...)
		if block == nil || len(step.AfterUnknown) == 0 {
			continue
		}
		v.owner[step.Resource] = block.Name
		if v.owners[block.Name] != nil {
			continue
		}
		if v.owners[block.Name], err = newSecretVault(filepath.Join(to.out, block.Name+".age"), block.Recipients, nil, ours); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// namesOf are the names by which a secret_recipients block can mean a step: that of its resource and those of its items.
func namesOf(step plan.Step) []string {
	names := []string{step.Resource.Key}
	for _, item := range step.Items {
		names = append(names, item.Name)
	}
	return names
}

// ready tells whether a generated secret has somewhere to go.
func (v *secretVaults) ready() bool { return v.out != "" || v.rest.ready() }

// Deliver implements apply.Vault.
func (v *secretVaults) Deliver(resource identity.ResourceID, attribute, value string) error {
	if owner := v.owners[v.owner[resource]]; owner != nil {
		return owner.Deliver(resource, attribute, value)
	}
	return v.rest.Deliver(resource, attribute, value)
}

// handing tells, of an apply, what to do about a secret that could not be delivered.
type handing struct{ *secretVaults }

// Deliver implements apply.Vault.
func (v handing) Deliver(resource identity.ResourceID, attribute, value string) error {
	err := v.secretVaults.Deliver(resource, attribute, value)
	if err == nil || resource.Type != "client" {
		return err
	}
	return fmt.Errorf("%w. Mend that and run the same apply again or, when the target does not give the secret out twice, make a new one: rehome credentials rotate-client %s -secrets-out=FILE", err, quoted(resource.Key))
}

// quoted is an argument as a shell takes it.
func quoted(argument string) string {
	if argument != "" && strings.Trim(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+,=") == "" {
		return argument
	}
	return "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
}

// report says where the secrets are.
func (v *secretVaults) report(w io.Writer) {
	names := make([]string, 0, len(v.owners))
	for name := range v.owners {
		names = append(names, name)
	}
	slices.Sort(names)
	all := []*secretVault{v.rest}
	for _, name := range names {
		all = append(all, v.owners[name])
	}
	for _, one := range all {
		if one == nil || len(one.given) == 0 {
			continue
		}
		to := ""
		if len(one.recipients) > 0 {
			to = ", encrypted for " + view.Plural(len(one.recipients), "recipient", "recipients")
		}
		fmt.Fprintf(w, "%s written to %s%s; they are stored nowhere else.\n", view.Plural(len(one.given), "client secret", "client secrets"), view.Clean(strings.TrimSpace(one.path)), to)
	}
}
