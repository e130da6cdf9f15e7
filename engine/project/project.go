package project

import (
	"context"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/state"
)

// Project is what one use case works with: configuration, state and plugins, each opened on first use. It is for one
// goroutine, and for one piece of work: whoever makes it closes it.
type Project struct {
	Settings

	configuration *config.Config
	store         *state.Store
	migration     *state.Migration // of the configuration, in store
	plugins       *Plugins
	subject       *authorization.Facts // whose verified token this is; nil where no token is asked for
	unverified    string               // who acts where no token says so

	recorded  bool // the migration is
	caughtUp  bool // the state has followed the journals
	tidied    bool // what killed processes left unfinished is marked
	throwAway bool // see Scratch

	peopleKey []byte // of the pseudonyms, from the state or from a plan file
}

// New makes a project of which nothing is opened yet.
func New(settings Settings) *Project {
	if settings.Folder == "" {
		settings.Folder = "."
	}
	if settings.Now == nil {
		settings.Now = time.Now
	}
	if settings.Ask == nil {
		settings.Ask = Nobody{}
	}
	if settings.Events == nil {
		settings.Events = Silent{}
	}
	if settings.Phase == "" {
		settings.Phase = config.PhasePlan
	}
	return &Project{Settings: settings}
}

// Scratch is a project beside p, as rehearsals need it: with another configuration, whose state is new and thrown away,
// p's plugins, and nobody who listens or can be asked. Whoever makes it closes it.
func (p *Project) Scratch(ctx context.Context, cfg *config.Config) (*Project, error) {
	scratch := p.WithConfiguration(cfg)
	scratch.Ask, scratch.Events = Nobody{}, Silent{}
	path, err := scratch.StatePath()
	if err != nil {
		return nil, err
	}
	scratch.LockTimeout, scratch.peopleKey = 0, nil
	if scratch.store, err = scratch.openFile(ctx, path); err != nil {
		return nil, err
	}
	scratch.migration = scratch.store.Migration(cfg.Migration.Name, cfg.Migration.Tenant)
	scratch.caughtUp, scratch.recorded, scratch.throwAway = true, false, true
	return scratch, nil
}

// WithConfiguration is the same project with another configuration. It has p's state and plugins, which p closes.
func (p *Project) WithConfiguration(cfg *config.Config) *Project {
	other := *p
	other.configuration = cfg
	return &other
}

// ThrowAway tells whether the target is one of a rehearsal, which nobody uses.
func (p *Project) ThrowAway() bool { return p.throwAway }

// Subject is whose verified token this is, nil where no token is asked for. It is known once the state is open.
func (p *Project) Subject() *authorization.Facts { return p.subject }

// Configuration reads the configuration. Warnings are told, errors returned.
func (p *Project) Configuration(ctx context.Context) (*config.Config, error) {
	if p.configuration != nil {
		return p.configuration, nil
	}
	cfg, found := config.Load(p.Folder, config.Inputs{
		Vars: p.Variables, VarFiles: p.VarFiles, Environ: p.Environ, Private: []string{p.IdentityPath()},
		Credentials: func(name string) (config.Credential, error) { return p.credential(ctx, name) },
	})
	if found.HasErrors() {
		return nil, found
	}
	p.Warn(found...)
	p.configuration = cfg
	return cfg, nil
}

// Config is the configuration that was read, nil before.
func (p *Project) Config() *config.Config { return p.configuration }

// Owner is whose target it must be that this project writes to. The configuration must have been read.
func (p *Project) Owner() contract.Owner {
	return contract.Owner{Migration: p.configuration.Migration.Name, Tenant: p.configuration.Migration.Tenant}
}

// NewID is a readable id: prefix, day, and eight random hexadecimal digits.
func (p *Project) NewID(prefix string) string {
	return prefix + "-" + p.Now().UTC().Format(time.DateOnly) + "-" + uuid.NewString()[:8]
}

// LockPath is the file that names versions and checksums of the plugins.
func (p *Project) LockPath() string { return filepath.Join(p.Folder, config.LockFileName) }

// Close gives the state back. The project can be used again, and opens it anew.
func (p *Project) Close() {
	if p.store == nil {
		return
	}
	if err := p.store.Close(); err != nil {
		p.Warn(diag.Warningf("state-not-closed", "State was not closed", "Closing the state: %v.", err))
	}
	p.store, p.migration = nil, nil
}
