package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/state"
)

// identityVariable names the file with the identity that opens the state.
const identityVariable = "REHOME_IDENTITY_FILE"

// Store is the whole state if it is open, else nil. What belongs to a migration is reached through Migration only.
func (p *Project) Store() *state.Store { return p.store }

// Migration is what the state has of the configuration's migration; nil before the state is open.
func (p *Project) Migration() *state.Migration { return p.migration }

// State opens the state of the configuration, checks the access rules, and lets the state follow the journals: after a
// crash they are right.
func (p *Project) State(ctx context.Context) (*state.Migration, error) {
	if _, err := p.Configuration(ctx); err != nil {
		return nil, err
	}
	path, err := p.StatePath()
	if err != nil {
		return nil, err
	}
	if err := p.openAt(ctx, path); err != nil {
		return nil, err
	}
	if p.caughtUp {
		return p.migration, nil
	}
	p.caughtUp = true
	return p.migration, p.BringUp()
}

// StateForChange opens the state for what changes it: the migration and its sources are recorded as the configuration
// has them, and an archived or second migration is refused. What only looks uses State.
func (p *Project) StateForChange(ctx context.Context) (*state.Migration, error) {
	migration, err := p.State(ctx)
	if err != nil || p.recorded {
		return migration, err
	}
	m := p.configuration.Migration
	opened, err := migration.Open(string(m.Mode), p.configuration.SourceNames(), p.configuration.SourceAddresses(),
		p.Event("", "", nil))
	if err != nil {
		return nil, err
	}
	p.recorded = true
	if err := opened.HasSource(); err != nil {
		return nil, err
	}
	return migration, nil
}

// StateForFindings opens the state of a migration that may still change: what is found is kept as evidence.
func (p *Project) StateForFindings(ctx context.Context) (*state.Migration, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	return migration, migration.MayChange()
}

// Enter opens the state, which checks the token, wherever there are rules or a state that may hold some. A folder that
// has neither is left to the use case, which knows better what to say.
func (p *Project) Enter(ctx context.Context) error {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return p.enterWithout(ctx, err)
	}
	if cfg.Access == nil && !p.HasState() {
		return nil
	}
	_, err = p.State(ctx)
	return err
}

// enterWithout is Enter in a folder without a configuration: some use cases need none.
func (p *Project) enterWithout(ctx context.Context, cause error) error {
	var found diag.List
	if !errors.As(cause, &found) || len(found) == 0 || found[0].Code != "config-missing" {
		return cause
	}
	if _, err := os.Stat(p.defaultStatePath()); err != nil {
		return nil
	}
	return p.openAt(ctx, p.defaultStatePath())
}

// openAt opens the state in a file, and the migration of the configuration in it where there is a configuration. The
// access rules are checked before anybody sees it.
func (p *Project) openAt(ctx context.Context, path string) error {
	if p.store != nil {
		return nil
	}
	store, err := p.openFile(ctx, path)
	if err != nil {
		return err
	}
	p.unverified = p.unverifiedActor(ctx)
	if err := p.authorize(ctx, store); err != nil {
		return errors.Join(err, store.Close())
	}
	p.store = store
	if m := p.configuration; m != nil {
		p.migration = store.Migration(m.Migration.Name, m.Migration.Tenant)
	}
	mask, err := p.Masker(nil)
	if mask != nil {
		p.Events.Hide(mask.JSON)
	}
	return err
}

// openFile opens the state in a file without asking who opens it.
func (p *Project) openFile(ctx context.Context, path string) (*state.Store, error) {
	identities, err := p.Identities()
	if err != nil {
		return nil, err
	}
	if p.Backend == nil {
		return nil, errors.New("nothing is set up that a state could be kept in")
	}
	backend, err := p.Backend(path, max(p.LockTimeout, statePatience))
	if err != nil {
		return nil, err
	}
	store, err := state.Open(ctx, backend, identities)
	if err != nil {
		return nil, errors.Join(err, backend.Close())
	}
	return store, nil
}

