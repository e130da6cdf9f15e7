package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/targetfile"
	"github.com/rehome-iam/rehome/state"
)

func targetCommand() Command {
	return Command{
		Path:  "target",
		Group: groupProgram,
		Short: "Read the target for those who may not, or take one over",
		Long: `Snapshot reads what the target holds into an encrypted file, on a runner that has its credential. A pull request then plans from the
file, without a credential of the target: rehome plan -target-snapshot=FILE. Adopt takes over the target of an archived migration.`,
		Example: "  rehome target snapshot -out=target.age",
	}
}

func targetSnapshotCommand() Command {
	out := ""
	var recipients []string
	return Command{
		Path:  "target snapshot",
		Class: classRead,
		Codes: []config.Code{
			{Code: "target-snapshot-unusable", Cause: "A snapshot of the target does not open, is damaged, or is of another target.", Cure: "Fetch it anew, or take a new one with rehome target snapshot."},
		},
		Short: "Write what the target holds into an encrypted file",
		Long: `Snapshot reads the target as a plan does and writes identity, marker, resources and the time into a new file, encrypted with age for the
recipients; without -recipient for the key of this state. It holds no secret, but names of applications and groups. It is as old as a
snapshot of a source may be (max_snapshot_age), then plans from it are drafts. Apply reads the live target whatever it was planned from.`,
		Example: "  rehome target snapshot -out=target.age -recipient=age1…\n  rehome plan -target-snapshot=target.age",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "the file to write (required)")
			f.StringArrayVar(&recipients, "recipient", nil, "encrypt for this age public key; may be repeated")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runTargetSnapshot(ctx, s, out, recipients)
		},
	}
}

