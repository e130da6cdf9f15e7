package delivering

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
)

// outlet takes one-time secrets: to a file of mode 0600, age-encrypted when recipients are given, else to a terminal.
// Every delivery is on disk before it returns. Safe for many goroutines.
type outlet struct {
	mutex      sync.Mutex
	path       string
	recipients []age.Recipient
	terminal   io.Writer // nil when secrets may not be shown
	given      []OneTimeSecret
}

// OneTimeSecret is one entry of a secrets file.
type OneTimeSecret struct {
	Resource  string `json:"resource"`
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
}

// openOutlet checks the destination before anything is written to the target. A file that an earlier part of the same
// run wrote is left as it is: what follows goes into a further part beside it.
func openOutlet(path string, recipients []string, terminal io.Writer, ours bool) (*outlet, error) {
	if ours {
		path = nextPart(path)
	}
	v := &outlet{path: path, terminal: terminal}
	for _, text := range recipients {
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("reading -secrets-recipient %q: it is not an age public key (age1…)", text)
		}
		v.recipients = append(v.recipients, recipient)
	}
	if len(v.recipients) > 0 && path == "" {
		return nil, diag.Errorf("usage", "Command line is wrong",
			"-secrets-recipient needs -secrets-out=FILE to write the encrypted secrets to.")
	}
	if path == "" {
		return v, nil
	}
	return v, mayCreate(path)
}

// mayCreate refuses a file that is there already, or that cannot be written.
func mayCreate(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return diag.Errorf("secrets-file-exists", "Secrets file exists",
			"%s is there already, and secrets are never written over an earlier file. Name another one.", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking at %s: %w", path, err)
	}
	probe, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("preparing %s for secrets: %w", path, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(path)); err != nil {
		return fmt.Errorf("preparing %s for secrets: %w", path, err)
	}
	return nil
}

// nextPart is path or, when it is there, the next part of it that is not: secrets.part2.json.
func nextPart(path string) string {
	next := path
	for part := 2; path != ""; part++ {
		if _, err := os.Lstat(next); err != nil {
			break
		}
		extension := filepath.Ext(path)
		next = fmt.Sprintf("%s.part%d%s", strings.TrimSuffix(path, extension), part, extension)
	}
	return next
}

// ready tells whether a generated secret has somewhere to go.
func (v *outlet) ready() bool { return v.path != "" || v.terminal != nil }

// Deliver implements apply.Vault.
func (v *outlet) Deliver(resource identity.ResourceID, attribute, value string) error {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	secret := OneTimeSecret{Resource: resource.String(), Attribute: attribute, Value: value}
	if v.path == "" {
		if v.terminal == nil {
			return errors.New("there is nowhere to put the secret: give -secrets-out=FILE")
		}
		_, err := fmt.Fprintf(v.terminal, "%s %s: %s\n", secret.Resource, attribute, value)
		return err
	}
	content, err := v.encode(append(v.given, secret))
	if err != nil {
		return err
	}
	if err := project.WriteDurably(v.path, content); err != nil {
		return fmt.Errorf("writing the secret: %w", err)
	}
	v.given = append(v.given, secret)
	return nil
}

func (v *outlet) encode(secrets []OneTimeSecret) ([]byte, error) {
	encoded, err := json.MarshalIndent(secrets, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding secrets: %w", err)
	}
	encoded = append(encoded, '\n')
	if len(v.recipients) == 0 {
		return encoded, nil
	}
	var sealed bytes.Buffer
	armoured := armor.NewWriter(&sealed)
	w, err := age.Encrypt(armoured, v.recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypting secrets: %w", err)
	}
	if _, err := w.Write(encoded); err != nil {
		return nil, fmt.Errorf("encrypting secrets: %w", err)
	}
	if err := errors.Join(w.Close(), armoured.Close()); err != nil {
		return nil, fmt.Errorf("encrypting secrets: %w", err)
	}
	return sealed.Bytes(), nil
}
