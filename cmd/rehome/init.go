package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

func initCommand() Command {
	upgrade := false
	return Command{
		Path:  "init",
		Group: groupUsual,
		Class: classBegin,
		Codes: []config.Code{
			{Code: "version-constraint-invalid", Cause: "A version constraint does not read.", Cure: "Write it as >= 0.1.0."},
		},
		Short: "Prepare this folder: plugins, lock file, state",
		Long: `Init finds the plugins that the configuration needs, writes their versions and checksums into ` + lockFileName + `,
and prepares the encrypted state. Plugins are looked for in -plugin-dir, REHOME_PLUGIN_DIR, next to the rehome
binary, and in ~/.local/share/rehome/plugins. Commit the lock file; never commit .rehome.`,
		Example: "  rehome init\n  rehome init -upgrade",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&upgrade, "upgrade", false, "accept plugins whose checksum differs from the lock file")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runInit(ctx, s, upgrade)
		},
	}
}

func runInit(ctx context.Context, s *session, upgrade bool) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if err := prepareIdentity(s, cfg); err != nil {
		return err
	}
	if err := keepOutOfGit(s.folder); err != nil {
		return err
	}
	if _, err := s.openState(); err != nil {
		return err
	}
	err = s.Hold(ctx, state.WorkInit, "", "", func(ctx context.Context, _ state.Activity) error { return lockProviders(ctx, s, cfg, upgrade) })
	if err != nil {
		return err
	}
	s.next("rehome collect")
	return nil
}

// lockProviders writes the lock file. Two of them would each write their half.
func lockProviders(ctx context.Context, s *session, cfg *config.Config, upgrade bool) error {
	providers, err := s.providers()
	if err != nil {
		return err
	}
	lock := providers.Lock()
	for _, name := range project.Providers(cfg) {
		if err := lockProvider(ctx, s, providers, lock, name, upgrade); err != nil {
			return err
		}
	}
	return config.WriteLock(filepath.Join(s.folder, lockFileName), lock)
}

// prepareIdentity makes the identity of a new state.
func prepareIdentity(s *session, cfg *config.Config) error {
	if s.env.getenv(state.KeyVariable) == "" {
		if _, err := os.Stat(s.IdentityPath()); errors.Is(err, os.ErrNotExist) && s.HasState() {
			return fmt.Errorf("%w: there is a state, but not its identity file %s", state.ErrNoKey, s.IdentityPath())
		}
		recipient, made, err := state.MakeIdentity(s.IdentityPath())
		if err != nil {
			return err
		}
		if made {
			s.tell("State     encrypted for %s; its key is in %s: keep it secret and keep a copy", recipient, s.IdentityPath())
		}
	}
	return nil
}

// lockProvider checks one plugin against the lock file, or adds it. A development override is used as it is and not locked.
func lockProvider(ctx context.Context, s *session, p *plugins, lock *config.LockFile, name string, upgrade bool) error {
	o, err := p.Options(name)
	if err != nil {
		return err
	}
	if p.Overridden(name) {
		return nil
	}
	checksum, err := client.Checksum(o.Path)
	if err != nil {
		return err
	}
	before, known := p.LockedChecksum(name)
	if known && before != checksum && !upgrade {
		return diag.Errorf("plugin-checksum-mismatch", "Provider differs from lock", "The plugin of provider %q is not the one in %s.\nIf you changed it on purpose, run rehome init -upgrade and commit the lock file.", name, lockFileName)
	}
	o.SHA256 = checksum
	version, err := pluginVersion(ctx, s, o, name)
	if err != nil {
		return err
	}
	if required, ok := s.cfg.Rehome.RequiredProviders[name]; ok {
		if err := satisfies(name, version, required.Version); err != nil {
			return err
		}
	}
	s.events.emit("provider_locked", map[string]any{"provider": name, "version": version})
	s.tell("Provider  %-10s %s", name, version)
	lock.Set(name, version, []string{project.Platform() + ":sha256:" + checksum})
	return nil
}

// pluginVersion asks the plugin; whether it is a source or a target follows from where the configuration uses it.
func pluginVersion(ctx context.Context, s *session, o client.Options, name string) (string, error) {
	if s.cfg.Target != nil && s.cfg.Target.Provider == name || s.cfg.Rehearsal != nil && s.cfg.Rehearsal.Provider == name {
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
