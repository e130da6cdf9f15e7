package sealing

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync/atomic"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/state/fault"
)

// Ring has the box that is in use. It turns when the key of the state is rotated, by this process or by another one,
// while others of its goroutines go on.
type Ring struct{ box atomic.Pointer[Box] }

// Turn puts another box in use.
func (r *Ring) Turn(b *Box) { r.box.Store(b) }

// Box that is in use.
func (r *Ring) Box() *Box { return r.box.Load() }

// Seal encrypts a value for an address; see Box.
func (r *Ring) Seal(address string, value []byte) ([]byte, error) {
	return r.Box().Seal(address, value)
}

// Open decrypts the value of an address; see Box.
func (r *Ring) Open(address string, sealed []byte) ([]byte, error) {
	return r.Box().Open(address, sealed)
}

// Blind makes a key that names nothing; see Box.
func (r *Ring) Blind(text string) string { return r.Box().Blind(text) }

// Derive makes a key for a purpose of its own; see Box.
func (r *Ring) Derive(purpose string) []byte { return r.Box().Derive(purpose) }

// Box encrypts values with the data key of one state. During a rotation it also opens what the previous key encrypted.
// It never changes.
type Box struct {
	aead     cipher.AEAD
	data     []byte // the data key
	key      []byte // of keyed hashes: the first data key of the state, so that rotations move no record
	previous *Box   // nil but during a rotation
}

func newBox(key []byte) (*Box, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing the data key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("preparing the data key: %w", err)
	}
	return &Box{aead: aead, data: key, key: key}, nil
}

// Seal encrypts value; the address is bound to it, so that a value cannot be moved to another place.
func (b *Box) Seal(address string, value []byte) ([]byte, error) {
	nonce := make([]byte, b.aead.NonceSize(), b.aead.NonceSize()+len(value)+b.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("drawing a nonce: %w", err)
	}
	return b.aead.Seal(nonce, nonce, value, []byte(address)), nil
}

// Open decrypts what Seal encrypted for the same address, or fails with fault.ErrCorrupt.
func (b *Box) Open(address string, sealed []byte) ([]byte, error) {
	size := b.aead.NonceSize()
	if len(sealed) < size {
		return nil, fmt.Errorf("%w: %s is too short", fault.ErrCorrupt, address)
	}
	value, err := b.aead.Open(nil, sealed[:size], sealed[size:], []byte(address))
	if err != nil && b.previous != nil {
		return b.previous.Open(address, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s does not decrypt", fault.ErrCorrupt, address)
	}
	return value, nil
}

// Renew encrypts with the current key what the previous one encrypted; changed is false for what has the current key
// already.
func (b *Box) Renew(address string, sealed []byte) (anew []byte, changed bool, err error) {
	alone := &Box{aead: b.aead}
	if _, err := alone.Open(address, sealed); err == nil {
		return sealed, false, nil
	}
	value, err := b.Open(address, sealed)
	if err != nil {
		return nil, false, err
	}
	anew, err = b.Seal(address, value)
	return anew, true, err
}

// Blind makes a key that names nothing: a keyed hash of the text.
func (b *Box) Blind(text string) string {
	mac := hmac.New(sha256.New, b.key)
	mac.Write([]byte("rehome/state/key/v1\x00" + text))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Derive makes a key for a purpose of its own. Like keyed hashes, it stays the same through rotations.
func (b *Box) Derive(purpose string) []byte {
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
		return nil, fmt.Errorf("%w: none of the identities fits", fault.ErrNoKey)
	}
	key, err := io.ReadAll(io.LimitReader(r, 64))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%w: the wrapped data key does not read", fault.ErrCorrupt)
	}
	return key, nil
}
