package delivering

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state/fault"
)

// Destination of one-time secrets.
type Destination struct {
	Out        string    // a new file, or folder where there are secret_recipients blocks
	Recipients []string  // age public keys to encrypt for
	Terminal   io.Writer // of whom may see them where there is no Out; nil when they may not be shown
	earlier    []string  // where earlier parts of the same run were told to write
}

// After is the destination of a run that goes on: what its earlier parts wrote is left as it is.
func (d Destination) After(earlier []string) Destination {
	d.earlier = earlier
	return d
}

// ForNobody is the destination of secrets that nobody needs.
func ForNobody() Destination { return Destination{Terminal: nowhere{}} }

// nowhere takes secrets that are for nobody.
type nowhere struct{}

// Write implements io.Writer.
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// Vault delivers the secrets of applications to those who own them: with secret_recipients blocks Out is a folder with
// one file an owner, encrypted for that owner; what no block means goes into a file of its own there.
type Vault struct {
	out    string // what Destination says
	rest   *outlet
	owners map[string]*outlet // by the name of the block
	owner  map[identity.ResourceID]string
}

// Open checks the destination for the secrets of the steps. It makes no file yet.
func Open(p *project.Project, steps []plan.Step, to Destination) (*Vault, error) {
	cfg, out := p.Config(), p.Path(to.Out)
	ours := slices.Contains(to.earlier, out)
	v := &Vault{out: out, owners: map[string]*outlet{}, owner: map[identity.ResourceID]string{}}
	path, err := out, error(nil)
	if len(cfg.SecretRecipients) > 0 && out != "" {
		if err := fault.MakeFolder(out); err != nil {
			return nil, fmt.Errorf("making the folder of -secrets-out: %w", err)
		}
		path = filepath.Join(out, "secrets.json")
		if len(to.Recipients) > 0 {
			path = filepath.Join(out, "secrets.age")
		}
	}
	if v.rest, err = openOutlet(path, to.Recipients, to.Terminal, ours); err != nil {
		return nil, err
	}
	if out == "" {
		return v, nil
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
		v.owners[block.Name], err = openOutlet(filepath.Join(out, block.Name+".age"), block.Recipients, nil, ours)
		if err != nil {
			return nil, err
		}
	}
	return v, nil
}

// namesOf are the names by which a secret_recipients block can mean a step: that of its resource and those of its
// items.
func namesOf(step plan.Step) []string {
	names := []string{step.Resource.Key}
	for _, item := range step.Items {
		names = append(names, item.Name)
	}
	return names
}

// Ready tells whether a generated secret has somewhere to go.
func (v *Vault) Ready() bool { return v.out != "" || v.rest.ready() }

// Give hands a secret to the owner of its resource.
func (v *Vault) Give(resource identity.ResourceID, attribute, value string) error {
	if owner := v.owners[v.owner[resource]]; owner != nil {
		return owner.Deliver(resource, attribute, value)
	}
	return v.rest.Deliver(resource, attribute, value)
}

// Deliver is Give as apply.Vault wants it. It tells what to do about a secret that could not be delivered.
func (v *Vault) Deliver(resource identity.ResourceID, attribute, value string) error {
	err := v.Give(resource, attribute, value)
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w. Mend that and run the same apply again or, when the target does not give the secret out "+
		"twice, make a new one: rehome credentials rotate-client %s -secrets-out=FILE", err, quoted(resource.Key))
}

// quoted is an argument as a shell takes it.
func quoted(argument string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+,="
	if argument != "" && strings.Trim(argument, plain) == "" {
		return argument
	}
	return "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
}

// Out is the file or folder that was named, empty for none.
func (v *Vault) Out() string { return v.out }

// Delivered says where the secrets are that went into files.
func (v *Vault) Delivered() []apply.Delivered {
	all := []*outlet{v.rest}
	for _, name := range slices.Sorted(maps.Keys(v.owners)) {
		all = append(all, v.owners[name])
	}
	var found []apply.Delivered
	for _, one := range all {
		if len(one.given) > 0 {
			found = append(found, apply.Delivered{Path: one.path, Secrets: len(one.given), Encrypted: len(one.recipients)})
		}
	}
	return found
}
