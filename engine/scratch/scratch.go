package scratch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rehearsal"
	"github.com/rehome-iam/rehome/state"
)

// folderPrefix begins the name of the folder of a rehearsal, beside the state.
const folderPrefix = "rehearsal-"

// Scratch is what a rehearsal works on: a project with a state and target of its own. Whoever opens one closes it.
type Scratch struct {
	Project *project.Project
	Copied  bool // the target is a copy of a file

	p         *project.Project
	migration *state.Migration
	keep      string
	folder    string
}

// Open makes the scratch state and fills it with the newest snapshots. Its folder has the id of the work, so that one
// that a killed rehearsal left behind is told from that of another migration's.
func Open(ctx context.Context, p *project.Project, migration *state.Migration, keep, id string) (*Scratch, error) {
	if keep != "" {
		if _, err := os.Lstat(p.Path(keep)); err == nil {
			return nil, fmt.Errorf("-keep names a new folder, and %s is there already", keep)
		}
	}
	statePath, err := p.StatePath()
	if err != nil {
		return nil, err
	}
	beside, err := filepath.Abs(filepath.Dir(statePath))
	if err != nil {
		return nil, fmt.Errorf("finding the folder of the state: %w", err)
	}
	if err := removeLeft(p, beside); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(beside, folderPrefix+id+"-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the rehearsal: %w", err)
	}
	s := &Scratch{p: p, migration: migration, keep: keep, folder: folder}
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// removeLeft removes the folders of rehearsals that no process works on any more.
func removeLeft(p *project.Project, beside string) error {
	running, err := p.Activities()
	if err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(beside, folderPrefix+"*"))
	for _, folder := range left {
		if slices.ContainsFunc(running, func(a state.Activity) bool {
			return strings.Contains(folder, a.ID) && !a.Over(p.Host, p.Now())
		}) {
			continue
		}
		err = errors.Join(err, os.RemoveAll(folder))
	}
	if err != nil {
		return fmt.Errorf("removing what an earlier rehearsal left: %w", err)
	}
	return nil
}

// begin makes the project of the rehearsal: the same, but for a migration, a state and a target of its own. Accounts,
// people, owners and runs of the real target are none of its business.
func (s *Scratch) begin(ctx context.Context) error {
	if _, err := s.p.Plugins(); err != nil { // the scratch project has the same ones
		return err
	}
	var err error
	cfg := *s.p.Config()
	cfg.Migration.Name += rehearsal.Suffix
	cfg.Rehome.State = config.State{Type: "bbolt", Path: filepath.Join(s.folder, "state.db")}
	cfg.BreakGlass, cfg.Verify, cfg.SecretRecipients, cfg.Undos = nil, nil, nil, nil
	if cfg.Target, err = s.target(ctx); err != nil {
		return err
	}
	if s.Project, err = s.p.Scratch(ctx, &cfg); err != nil {
		return err
	}
	if _, err := s.Project.StateForChange(ctx); err != nil {
		return err
	}
	return s.fill()
}

// Real is the project of the rehearsal with the target of the real one, which is only read.
func (s *Scratch) Real() *project.Project {
	cfg := *s.Project.Config()
	cfg.Target = s.p.Config().Target
	real := s.Project.WithConfiguration(&cfg)
	real.Phase = config.PhasePlan
	return real
}

// Address of the throw-away target.
func (s *Scratch) Address() string { return s.Project.Config().Target.Address() }

// fileArgument is the argument of a target that names a file which is the whole target, or empty.
func fileArgument(schema contract.ProviderSchema) string {
	for _, a := range schema.Config {
		if a.TargetFile {
			return a.Name
		}
	}
	return ""
}

// target is the rehearsal block; where it names a file, a copy of that takes its place.
func (s *Scratch) target(ctx context.Context) (*config.ProviderBlock, error) {
	plugins, err := s.p.Plugins()
	if err != nil {
		return nil, err
	}
	cfg := s.p.Config()
	block := *cfg.Rehearsal
	schema, err := plugins.TargetSchema(ctx, block.Provider)
	if err != nil {
		return nil, err
	}
	argument := fileArgument(schema)
	if argument == "" {
		return &block, nil
	}
	values, found := cfg.DecodeProvider(&block, schema)
	if found.HasErrors() {
		return nil, found
	}
	path, _ := values[argument].(string)
	if path == "" {
		return &block, nil // the plugin says what is wrong
	}
	s.Copied = true
	copied := filepath.Join(s.folder, "target-"+filepath.Base(path))
	block.Replaced = map[string]any{argument: copied}
	return &block, copyFile(s.p.Path(path), copied)
}

// copyFile copies a file, mode 0600. Where there is none, there is none to copy.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copying the file of the rehearsal: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copying the file of the rehearsal: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(fmt.Errorf("copying the file of the rehearsal: %w", err), out.Close())
	}
	return out.Close()
}

// fill gives the scratch state the newest snapshot of each source, and what waves need to know.
func (s *Scratch) fill() error {
	for _, block := range s.p.Config().SourceBlocks() {
		snapshot, err := s.migration.LatestSnapshot(block.Address())
		if errors.Is(err, state.ErrNotFound) {
			return diag.Errorf("rehearsal-no-snapshot", "Snapshot is missing",
				"There is no completed snapshot of %s to rehearse with. Run rehome collect.", block.Address())
		}
		if err == nil {
			err = s.copySnapshot(snapshot)
		}
		if err != nil {
			return err
		}
	}
	plans, err := s.migration.Plans()
	if err != nil {
		return err
	}
	for _, of := range plans {
		if of.Wave == "" || !of.Applied() {
			continue
		}
		if err := s.Project.Migration().PutPlan(of, s.copyOf(of.Hash)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scratch) copyOf(what string) state.Event {
	return s.Project.Event(audit.RehearsalCopied, what, nil)
}

// copySnapshot streams the items; the pages that they came from are not needed.
func (s *Scratch) copySnapshot(snapshot state.Snapshot) error {
	writer, err := s.Project.Migration().BeginSnapshot(
		state.Snapshot{ID: snapshot.ID, Source: snapshot.Source, StartedAt: snapshot.StartedAt})
	if err != nil {
		return err
	}
	one := make([]identity.Item, 1)
	for item, err := range s.migration.Items(snapshot.ID, identity.Kinds()...) {
		if err != nil {
			return fmt.Errorf("copying snapshot %s: %w", snapshot.ID, err)
		}
		one[0] = item
		if err := writer.Items(one); err != nil {
			return err
		}
	}
	for _, gap := range snapshot.Gaps {
		if err := writer.Gap(gap); err != nil {
			return err
		}
	}
	_, err = writer.Complete(snapshot.CompletedAt, snapshot.Tenant, s.copyOf(snapshot.ID))
	return err
}

// Close removes the folder, or keeps it where it is to be kept.
func (s *Scratch) Close() error {
	if s.Project != nil {
		s.Project.Close()
	}
	if s.keep != "" && s.Project != nil {
		if err := os.Rename(s.folder, s.p.Path(s.keep)); err != nil {
			return fmt.Errorf("keeping the rehearsal: %w", err)
		}
		return nil
	}
	if err := os.RemoveAll(s.folder); err != nil {
		return fmt.Errorf("removing the folder of the rehearsal: %w", err)
	}
	return nil
}
