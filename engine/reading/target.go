package reading

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/targetfile"
	"github.com/rehome-iam/rehome/state"
)

// TargetInput says where a snapshot of the target goes.
type TargetInput struct {
	Out        string   // the new file
	Recipients []string // age public keys; none is the key of this state
}

// SnapshotTarget reads the target as a plan does and writes what it holds into an encrypted file, for those who may plan
// and have no credential of the target.
func SnapshotTarget(ctx context.Context, p *project.Project, in TargetInput) (*targetfile.Snapshot, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := TargetRecipients(p, in.Recipients)
	if err != nil {
		return nil, err
	}
	target, _, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	snapshot, err := ReadTarget(ctx, target)
	if err != nil {
		return nil, err
	}
	snapshot.Target, snapshot.TakenAt = p.Config().Target.Address(), p.Now().UTC().Format(time.RFC3339)
	if err := WriteTargetFile(p.Path(in.Out), snapshot, keys); err != nil {
		return nil, err
	}
	facts := map[string]string{"identity": snapshot.Identity.Identity, "resources": fmt.Sprint(len(snapshot.Resources))}
	if err := migration.Note(p.Event(audit.TargetSnapshotTaken, snapshot.Target, facts)); err != nil {
		return nil, fmt.Errorf("recording the snapshot of the target: %w", err)
	}
	return &snapshot, nil
}

// LiveTarget is what a plan wants to know of the target: from its plugin, or from a file.
type LiveTarget interface {
	Identify(ctx context.Context) (contract.TargetIdentity, error)
	ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error)
	Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error)
}

// ReadTarget reads all there is to know. The marker is read last but one: a lease that begins in between shows in it.
func ReadTarget(ctx context.Context, target LiveTarget) (targetfile.Snapshot, error) {
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

// KeptTarget answers from a file what a live target would have answered then.
type KeptTarget struct{ snapshot targetfile.Snapshot }

// TakenAt is when the snapshot was taken, as RFC 3339.
func (k KeptTarget) TakenAt() string { return k.snapshot.TakenAt }

// Identify implements LiveTarget.
func (k KeptTarget) Identify(context.Context) (contract.TargetIdentity, error) {
	return k.snapshot.Identity, nil
}

// ReadMarker implements LiveTarget. There is no revision: nothing is ever written on the strength of a file.
func (k KeptTarget) ReadMarker(context.Context) (contract.Marker, contract.MarkerRevision, error) {
	return k.snapshot.Marker, "", nil
}

// Read implements LiveTarget.
func (k KeptTarget) Read(_ context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	for _, r := range k.snapshot.Resources {
		if err := each(r); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Resources: len(k.snapshot.Resources)}, nil
}

// TargetRecipients are those named, else the key of this state.
func TargetRecipients(p *project.Project, texts []string) ([]age.Recipient, error) {
	if len(texts) == 0 {
		identities, err := p.Identities()
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

// WriteTargetFile writes a snapshot of a target into a file that the keys open.
func WriteTargetFile(path string, snapshot targetfile.Snapshot, keys []age.Recipient) error {
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

// OpenTargetFile opens a file with the key of the state. It must be of the target of this configuration.
func OpenTargetFile(p *project.Project, path string) (KeptTarget, error) {
	file, err := os.Open(p.Path(path))
	if err != nil {
		return KeptTarget{}, fmt.Errorf("reading the snapshot of the target: %w", err)
	}
	defer file.Close()
	identities, err := p.Identities()
	if err != nil {
		return KeptTarget{}, err
	}
	damaged := func(cause error) error {
		return diag.Errorf("target-snapshot-unusable", "Snapshot of the target is unusable", "%s: %v.\nFetch it anew, or take a new one with rehome target snapshot; give -recipient for each key that shall open it.", path, cause)
	}
	opened, err := age.Decrypt(file, identities...)
	if err != nil {
		return KeptTarget{}, damaged(errors.New("the key of this state does not open it, or it was changed"))
	}
	snapshot, err := targetfile.Read(opened)
	if err != nil {
		return KeptTarget{}, damaged(err)
	}
	if want := p.Config().Target.Address(); snapshot.Target != want {
		return KeptTarget{}, damaged(fmt.Errorf("it is of target %s, the configuration has %s", phrase.Clean(snapshot.Target), want))
	}
	if taken, err := time.Parse(time.RFC3339, snapshot.TakenAt); err != nil || taken.After(p.Now().Add(5*time.Minute)) {
		return KeptTarget{}, damaged(errors.New("it says that it was taken in the future"))
	}
	return KeptTarget{snapshot}, nil
}
