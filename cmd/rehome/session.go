package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// session is what one command works with: configuration, state and plugins, each opened on first use, so that version and fmt touch
// nothing.
type session struct {
	env     *environment
	global  *options
	command string
	folder  string
	cfg     *config.Config
	whole   *state.Store     // the state; what belongs to a migration is reached through store
	store   *state.Migration // of the configuration
	opened  bool             // the migration is recorded
	plugins *plugins
	events  *events
	subject *authorization.Facts // whose verified token this is; nil where no token is asked for

	followed         bool // the state has caught up with the journals
	closedUnfinished bool // see closeUnfinished
	throwAway        bool // the target is one of a rehearsal, which nobody uses

	peopleKey []byte // of the pseudonyms, from the state or from a plan file
}

func newSession(env *environment, global *options, command string) (*session, error) {
	if s := global.entered; s != nil {
		s.command = command
		return s, nil
	}
	if global.chdir != "" {
		if err := os.Chdir(global.chdir); err != nil { // plugins start in the same folder, so relative paths mean the same there
			return nil, fmt.Errorf("working in the folder of -chdir: %w", err)
		}
	}
	return &session{env: env, global: global, command: command, folder: ".", events: newEvents(env, global)}, nil
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

// load reads the configuration. Warnings are shown, errors returned.
func (s *session) load() (*config.Config, error) {
	if s.cfg != nil {
		return s.cfg, nil
	}
	cfg, found := config.Load(s.folder, config.Inputs{
		Vars: s.global.variables, VarFiles: s.global.varFiles, Environ: s.env.variable, Credentials: s.credential,
	})
	if found.HasErrors() {
		return nil, found
	}
	s.warn(found)
	s.cfg = cfg
	return cfg, nil
}

func (s *session) warn(list diag.List) {
	if len(list) == 0 {
		return
	}
	s.events.diagnostics(list)
	if !s.global.json {
		view.Diagnostics(s.env.err, list, s.env.style(s.global.noColor))
	}
}

// credential resolves credential("name") from the state.
func (s *session) credential(name string) (string, error) {
	store, err := s.openState()
	if err != nil {
		return "", err
	}
	value, err := store.Credential(name)
	if errors.Is(err, state.ErrNotFound) {
		return "", fmt.Errorf("no credential %q is kept in the state; set it with rehome credentials set %s", name, name)
	}
	return value, err
}

func (s *session) defaultStatePath() string { return filepath.Join(s.folder, ".rehome", "state.db") }

func (s *session) identityPath() string {
	if path := s.env.getenv("REHOME_IDENTITY_FILE"); path != "" {
		return path
	}
	return filepath.Join(s.folder, ".rehome", "identity.txt")
}

func (s *session) statePath(cfg *config.Config) (string, error) {
	if cfg.Rehome.State.Type != "" && cfg.Rehome.State.Type != "bbolt" {
		return "", diag.Errorf("state-type-unknown", "Unknown kind of state", "State %q is not known to this version; use state \"bbolt\".", cfg.Rehome.State.Type)
	}
	path := cfg.Rehome.State.Path
	if path == "" {
		return s.defaultStatePath(), nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.folder, path)
	}
	return path, nil
}

// openState opens the state of the configuration and takes its lock.
func (s *session) openState() (*state.Migration, error) {
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	path, err := s.statePath(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.openStateAt(path); err != nil {
		return nil, err
	}
	if s.followed {
		return s.store, nil
	}
	s.followed = true
	return s.store, s.bringUp()
}

// openStateAt opens the state of a path, and the migration of the configuration in it where there is a configuration.
func (s *session) openStateAt(path string) error {
	if s.whole != nil {
		return nil
	}
	identities, err := s.identities()
	if err != nil {
		return err
	}
	backend, err := bolt.Open(path, s.global.lockTimeout, bolt.Holder{
		PID: os.Getpid(), Host: s.env.host, Command: "rehome " + s.command, Since: s.env.now().UTC().Format("2006-01-02T15:04:05Z"),
	})
	if err != nil {
		return err
	}
	store, err := state.Open(backend, identities)
	if err != nil {
		return errors.Join(err, backend.Close())
	}
	if err := s.authorize(store); err != nil {
		return errors.Join(err, store.Close())
	}
	s.whole = store
	if s.cfg != nil {
		s.store = store.Migration(s.cfg.Migration.Name, s.cfg.Migration.Tenant)
	}
	mask, err := s.masker(nil)
	if mask != nil {
		s.events.setMask(mask.JSON)
	}
	return err
}

// identities are those of the team that are at hand: they open the state, and plan files that name people.
func (s *session) identities() ([]age.Identity, error) {
	identities, err := state.Identities(s.env.getenv(state.KeyVariable), s.identityPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil, diag.Errorf("state-not-initialised", "State is not initialised", "There is no identity file %s and %s is not set.\nRun rehome init.", s.identityPath(), state.KeyVariable)
	}
	return identities, err
}

// openForChange opens the state for a command that changes it: the migration and its sources are recorded as the configuration has
// them, and an archived or second migration is refused. Reading commands use openState.
func (s *session) openForChange() (*state.Migration, error) {
	store, err := s.openState()
	if err != nil || s.opened {
		return store, err
	}
	m := s.cfg.Migration
	if _, err := store.Open(string(m.Mode), sourceNames(s.cfg), s.event("", "", nil)); err != nil {
		return nil, err
	}
	s.opened = true
	if len(s.cfg.Sources) == 0 {
		return nil, &lifecycle.Refusal{Rule: lifecycle.RuleDraft, Detail: fmt.Sprintf("migration %q is a draft: the configuration has no source block", m.Name)}
	}
	return store, nil
}

// providers opens the plugin launcher.
func (s *session) providers() (*plugins, error) {
	if s.plugins == nil {
		p, err := newPlugins(s.env, s.global, s.folder)
		if err != nil {
			return nil, err
		}
		s.plugins = p
	}
	return s.plugins, nil
}

// event is an audit event of this migration.
func (s *session) event(name, target string, facts map[string]string) state.Event {
	tenant := ""
	if s.cfg != nil {
		tenant = s.cfg.Migration.Tenant
	}
	return state.Event{Name: name, At: s.env.now(), Tenant: tenant, Actor: s.actor(), Target: target, Facts: facts}
}

func (s *session) close() {
	if s.whole != nil {
		if err := s.whole.Close(); err != nil {
			fmt.Fprintf(s.env.err, "Warning: closing the state: %v\n", err)
		}
		s.whole, s.store = nil, nil
	}
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
