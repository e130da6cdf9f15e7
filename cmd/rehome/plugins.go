package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/providers/client"
)

const lockFileName = config.LockFileName

// plugins finds, checks and starts the provider plugins of one configuration.
type plugins struct {
	env       *environment
	finder    client.Finder
	overrides map[string]string
	lock      *config.LockFile
	logger    hclog.Logger
	secrets   []string // values that must never be shown, whatever a plugin prints
	warned    map[string]bool
	phase     string // in which source and target blocks are used
}

func newPlugins(env *environment, global *options, folder string) (*plugins, error) {
	overrides, err := client.ParseOverrides(env.getenv(client.OverridesVariable))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", client.OverridesVariable, err)
	}
	dirs := append([]string{}, global.pluginDirs...)
	if dir := env.getenv("REHOME_PLUGIN_DIR"); dir != "" {
		dirs = append(dirs, filepath.SplitList(dir)...)
	}
	dirs = append(dirs, env.folder, filepath.Join(env.home, ".local", "share", "rehome", "plugins"))
	lock, found := config.ReadLock(filepath.Join(folder, lockFileName))
	if found.HasErrors() {
		return nil, found
	}
	p := &plugins{env: env, finder: client.Finder{Dirs: dirs, Overrides: overrides}, overrides: overrides, lock: lock, warned: map[string]bool{}, phase: cmp.Or(global.phase, config.PhasePlan)}
	p.logger = p.newLogger()
	return p, nil
}

// newLogger writes to stderr when REHOME_LOG names a level, with every known secret replaced.
func (p *plugins) newLogger() hclog.Logger {
	level := hclog.LevelFromString(p.env.getenv("REHOME_LOG"))
	if level == hclog.NoLevel {
		return hclog.NewNullLogger()
	}
	output := p.env.err
	if path := p.env.getenv("REHOME_LOG_PATH"); path != "" {
		if file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err == nil {
			output = file
		}
	}
	return hclog.New(&hclog.LoggerOptions{Name: "rehome", Level: level, Output: redacting{w: output, redact: p.redact}})
}

// redact replaces every known secret.
func (p *plugins) redact(text string) string {
	for _, secret := range p.secrets {
		text = strings.ReplaceAll(text, secret, "(sensitive)")
	}
	return text
}

type redacting struct {
	w      interface{ Write([]byte) (int, error) }
	redact func(string) string
}