func runTargetSnapshot(ctx context.Context, s *session, out string, recipients []string) error {
	if out == "" {
		return misuse("-out is missing: name the file to write, such as target.age")
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if _, err := s.openState(); err != nil {
		return err
	}
	keys, err := s.recipients(recipients)
	if err != nil {
		return err
	}
	providers, err := s.providers()
	if err != nil {
		return err
	}
	target, _, err := providers.target(ctx, cfg.Target, cfg)
	if err != nil {
		return err
	}
	defer target.Close()
	snapshot, err := readTarget(ctx, target)
	if err != nil {
		return err
	}
	snapshot.Target, snapshot.TakenAt = cfg.Target.Address(), s.env.now().UTC().Format(time.RFC3339)
	if err := writeTargetFile(s.path(out), snapshot, keys); err != nil {
		return err
	}
	facts := map[string]string{"identity": snapshot.Identity.Identity, "resources": fmt.Sprint(len(snapshot.Resources))}
	if err := s.store.Note(s.event("migration.target.snapshot_taken", cfg.Target.Address(), facts)); err != nil {
		return fmt.Errorf("recording the snapshot of the target: %w", err)
	}
	s.events.emit("target_snapshot", map[string]any{"target": snapshot.Target, "identity": snapshot.Identity.Identity, "taken_at": snapshot.TakenAt, "resources": len(snapshot.Resources), "requests": snapshot.Requests})
	if !s.global.json {
		fmt.Fprintf(s.env.out, "%s  %s: %s (%s), encrypted into %s\n", snapshot.Target, view.Clean(snapshot.Identity.Summary), view.Plural(len(snapshot.Resources), "resource", "resources"),
			view.Plural(snapshot.Requests, "request", "requests"), out)
	}
	return nil
}

// liveTarget is what a plan wants to know of the target: from its plugin, or from a file.
type liveTarget interface {
	Identify(ctx context.Context) (identity.TargetIdentity, error)
	ReadMarker(ctx context.Context) (identity.Marker, identity.MarkerRevision, error)
	Read(ctx context.Context, each func(identity.Resource) error) (identity.ReadSummary, error)
}

// readTarget reads all there is to know. The marker is read last but one: a lease that begins in between shows in it.
func readTarget(ctx context.Context, target liveTarget) (targetfile.Snapshot, error) {
	var s targetfile.Snapshot
	var err error
	if s.Identity, err = target.Identify(ctx); err != nil {
		return s, fmt.Errorf("asking the target who it is: %w", err)
	}
	summary, err := target.Read(ctx, func(r identity.Resource) error {
		s.Resources = append(s.Resources, r)
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("reading the target: %w", err)
	}
	s.Requests = summary.Requests
	if s.Marker, _, err = target.ReadMarker(ctx); err != nil {
		return s, fmt.Errorf("reading the marker: %w", err)
	}
	return s, nil
}

// keptTarget answers from a file what a live target would have answered then.
type keptTarget struct{ snapshot targetfile.Snapshot }

// Identify implements liveTarget.
func (k keptTarget) Identify(context.Context) (identity.TargetIdentity, error) {
	return k.snapshot.Identity, nil
}

// ReadMarker implements liveTarget. There is no revision: nothing is ever written on the strength of a file.
func (k keptTarget) ReadMarker(context.Context) (identity.Marker, identity.MarkerRevision, error) {
	return k.snapshot.Marker, "", nil
}

// Read implements liveTarget.
func (k keptTarget) Read(_ context.Context, each func(identity.Resource) error) (identity.ReadSummary, error) {
	for _, r := range k.snapshot.Resources {
		if err := each(r); err != nil {
			return identity.ReadSummary{}, err
		}
	}
	return identity.ReadSummary{Resources: len(k.snapshot.Resources)}, nil
}

// recipients are those of the flags, else the key of this state.
func (s *session) recipients(texts []string) ([]age.Recipient, error) {
	if len(texts) == 0 {
		identities, err := state.Identities(s.env.getenv(state.KeyVariable), s.IdentityPath())
		if err != nil {
			return nil, err
		}
		texts = []string{state.RecipientOf(identities)}
	}
	keys := make([]age.Recipient, 0, len(texts))
	for _, text := range texts {
		key, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("reading -recipient %q: it is not an age public key (age1…)", text)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func writeTargetFile(path string, snapshot targetfile.Snapshot, keys []age.Recipient) error {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, keys...)
	if err != nil {
		return fmt.Errorf("encrypting the snapshot of the target: %w", err)
	}
	if err := targetfile.Write(w, snapshot); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("encrypting the snapshot of the target: %w", err)
	}
	if err := project.WriteDurably(path, sealed.Bytes()); err != nil {
		return fmt.Errorf("writing the snapshot of the target: %w", err)
	}
	return nil
}

// readTargetFile opens a file with the key of the state. It must be of the target of this configuration.
func readTargetFile(s *session, path string) (keptTarget, error) {
	file, err := os.Open(s.path(path))
	if err != nil {
		return keptTarget{}, fmt.Errorf("reading the snapshot of the target: %w", err)
	}
	defer file.Close()
	identities, err := state.Identities(s.env.getenv(state.KeyVariable), s.IdentityPath())
	if err != nil {
		return keptTarget{}, err
	}
	damaged := func(cause error) error {
		return diag.Errorf("target-snapshot-unusable", "Snapshot of the target is unusable", "%s: %v.\nFetch it anew, or take a new one with rehome target snapshot; give -recipient for each key that shall open it.", path, cause)
	}
	opened, err := age.Decrypt(file, identities...)
	if err != nil {
		return keptTarget{}, damaged(errors.New("the key of this state does not open it, or it was changed"))
	}
	snapshot, err := targetfile.Read(opened)
	if err != nil {
		return keptTarget{}, damaged(err)
	}
	if want := s.cfg.Target.Address(); snapshot.Target != want {
		return keptTarget{}, damaged(fmt.Errorf("it is of target %s, the configuration has %s", view.Clean(snapshot.Target), want))
	}
	if taken, err := time.Parse(time.RFC3339, snapshot.TakenAt); err != nil || taken.After(s.env.now().Add(5*time.Minute)) {
		return keptTarget{}, damaged(errors.New("it says that it was taken in the future"))
	}
	return keptTarget{snapshot}, nil
}