// BringUp lets the state follow the journals.
func (p *Project) BringUp() error {
	folder, err := p.JournalFolder()
	if err != nil {
		return err
	}
	found, err := p.migration.BringUp(folder)
	if err != nil {
		return err
	}
	for _, torn := range found.Torn {
		p.Note("The journal of run %s ended in a record that a crash had cut off: "+
			"%d bytes after record %d were removed; nothing relied on them.", torn.Run, torn.Bytes, torn.After)
	}
	for _, damage := range found.Damaged {
		p.Warn(diag.Warningf("journal-damaged", "Journal is damaged", "%v", damage))
	}
	for _, run := range found.Short {
		p.Warn(diag.Warningf("journal-short", "Journal is older than state",
			"The journal of run %s ends before what the state knows of it: was the file put back from a backup?", run))
	}
	return nil
}

// CloseUnfinished marks as failed what a killed process left collecting or assessing, once a project and before it
// begins anything itself. What another process is at work on is left to it.
func (p *Project) CloseUnfinished(ctx context.Context) error {
	migration, err := p.State(ctx)
	if err != nil || p.tidied {
		return err
	}
	found, err := migration.AbandonUnfinished(p.Host, p.Now(), p.Event)
	if err != nil {
		return err
	}
	p.tidied = true
	const left = "%s %s of %s was left unfinished by a process that ended; it is marked failed"
	for _, snapshot := range found.Snapshots {
		p.Note(left, "Snapshot", snapshot.ID, snapshot.Source)
	}
	for _, assessment := range found.Assessments {
		p.Note(left, "Assessment", assessment.ID, assessment.Source)
	}
	return nil
}

// Event is an audit event of this migration by whoever acts.
func (p *Project) Event(name audit.Name, target string, facts map[string]string) state.Event {
	tenant := ""
	if p.configuration != nil {
		tenant = p.configuration.Migration.Tenant
	}
	return state.Event{Name: name, At: p.Now(), Tenant: tenant, Actor: p.Actor(), Target: target, Facts: facts}
}

// credential resolves credential("name") from the state.
func (p *Project) credential(ctx context.Context, name string) (config.Credential, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return config.Credential{}, err
	}
	kept, err := migration.Credential(name)
	if errors.Is(err, state.ErrNotFound) {
		return config.Credential{}, fmt.Errorf("no credential %q is kept in the state; set it with rehome credentials set %s",
			name, name)
	}
	return config.Credential(kept), err
}

func (p *Project) defaultStatePath() string { return filepath.Join(p.Folder, ".rehome", "state.db") }

// StatePath is the file of the state. The configuration must have been read.
func (p *Project) StatePath() (string, error) {
	declared := p.configuration.Rehome.State
	if declared.Type != "" && declared.Type != "bbolt" {
		return "", diag.Errorf("state-type-unknown", "Unknown kind of state",
			"State %q is not known to this version; use state \"bbolt\".", declared.Type)
	}
	if declared.Path == "" {
		return p.defaultStatePath(), nil
	}
	return p.Path(declared.Path), nil
}

// HasState tells whether there is a state; one that is not a file counts as there. The configuration must have been
// read.
func (p *Project) HasState() bool {
	path, err := p.StatePath()
	if err != nil {
		return true // opening it says what is wrong
	}
	_, err = os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// JournalFolder is beside the state file. The configuration must have been read.
func (p *Project) JournalFolder() (string, error) {
	path, err := p.StatePath()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(path), "journal"), nil
}

// IdentityPath is the file with the identity that opens the state.
func (p *Project) IdentityPath() string {
	if path := p.Variable(identityVariable); path != "" {
		return p.Path(path)
	}
	return filepath.Join(p.Folder, ".rehome", "identity.txt")
}

// Identities are those of the team that are at hand: they open the state, and plan files that name people.
func (p *Project) Identities() ([]age.Identity, error) {
	identities, err := state.Identities(p.Variable(state.KeyVariable), p.IdentityPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, diag.Errorf("state-not-initialised", "State is not initialised",
			"There is no identity file %s and %s is not set.\nRun rehome init.", p.IdentityPath(), state.KeyVariable)
	}
	return identities, err
}
