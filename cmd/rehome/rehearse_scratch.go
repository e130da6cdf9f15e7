package main

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
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/engine/rehearsal"
	"github.com/rehome-iam/rehome/state"
)

// scratchPrefix begins the name of the folder of a rehearsal, beside the state.
const scratchPrefix = "rehearsal-"

// rehearsing is one rehearsal: the session of the command, and one that works on a state and target of its own.
type rehearsing struct {
	s       *session
	o       rehearseOptions
	scratch *session
	folder  string
	copied  bool // the target is a copy of a file
}

// openRehearsal makes the scratch state and fills it with the newest snapshots. Its folder has the id of the work, so that one that a
// killed rehearsal left behind is told from that of another migration's.
func openRehearsal(ctx context.Context, s *session, o rehearseOptions, id string) (*rehearsing, error) {
	if o.keep != "" {
		if _, err := os.Lstat(s.path(o.keep)); err == nil {
			return nil, fmt.Errorf("-keep names a new folder, and %s is there already", o.keep)
		}
	}
	statePath, err := s.StatePath()
	if err != nil {
		return nil, err
	}
	beside, err := filepath.Abs(filepath.Dir(statePath))
	if err != nil {
		return nil, fmt.Errorf("finding the folder of the state: %w", err)
	}
	if err := s.removeScratch(beside); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(beside, scratchPrefix+id+"-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the rehearsal: %w", err)
	}
	r := &rehearsing{s: s, o: o, folder: folder}
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (s *session) removeScratch(beside string) error {
	running, err := s.whole.Activities()
	if err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(beside, scratchPrefix+"*"))
	for _, folder := range left {
		if slices.ContainsFunc(running, func(a state.Activity) bool {
			return strings.Contains(folder, a.ID) && !a.Over(s.env.host, s.env.now())
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

func (r *rehearsing) open(ctx context.Context) error {
	s := r.s
	if _, err := s.providers(); err != nil {
		return err
	}
	var err error
	cfg := *s.cfg
	cfg.Migration.Name += rehearsal.Suffix
	cfg.Rehome.State = config.State{Type: "bbolt", Path: filepath.Join(r.folder, "state.db")}
	cfg.BreakGlass, cfg.Verify, cfg.SecretRecipients, cfg.Undos = nil, nil, nil, nil // accounts, people, owners and runs of the real target
	if cfg.Target, err = r.target(ctx); err != nil {
		return err
	}
	scratch, err := s.Scratch(ctx, &cfg)
	if err != nil {
		return err
	}
	r.scratch = quietly(s)
	r.scratch.Project = scratch
	r.scratch.follow()
	if _, err := r.scratch.openForChange(); err != nil {
		return err
	}
	return r.fill()
}

// quietly is the same session without a voice: what a rehearsal does is told by its report.
func quietly(s *session) *session {
	quiet, global := *s, *s.global
	global.json = true
	quiet.global, quiet.events = &global, &events{}
	return &quiet
}

// targetFile is the argument of a target that names a file which is the whole target, or empty.
func targetFile(schema identity.ProviderSchema) string {
	for _, a := range schema.Config {
		if a.TargetFile {
			return a.Name
		}
	}
	return ""
}

// target is the rehearsal block; where it names a file, a copy of that takes its place.
func (r *rehearsing) target(ctx context.Context) (*config.ProviderBlock, error) {
	block, providers := *r.s.cfg.Rehearsal, r.s.plugins
	schema, err := providers.TargetSchema(ctx, block.Provider)
	if err != nil {
		return nil, err
	}
	argument := targetFile(schema)
	if argument == "" {
		return &block, nil
	}
	values, found := r.s.cfg.DecodeProvider(&block, schema)
	if found.HasErrors() {
		return nil, found
	}
	path, _ := values[argument].(string)
	if path == "" {
		return &block, nil // the plugin says what is wrong
	}
	r.copied = true
	copied := filepath.Join(r.folder, "target-"+filepath.Base(path))
	block.Replaced = map[string]any{argument: copied}
	return &block, copyFile(r.s.path(path), copied)
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
func (r *rehearsing) fill() error {
	for _, block := range reading.Sources(r.s.cfg) {
		snapshot, err := r.s.store.LatestSnapshot(block.Address())
		if errors.Is(err, state.ErrNotFound) {
			return diag.Errorf("rehearsal-no-snapshot", "Snapshot is missing", "There is no completed snapshot of %s to rehearse with. Run rehome collect.", block.Address())
		}
		if err == nil {
			err = copySnapshot(r.s.store, r.scratch, snapshot)
		}
		if err != nil {
			return err
		}
	}
	plans, err := r.s.store.Plans()
	if err != nil {
		return err
	}
	for _, p := range plans {
		if p.Wave == "" || p.Status != plan.StatusApplied && p.Status != plan.StatusAppliedWithFollowUp {
			continue
		}
		if err := r.scratch.store.PutPlan(p, r.scratch.event("migration.rehearsal.copied", p.Hash, nil)); err != nil {
			return err
		}
	}
	return nil
}

// copySnapshot streams the items; the pages that they came from are not needed.
func copySnapshot(from *state.Migration, to *session, snapshot state.Snapshot) error {
	writer, err := to.store.BeginSnapshot(state.Snapshot{ID: snapshot.ID, Source: snapshot.Source, StartedAt: snapshot.StartedAt})
	if err != nil {
		return err
	}
	one := make([]identity.Item, 1)
	for item, err := range from.Items(snapshot.ID, identity.Kinds()...) {
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
	_, err = writer.Complete(snapshot.CompletedAt, snapshot.Tenant, to.event("migration.rehearsal.copied", snapshot.ID, nil))
	return err
}

// close removes the folder, or keeps it where -keep says.
func (r *rehearsing) close() error {
	if r.scratch != nil {
		r.scratch.Close()
	}
	if r.o.keep != "" && r.scratch != nil {
		if err := os.Rename(r.folder, r.s.path(r.o.keep)); err != nil {
			return fmt.Errorf("keeping the rehearsal: %w", err)
		}
		return nil
	}
	if err := os.RemoveAll(r.folder); err != nil {
		return fmt.Errorf("removing the folder of the rehearsal: %w", err)
	}
	return nil
}
