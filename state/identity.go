package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/state/fault"
)

// KeyVariable names the environment variable that holds the age identity in CI.
const KeyVariable = "REHOME_STATE_KEY"

// ErrIdentity says that the text or file that should hold an age identity cannot be used as one.
var ErrIdentity = errors.New("identity is not usable")

// Identities reads the age identities that may open the state: from text when it is not empty, else from the file.
func Identities(text, file string) ([]age.Identity, error) {
	if strings.TrimSpace(text) != "" {
		identities, err := age.ParseIdentities(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%w: %s holds no age identity", ErrIdentity, KeyVariable)
		}
		return identities, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the identity of the state: %w", err)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s can be read by others (mode %04o, wanted 0600)", ErrIdentity, file, info.Mode().Perm())
	}
	identities, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no age identity", ErrIdentity, file)
	}
	return identities, nil
}

// MakeIdentity writes a new age identity to file with mode 0600, unless there is one already, and returns its
// recipient.
func MakeIdentity(file string) (recipient string, made bool, err error) {
	if identities, err := Identities("", file); err == nil {
		return RecipientOf(identities), false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", false, fmt.Errorf("making an identity: %w", err)
	}
	if err := fault.MakeFolder(filepath.Dir(file)); err != nil {
		return "", false, fmt.Errorf("making the folder of the identity: %w", err)
	}
	made, err = writeIdentity(file, identity)
	if err != nil {
		return "", false, fmt.Errorf("writing the identity: %w", err)
	}
	if !made { // another process was faster
		identities, err := Identities("", file)
		return RecipientOf(identities), false, err
	}
	return identity.Recipient().String(), true, nil
}

// writeIdentity writes a whole file or none, and none where there is one.
func writeIdentity(file string, identity *age.X25519Identity) (made bool, err error) {
	content := "# rehome state identity; keep it secret\n# public key: " + identity.Recipient().String() + "\n" +
		identity.String() + "\n"
	f, err := os.CreateTemp(filepath.Dir(file), ".identity-*") // of mode 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(f.Name())
	if _, err = io.WriteString(f, content); err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Link(f.Name(), file) // which never replaces one
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err == nil {
		err = fault.SyncFolder(filepath.Dir(file))
	}
	return err == nil, err
}

// RecipientOf is the public key of the first X25519 identity, empty when there is none.
func RecipientOf(identities []age.Identity) string {
	for _, identity := range identities {
		if x, ok := identity.(*age.X25519Identity); ok {
			return x.Recipient().String()
		}
	}
	return ""
}
