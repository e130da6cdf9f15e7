package surveying

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/targetfile"
	"github.com/rehome-iam/rehome/state"
)

// Input says where a snapshot of the target goes.
type Input struct {
	Out        string   // the new file
	Recipients []string // age public keys; none is the key of this state
}

// Take reads the target as a plan does and writes what it holds into an encrypted file, for those who may plan
// and have no credential of the target.
func Take(ctx context.Context, p *project.Project, in Input) (*targetfile.Snapshot, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := Recipients(p, in.Recipients)
	if err != nil {
		return nil, err
	}
	target, _, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	snapshot, err := targetfile.Take(ctx, target)
	if err != nil {
		return nil, err
	}
	snapshot.Target, snapshot.TakenAt = p.Config().Target.Address(), p.Now().UTC().Format(time.RFC3339)
	if err := Write(p.Path(in.Out), snapshot, keys); err != nil {
		return nil, err
	}
	facts := map[string]string{"identity": snapshot.Identity.Identity, "resources": fmt.Sprint(len(snapshot.Resources))}
	if err := migration.Note(p.Event(audit.TargetSnapshotTaken, snapshot.Target, facts)); err != nil {
		return nil, fmt.Errorf("recording the snapshot of the target: %w", err)
	}
	return &snapshot, nil
}

// Recipients are those named, else the key of this state.
func Recipients(p *project.Project, texts []string) ([]age.Recipient, error) {
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

// Write writes a snapshot of a target into a file that the keys open.
func Write(path string, snapshot targetfile.Snapshot, keys []age.Recipient) error {
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

// Open opens a file with the key of the state. It must be of the target of this configuration.
func Open(p *project.Project, path string) (targetfile.Snapshot, error) {
	file, err := os.Open(p.Path(path))
	if err != nil {
		return targetfile.Snapshot{}, fmt.Errorf("reading the snapshot of the target: %w", err)
	}
	defer file.Close()
	identities, err := p.Identities()
	if err != nil {
		return targetfile.Snapshot{}, err
	}
	damaged := func(cause error) error {
		return diag.Errorf("target-snapshot-unusable", "Snapshot of the target is unusable",
			"%s: %v.\nFetch it anew, or take a new one with rehome target snapshot; give -recipient for each key that shall "+
				"open "+
				"it.", path, cause)
	}
	opened, err := age.Decrypt(file, identities...)
	if err != nil {
		return targetfile.Snapshot{}, damaged(errors.New("the key of this state does not open it, or it was changed"))
	}
	snapshot, err := targetfile.Read(opened)
	if err != nil {
		return targetfile.Snapshot{}, damaged(err)
	}
	if want := p.Config().Target.Address(); snapshot.Target != want {
		return targetfile.Snapshot{}, damaged(fmt.Errorf("it is of target %s, the configuration has %s",
			phrase.Clean(snapshot.Target), want))
	}
	if taken, err := time.Parse(time.RFC3339, snapshot.TakenAt); err != nil || taken.After(p.Now().Add(5*time.Minute)) {
		return targetfile.Snapshot{}, damaged(errors.New("it says that it was taken in the future"))
	}
	return snapshot, nil
}
