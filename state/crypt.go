package state

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

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

// ring has the box that is in use. It turns when the key of the state is rotated, by this process or by another one,
// while others of its goroutines go on.
type ring struct{ box atomic.Pointer[box] }

func newRing(b *box) *ring {
	r := &ring{}
	r.turn(b)
	return r
}

func (r *ring) turn(b *box)   { r.box.Store(b) }
func (r *ring) current() *box { return r.box.Load() }

func (r *ring) seal(address string, value []byte) ([]byte, error) {
	return r.current().seal(address, value)
}
func (r *ring) open(address string, sealed []byte) ([]byte, error) {
	return r.current().open(address, sealed)
}
func (r *ring) blind(text string) string     { return r.current().blind(text) }
func (r *ring) derive(purpose string) []byte { return r.current().derive(purpose) }

// box encrypts values with the data key of one state. During a rotation it also opens what the previous key encrypted.
// It never changes.
type box struct {
	aead     cipher.AEAD
	data     []byte // the data key
	key      []byte // of keyed hashes: the first data key of the state, so that rotations move no record
	previous *box   // nil but during a rotation
}

func newBox(key []byte) (*box, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing the data key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("preparing the data key: %w", err)
	}
	return &box{aead: aead, data: key, key: key}, nil
}

// seal encrypts value; the address is bound to it, so that a value cannot be moved to another place.
func (b *box) seal(address string, value []byte) ([]byte, error) {
	nonce := make([]byte, b.aead.NonceSize(), b.aead.NonceSize()+len(value)+b.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("drawing a nonce: %w", err)
	}
	return b.aead.Seal(nonce, nonce, value, []byte(address)), nil
}

func (b *box) open(address string, sealed []byte) ([]byte, error) {
	size := b.aead.NonceSize()
	if len(sealed) < size {
		return nil, fmt.Errorf("%w: %s is too short", ErrCorrupt, address)
	}
	value, err := b.aead.Open(nil, sealed[:size], sealed[size:], []byte(address))
	if err != nil && b.previous != nil {
		return b.previous.open(address, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s does not decrypt", ErrCorrupt, address)
	}
	return value, nil
}

// renew encrypts with the current key what the previous one encrypted; changed is false for what has the current key
// already.
func (b *box) renew(address string, sealed []byte) (anew []byte, changed bool, err error) {
	alone := &box{aead: b.aead}
	if _, err := alone.open(address, sealed); err == nil {
		return sealed, false, nil
	}
	value, err := b.open(address, sealed)
	if err != nil {
		return nil, false, err
	}
	anew, err = b.seal(address, value)
	return anew, true, err
}

// blind makes a key that names nothing: a keyed hash of the text.
func (b *box) blind(text string) string {
	mac := hmac.New(sha256.New, b.key)
	mac.Write([]byte("rehome/state/key/v1\x00" + text))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// derive makes a key for a purpose of its own. Like keyed hashes, it stays the same through rotations.
func (b *box) derive(purpose string) []byte {
	mac := hmac.New(sha256.New, b.key)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

func wrapKey(key []byte, recipients []age.Recipient) ([]byte, error) {
	var wrapped bytes.Buffer
	w, err := age.Encrypt(&wrapped, recipients...)
	if err != nil {
		return nil, fmt.Errorf("wrapping the data key: %w", err)
	}
	if _, err := w.Write(key); err != nil {
		return nil, fmt.Errorf("wrapping the data key: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("wrapping the data key: %w", err)
	}
	return wrapped.Bytes(), nil
}

func unwrapKey(wrapped []byte, identities []age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(wrapped), identities...)
	if err != nil {
		return nil, fmt.Errorf("%w: none of the identities fits", ErrNoKey)
	}
	key, err := io.ReadAll(io.LimitReader(r, 64))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%w: the wrapped data key does not read", ErrCorrupt)
	}
	return key, nil
}