func (r redacting) Write(b []byte) (int, error) {
	if _, err := r.w.Write([]byte(r.redact(string(b)))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// options of one plugin: its path and the checksum that the lock file demands. Without a lock entry nothing is started.
func (p *plugins) options(name string, locked bool) (client.Options, error) {
	path, err := p.finder.Find(name)
	if err != nil {
		return client.Options{}, err
	}
	o := client.Options{Path: path, Name: name, Logger: p.logger.Named("provider." + name), Redact: p.redact, Environment: []string{"REHOME_LOG"}}
	if _, overridden := p.overrides[name]; overridden {
		if !p.warned[name] {
			p.warned[name] = true
			fmt.Fprintf(p.env.err, "Warning: provider %s is overridden by %s: %s is used without a checksum\n", name, client.OverridesVariable, path)
		}
		return o, nil
	}
	if !locked {
		return o, nil
	}
	sum, ok := lockedChecksum(p.lock, name)
	if !ok {
		return o, diag.Errorf("plugin-not-locked", "Provider is not initialised", "The lock file %s has no checksum of provider %q for %s.\nRun rehome init.", lockFileName, name, platform())
	}
	o.SHA256 = sum
	return o, nil
}

func (p *plugins) target(ctx context.Context, block *config.ProviderBlock, cfg *config.Config) (*client.Target, identity.ProviderSchema, error) {
	o, err := p.options(block.Provider, true)
	if err != nil {
		return nil, identity.ProviderSchema{}, err
	}
	target, err := client.LaunchTarget(ctx, o)
	if err != nil {
		return nil, identity.ProviderSchema{}, err
	}
	schema, err := target.Schema(ctx)
	if err == nil {
		err = p.configure(ctx, block, cfg, schema, target.Configure)
	}
	if err != nil {
		target.Close()
		return nil, schema, err
	}
	return target, schema, nil
}

// schema asks the plugin of a target what it is, without configuring it.
func (p *plugins) schema(ctx context.Context, name string) (identity.ProviderSchema, error) {
	o, err := p.options(name, true)
	if err != nil {
		return identity.ProviderSchema{}, err
	}
	target, err := client.LaunchTarget(ctx, o)
	if err != nil {
		return identity.ProviderSchema{}, err
	}
	defer target.Close()
	return target.Schema(ctx)
}

// offlineTarget starts a target that never connects and is given nothing secret.
func (p *plugins) offlineTarget(ctx context.Context, block *config.ProviderBlock, cfg *config.Config) (*client.Target, identity.ProviderSchema, error) {
	o, err := p.options(block.Provider, true)
	if err != nil {
		return nil, identity.ProviderSchema{}, err
	}
	target, err := client.LaunchTarget(ctx, o)
	if err != nil {
		return nil, identity.ProviderSchema{}, err
	}
	schema, err := target.Schema(ctx)
	if err == nil {
		values, found := cfg.InPhase(p.phase).DecodeOffline(block, schema)
		if !found.HasErrors() {
			found = cfg.Locate(block, target.ConfigureOffline(ctx, values))
		}
		err = found.Err()
	}
	if err != nil {
		target.Close()
		return nil, schema, err
	}
	return target, schema, nil
}

func (p *plugins) source(ctx context.Context, block *config.ProviderBlock, cfg *config.Config) (*client.Source, error) {
	o, err := p.options(block.Provider, true)
	if err != nil {
		return nil, err
	}
	source, err := client.LaunchSource(ctx, o)
	if err != nil {
		return nil, err
	}
	schema, err := source.Schema(ctx)
	if err == nil {
		err = p.configure(ctx, block, cfg, schema, source.Configure)
	}
	if err != nil {
		source.Close()
		return nil, err
	}
	return source, nil
}

func (p *plugins) configure(ctx context.Context, block *config.ProviderBlock, cfg *config.Config, schema identity.ProviderSchema, configure func(context.Context, map[string]any) diag.List) error {
	values, found := cfg.InPhase(p.phase).DecodeProvider(block, schema)
	if found.HasErrors() {
		return found
	}
	for _, attribute := range schema.Config {
		if secret, ok := values[attribute.Name].(string); ok && attribute.Sensitive && len(secret) > 3 {
			p.secrets = append(p.secrets, secret)
		}
	}
	if found := configure(ctx, values); found.HasErrors() {
		return cfg.Locate(block, found)
	}
	return nil
}

// needed lists the providers of a configuration, sorted, and what each is: source, target or both.
func needed(cfg *config.Config) []string {
	names := map[string]bool{}
	for _, block := range cfg.Sources {
		names[block.Provider] = true
	}
	for _, block := range []*config.ProviderBlock{cfg.Target, cfg.Rehearsal} {
		if block != nil {
			names[block.Provider] = true
		}
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	return sorted
}

// collecting lets a plugin be collected from by the engine: the two sides name the same handler differently.
type collecting struct{ *client.Source }

func (c collecting) Collect(ctx context.Context, handler inventory.Handler) error {
	return c.Source.Collect(ctx, handler)
}

// secretSources asks the plugin of the named source for a secret, starting it on first use.
type secretSources struct {
	plugins *plugins
	cfg     *config.Config
	running map[string]*client.Source
}

var errUnknownSource = errors.New("the configuration has no such source")

// Secret implements apply.Sources.
func (s *secretSources) Secret(ctx context.Context, reference identity.SecretReference) (string, error) {
	source := s.running[reference.Source]
	if source == nil {
		block, ok := findSource(s.cfg, reference.Source)
		if !ok {
			return "", fmt.Errorf("%s: %w", reference.Source, errUnknownSource)
		}
		started, err := s.plugins.source(ctx, block, s.cfg)
		if err != nil {
			return "", err
		}
		s.running[reference.Source] = started
		source = started
	}
	value, err := source.Secret(ctx, reference.Item, reference.Field)
	if err == nil && len(value) > 3 {
		s.plugins.secrets = append(s.plugins.secrets, value)
	}
	return value, err
}

func (s *secretSources) close() {
	for _, source := range s.running {
		source.Close()
	}
}

// findSource finds the block of provider.name.
func findSource(cfg *config.Config, address string) (*config.ProviderBlock, bool) {
	for i := range cfg.Sources {
		if cfg.Sources[i].Address() == address {
			return &cfg.Sources[i], true
		}
	}
	return nil, false
}

// lockedChecksum is the SHA-256 that the lock file has for this platform.
func lockedChecksum(lock *config.LockFile, name string) (string, bool) {
	for _, hash := range lock.Providers[name].Hashes {
		if sum, ok := strings.CutPrefix(hash, platform()+":sha256:"); ok {
			return sum, true
		}
	}
	return "", false
}
