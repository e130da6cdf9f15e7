package project

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/client"
)

// Variables of the environment that concern plugins.
const (
	logVariable        = "REHOME_LOG"
	logPathVariable    = "REHOME_LOG_PATH"
	pluginDirsVariable = "REHOME_PLUGIN_DIR"
)

// shortestSecret is the length from which on a secret is replaced wherever a plugin prints it: shorter ones are in too
// many words.
const shortestSecret = 4

type (
	// Target is what use cases work with of a target's plugin.
	Target = client.Target
	// Source is what use cases work with of a source's plugin.
	Source = client.Source
)

// Unsupported tells whether an error says that a provider cannot do what it was asked, whatever it holds.
func Unsupported(err error) bool { return client.Unsupported(err) }

// Resources reads all that a target holds.
func Resources(ctx context.Context, target *Target) ([]identity.Resource, contract.ReadSummary, error) {
	var live []identity.Resource
	summary, err := target.Read(ctx, func(r identity.Resource) error {
		live = append(live, r)
		return nil
	})
	if err != nil {
		return nil, summary, fmt.Errorf("reading the target: %w", err)
	}
	return live, summary, nil
}

// ErrSourceUnknown says that the configuration has no source of that address.
var ErrSourceUnknown = errors.New("the configuration has no such source")

// Plugins finds, checks and starts the provider plugins of one project.
type Plugins struct {
	project   *Project
	finder    client.Finder
	overrides map[string]string
	lock      *config.LockFile
	logger    client.Logger
	warned    map[string]bool // by provider, of an override

	mutex   sync.Mutex
	secrets []string // values that must never be shown, whatever a plugin prints
}

// Plugins are made ready on first use; nothing is started yet.
func (p *Project) Plugins() (*Plugins, error) {
	if p.plugins != nil {
		return p.plugins, nil
	}
	overrides, err := client.ParseOverrides(p.Variable(client.OverridesVariable))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", client.OverridesVariable, err)
	}
	for name, path := range overrides {
		overrides[name] = p.Path(path)
	}
	lock, found := config.ReadLock(p.LockPath())
	if found.HasErrors() {
		return nil, found
	}
	plugins := &Plugins{project: p, finder: client.Finder{Dirs: p.pluginDirs(), Overrides: overrides},
		overrides: overrides, lock: lock,
		warned: map[string]bool{}}
	plugins.logger = plugins.newLogger()
	p.plugins = plugins
	return plugins, nil
}

// pluginDirs are the folders in which plugins are looked for, the first one first. What is empty is no folder, and least
// of all that of the configuration.
func (p *Project) pluginDirs() []string {
	dirs := slices.Concat(p.PluginDirs, filepath.SplitList(p.Variable(pluginDirsVariable)), []string{p.Binaries})
	if p.Home != "" {
		dirs = append(dirs, filepath.Join(p.Home, ".local", "share", "rehome", "plugins"))
	}
	dirs = slices.DeleteFunc(dirs, func(dir string) bool { return strings.TrimSpace(dir) == "" })
	for i, dir := range dirs {
		dirs[i] = p.Path(dir)
	}
	return dirs
}

