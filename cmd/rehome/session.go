package main

import (
	"context"
	"fmt"
	"os"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

const lockFileName = config.LockFileName

// session is a project for those commands that still do their work themselves. It goes when the last of them is a use case.
type session struct {
	*project.Project
	ctx     context.Context // of the command
	env     *environment
	global  *options
	command string
	folder  string
	cfg     *config.Config   // once it is read
	whole   *state.Store     // once it is open; what belongs to a migration is reached through store
	store   *state.Migration // of the configuration
	plugins *plugins         // once they were asked for
	events  *events
	subject *authorization.Facts
}

func newSession(env *environment, global *options, command string) (*session, error) {
	if s := global.entered; s != nil {
		s.command = command
		return s, nil
	}
	if global.chdir != "" {
		if _, err := os.Stat(global.chdir); err != nil {
			return nil, fmt.Errorf("working in the folder of -chdir: %w", err)
		}
	}
	events := newEvents(env, global)
	p := project.New(settingsOf(env, global, command, events))
	return &session{Project: p, ctx: global.ctx, env: env, global: global, command: command, folder: p.Folder, events: events}, nil
}

// inSession makes of do what cobra runs: with a session of its own, which is closed afterwards.
func inSession(env *environment, global *options, do func(*cobra.Command, *session, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		s, err := newSession(env, global, pathOf(c))
		if err != nil {
			return err
		}
		defer s.close()
		return do(c, s, args)
	}
}

// follow takes over what the project has opened.
func (s *session) follow() {
	s.cfg, s.whole, s.store, s.subject = s.Config(), s.Store(), s.Migration(), s.Subject()
}

func (s *session) load() (*config.Config, error) {
	defer s.follow()
	return s.Configuration(s.ctx)
}

func (s *session) openState() (*state.Migration, error) {
	defer s.follow()
	return s.State(s.ctx)
}

func (s *session) openForChange() (*state.Migration, error) {
	defer s.follow()
	return s.StateForChange(s.ctx)
}

func (s *session) enter() error {
	defer s.follow()
	return s.Enter(s.ctx)
}

func (s *session) closeUnfinished() error { return s.CloseUnfinished(s.ctx) }

func (s *session) identities() ([]age.Identity, error) { return s.Identities() }

func (s *session) event(name, target string, facts map[string]string) state.Event {
	return s.Event(name, target, facts)
}

func (s *session) masker(p *plan.Plan) (*pseudonym.Masker, error) { return s.Masker(p) }

func (s *session) warn(list diag.List) { s.Warn(list...) }

// providers opens the plugin launcher.
func (s *session) providers() (*plugins, error) {
	if s.plugins == nil {
		p, err := s.Plugins()
		if err != nil {
			return nil, err
		}
		s.plugins = &plugins{Plugins: p, phase: s.Phase}
	}
	return s.plugins, nil
}

func (s *session) close() {
	s.Close()
	s.whole, s.store = nil, nil
}

func (s *session) operator() (bool, error) { return s.Operator() }

func (s *session) ownTenantOnly() error { return s.OwnTenantOnly() }

// document writes one JSON document, without people unless -show-people.
func (s *session) document(value any) error {
	encoded, err := encodeDocument(value)
	if err == nil {
		encoded, err = s.Mask(encoded)
	}
	if err == nil {
		_, err = s.env.out.Write(encoded)
	}
	return err
}

// tell writes a line of the result to stdout, unless JSON was asked for.
func (s *session) tell(format string, args ...any) {
	if !s.global.json {
		fmt.Fprintf(s.env.out, format+"\n", args...)
	}
}

// say writes a line of talk to stderr, unless JSON was asked for.
func (s *session) say(format string, args ...any) {
	if !s.global.json {
		fmt.Fprintf(s.env.err, format+"\n", args...)
	}
}

// plugins are those of the project in a phase.
type plugins struct {
	*project.Plugins
	phase string // in which source and target blocks are used
}

func (p *plugins) target(ctx context.Context, block *config.ProviderBlock, cfg *config.Config) (*client.Target, identity.ProviderSchema, error) {
	return p.Target(ctx, block, cfg.InPhase(p.phase))
}

func (p *plugins) offlineTarget(ctx context.Context, block *config.ProviderBlock, cfg *config.Config) (*client.Target, identity.ProviderSchema, error) {
	return p.OfflineTarget(ctx, block, cfg.InPhase(p.phase))
}

func (p *plugins) source(ctx context.Context, block *config.ProviderBlock, cfg *config.Config) (*client.Source, error) {
	return p.Source(ctx, block, cfg.InPhase(p.phase))
}

// confirm asks a person to type yes. Where nobody can be asked, only -yes confirms.
func confirm(s *session, yes bool, question string) error { return s.Confirm(s.ctx, yes, question) }
