package main

import (
	"context"
	"fmt"

	"filippo.io/age"

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

// session is a project for those commands that still do their work themselves. It goes when the last of them is a use case.
type session struct {
	*project.Project
	call    *call
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

// session is the old form of a call.
func (r *call) session(ctx context.Context) *session {
	s := &session{Project: r.Project, call: r, ctx: ctx, env: r.env, global: r.global, command: r.name, folder: r.Folder, events: r.events}
	s.follow()
	return s
}

// withHistory runs a command on the opened state in which nothing is left collecting or assessing by a killed process.
func (r *call) withHistory(ctx context.Context, do func() error) error {
	if err := r.CloseUnfinished(ctx); err != nil {
		return err
	}
	return do()
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

// next names the command to run now, where a person reads.
func (s *session) next(command string) {
	if !s.global.json && !s.env.automation() {
		fmt.Fprintf(s.env.out, "Next: %s\n", command)
	}
}
