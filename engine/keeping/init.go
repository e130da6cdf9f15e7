package keeping

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// Initialised is what a folder was prepared with.
type Initialised struct {
	Providers []LockedProvider // sorted by name; those under development are not locked
	Recipient string           // for whom a new state is encrypted; empty where it has its key already
	Identity  string           // the file with the new key
}

// LockedProvider is a plugin whose checksum the lock file has.
type LockedProvider struct {
	Name, Version string
}

// Initialise prepares a folder: it makes the state and its key, and locks the plugins that the configuration needs.
// Upgrade accepts plugins that are not those of the lock file. The report is as far as it came where there is an error.
func Initialise(ctx context.Context, p *project.Project, upgrade bool) (*Initialised, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	done := &Initialised{}
	if err := done.makeIdentity(p); err != nil {
		return done, err
	}
	if err := keepOutOfGit(p.Folder); err != nil {
		return done, err
	}
	if _, err := p.State(ctx); err != nil {
		return done, err
	}
	// Two of them at a time would each write their half of the lock file.
	return done, p.Hold(ctx, state.WorkInit, "", "", func(ctx context.Context, _ state.Activity) error {
		return done.lockProviders(ctx, p, cfg, upgrade)
	})
}

// lockProviders writes the lock file.
func (i *Initialised) lockProviders(ctx context.Context, p *project.Project, cfg *config.Config, upgrade bool) error {
	plugins, err := p.Plugins()
	if err != nil {
		return err
	}
	for _, name := range cfg.Providers() {
		locked, err := lockProvider(ctx, plugins, cfg, name, upgrade)
		if err != nil {
			return err
		}
		if locked != nil {
			p.Fact("provider_locked", map[string]any{"provider": locked.Name, "version": locked.Version})
			i.Providers = append(i.Providers, *locked)
		}
	}
	return config.WriteLock(p.LockPath(), plugins.Lock())
}

// makeIdentity makes the key of a new state. A state whose key is lost gets no other one: it would stay closed.
func (i *Initialised) makeIdentity(p *project.Project) error {
	if p.Variable(state.KeyVariable) != "" {
		return nil
	}
	if _, err := os.Stat(p.IdentityPath()); errors.Is(err, fs.ErrNotExist) && p.HasState() {
		return fmt.Errorf("%w: there is a state, but not its identity file %s", state.ErrNoKey, p.IdentityPath())
	}
	recipient, made, err := state.MakeIdentity(p.IdentityPath())
	if err == nil && made {
		i.Recipient, i.Identity = recipient, p.IdentityPath()
	}
	return err
}

// lockProvider checks one plugin against the lock file, or adds it. One under development is used as it is and not
// locked: then there is none.
func lockProvider(ctx context.Context, p *project.Plugins, cfg *config.Config, name string, upgrade bool,
) (*LockedProvider, error) {
	o, err := p.Options(name)
	if err != nil || p.Overridden(name) {
		return nil, err
	}
	checksum, err := client.Checksum(o.Path)
	if err != nil {
		return nil, err
	}
	before, known := p.LockedChecksum(name)
	if known && before != checksum && !upgrade {
		return nil, diag.Errorf("plugin-checksum-mismatch", "Provider differs from lock",
			"The plugin of provider %q is not the one in %s.\n"+
				"If you changed it on purpose, run rehome init -upgrade and commit the lock file.", name, config.LockFileName)
	}
	o.SHA256 = checksum
	version, err := pluginVersion(ctx, cfg, o, name)
	if err != nil {
		return nil, err
	}
	if err := client.Satisfies(name, version, cfg.Rehome.RequiredProviders[name].Version); err != nil {
		return nil, err
	}
	p.Lock().Set(name, version, []string{project.Platform() + ":sha256:" + checksum})
	return &LockedProvider{name, version}, nil
}

// pluginVersion asks the plugin; whether it is a source or a target follows from where the configuration uses it.
func pluginVersion(ctx context.Context, cfg *config.Config, o client.Options, name string) (string, error) {
	if cfg.Target != nil && cfg.Target.Provider == name || cfg.Rehearsal != nil && cfg.Rehearsal.Provider == name {
		target, err := client.LaunchTarget(ctx, o)
		if err != nil {
			return "", err
		}
		defer target.Close()
		schema, err := target.Schema(ctx)
		return schema.Version, err
	}
	source, err := client.LaunchSource(ctx, o)
	if err != nil {
		return "", err
	}
	defer source.Close()
	schema, err := source.Schema(ctx)
	return schema.Version, err
}

// keepOutOfGit puts a .gitignore into .rehome, which holds the key of the state.
func keepOutOfGit(folder string) error {
	path := filepath.Join(folder, ".rehome", ".gitignore")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making the folder .rehome: %w", err)
	}
	if err := os.WriteFile(path, []byte("*\n"), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