// newLogger writes when REHOME_LOG names a level, with every known secret replaced.
func (p *Plugins) newLogger() client.Logger {
	output := p.project.Log
	if path := p.project.Variable(logPathVariable); path != "" {
		if file, err := os.OpenFile(p.project.Path(path), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err == nil {
			output = file
		}
	}
	waits := func(text string) { p.project.Note("Note: %s.", text) }
	return client.NewLogger(p.project.Variable(logVariable), output, p.redact, waits)
}

// Hide keeps a secret out of whatever plugins print from now on.
func (p *Plugins) Hide(secret string) {
	if len(secret) < shortestSecret {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.secrets = append(p.secrets, secret)
}

// redact replaces every known secret.
func (p *Plugins) redact(text string) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, secret := range p.secrets {
		text = strings.ReplaceAll(text, secret, "(sensitive)")
	}
	return text
}

// Lock is what the lock file holds; a change of it is not written by itself.
func (p *Plugins) Lock() *config.LockFile { return p.lock }

// Overridden tells whether a plugin under development takes the place of the installed one.
func (p *Plugins) Overridden(name string) bool {
	return p.overrides[name] != "" || p.project.Local[name] != nil
}

// LockedChecksum is the SHA-256 that the lock file has of a plugin for this platform.
func (p *Plugins) LockedChecksum(name string) (string, bool) {
	for _, hash := range p.lock.Providers[name].Hashes {
		if sum, ok := strings.CutPrefix(hash, Platform()+":sha256:"); ok {
			return sum, true
		}
	}
	return "", false
}

// Platform is the operating system and processor that plugins are built for, such as linux_amd64.
func Platform() string { return runtime.GOOS + "_" + runtime.GOARCH }

// Options of one plugin that need no lock file: where it is, and what it may see.
func (p *Plugins) Options(name string) (client.Options, error) {
	o := client.Options{Name: name, Logger: p.logger.Named("provider." + name), Redact: p.redact, Folder: p.project.Folder,
		Variables: []string{logVariable}, Environ: p.project.Environ}
	if dial := p.project.Local[name]; dial != nil {
		o.Dial = dial
		return o, nil
	}
	path, err := p.finder.Find(name)
	if err != nil {
		return client.Options{}, err
	}
	o.Path = path
	if _, overridden := p.overrides[name]; overridden && !p.warned[name] {
		p.warned[name] = true
		p.project.Warn(diag.Warningf("plugin-overridden", "Provider is overridden",
			"Provider %s is overridden by %s: %s is used without a checksum.", name, client.OverridesVariable, path))
	}
	return o, nil
}

// locked are Options with the checksum that the lock file demands. Without a lock entry nothing is started.
func (p *Plugins) locked(name string) (client.Options, error) {
	o, err := p.Options(name)
	if err != nil || p.Overridden(name) {
		return o, err
	}
	sum, ok := p.LockedChecksum(name)
	if !ok {
		return o, diag.Errorf("plugin-not-locked", "Provider is not initialised",
			"The lock file %s has no checksum of provider %q for %s.\nRun rehome init.", config.LockFileName, name, Platform())
	}
	o.SHA256 = sum
	return o, nil
}

// Target starts and configures the target of a block, in the phase of the configuration (Config.InPhase). The caller
// closes it.
func (p *Plugins) Target(ctx context.Context, block *config.ProviderBlock, cfg *config.Config,
) (*client.Target, contract.ProviderSchema, error) {
	return p.target(ctx, block, func(target *client.Target, schema contract.ProviderSchema) error {
		return p.configure(ctx, block, cfg, schema, target.Configure)
	})
}

// OfflineTarget starts a target that never connects and is given nothing secret. The caller closes it.
func (p *Plugins) OfflineTarget(ctx context.Context, block *config.ProviderBlock, cfg *config.Config,
) (*client.Target, contract.ProviderSchema, error) {
	return p.target(ctx, block, func(target *client.Target, schema contract.ProviderSchema) error {
		values, found := cfg.DecodeOffline(block, schema)
		if !found.HasErrors() {
			found = cfg.Locate(block, target.ConfigureOffline(ctx, values))
		}
		return found.Err()
	})
}

func (p *Plugins) target(ctx context.Context, block *config.ProviderBlock,
	configure func(*client.Target, contract.ProviderSchema) error) (*client.Target, contract.ProviderSchema, error) {
	o, err := p.locked(block.Provider)
	if err != nil {
		return nil, contract.ProviderSchema{}, err
	}
	target, err := client.LaunchTarget(ctx, o)
	if err != nil {
		return nil, contract.ProviderSchema{}, err
	}
	schema, err := target.Schema(ctx)
	if err == nil {
		err = configure(target, schema)
	}
	if err != nil {
		target.Close()
		return nil, schema, err
	}
	return target, schema, nil
}

// Source starts and configures a source, in the phase of the configuration. The caller closes it.
func (p *Plugins) Source(ctx context.Context, block *config.ProviderBlock, cfg *config.Config) (*client.Source, error) {
	o, err := p.locked(block.Provider)
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

// SourceSchema asks the plugin of a source what it is, without configuring it.
func (p *Plugins) SourceSchema(ctx context.Context, name string) (contract.ProviderSchema, error) {
	o, err := p.locked(name)
	if err != nil {
		return contract.ProviderSchema{}, err
	}
	source, err := client.LaunchSource(ctx, o)
	if err != nil {
		return contract.ProviderSchema{}, err
	}
	defer source.Close()
	return source.Schema(ctx)
}

// TargetSchema asks the plugin of a target what it is, without configuring it.
func (p *Plugins) TargetSchema(ctx context.Context, name string) (contract.ProviderSchema, error) {
	o, err := p.locked(name)
	if err != nil {
		return contract.ProviderSchema{}, err
	}
	target, err := client.LaunchTarget(ctx, o)
	if err != nil {
		return contract.ProviderSchema{}, err
	}
	defer target.Close()
	return target.Schema(ctx)
}

func (p *Plugins) configure(ctx context.Context, block *config.ProviderBlock, cfg *config.Config,
	schema contract.ProviderSchema,
	configure func(context.Context, map[string]any) diag.List) error {
	values, found := cfg.DecodeProvider(block, schema)
	if found.HasErrors() {
		return found
	}
	for _, attribute := range schema.Config {
		if secret, ok := values[attribute.Name].(string); ok && attribute.Sensitive {
			p.Hide(secret)
		}
	}
	if found := configure(ctx, values); found.HasErrors() {
		return cfg.Locate(block, found)
	}
	return nil
}

// Target starts the target of the configuration in the phase of the project. The caller closes it.
func (p *Project) Target(ctx context.Context) (*client.Target, contract.ProviderSchema, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, contract.ProviderSchema{}, err
	}
	plugins, err := p.Plugins()
	if err != nil {
		return nil, contract.ProviderSchema{}, err
	}
	return plugins.Target(ctx, cfg.Target, cfg.InPhase(p.Phase))
}

// Source starts a source of the configuration in the phase of the project. The caller closes it.
func (p *Project) Source(ctx context.Context, block *config.ProviderBlock) (*client.Source, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	plugins, err := p.Plugins()
	if err != nil {
		return nil, err
	}
	return plugins.Source(ctx, block, cfg.InPhase(p.Phase))
}
