// Package sealing encrypts the values of a state, and keeps the keys of it.
//
// In: age identities and the header of a state, whose values are wrapped and encrypted keys. Out: a Box that seals and
// opens values, each bound to its address, and what is to be written into the header when a state is begun, when its
// key begins to be rotated and when that ends. It knows no transaction and nothing of what the values mean. Begin with
// Header.Open; box.go has the cryptography.
package sealing

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/state/fault"
)

// Bucket has the header.
const Bucket = "meta"

// The values of the header. While a rotation is on the way, the state has two data keys: next is encrypted with the
// current one and wrapped for the new recipients, so that an identity of either side opens both and nothing is ever
// unreadable.
const (
	wrapped        = "wrapped_key"
	recipients     = "recipients" // public keys, one a line
	blind          = "blind_key"  // of keyed hashes; absent: the first data key
	next           = "next_key"
	nextWrapped    = "next_wrapped_key"
	nextRecipients = "next_recipients"
	previous       = "previous_key"
)

// Header is what a state says of its keys, by name. Of a header that is to be written, a nil value is to be removed.
type Header map[string][]byte

// ReadHeader copies a header.
func ReadHeader(get func(bucket, name string) []byte) Header {
	h := Header{}
	for _, name := range []string{wrapped, recipients, blind, next, nextWrapped, nextRecipients, previous} {
		if value := get(Bucket, name); value != nil {
			h[name] = bytes.Clone(value)
		}
	}
	return h
}

// Write writes a header.
func (h Header) Write(put func(bucket, name string, value []byte) error, remove func(bucket, name string) error) error {
	var err error
	for name, value := range h {
		if value == nil {
			err = errors.Join(err, remove(Bucket, name))
			continue
		}
		err = errors.Join(err, put(Bucket, name, value))
	}
	return err
}

// Begun tells whether there is a key.
func (h Header) Begun() bool { return len(h[wrapped]) > 0 }

// Rotating tells whether a rotation did not end.
func (h Header) Rotating() bool { return h[nextWrapped] != nil }

// Recipients are the public keys of those who open the state; none for one from before they were recorded.
func (h Header) Recipients() []string { return strings.Fields(string(h[recipients])) }

// Same tells whether two headers have the same keys.
func (h Header) Same(other Header) bool {
	return bytes.Equal(h[wrapped], other[wrapped]) && bytes.Equal(h[nextWrapped], other[nextWrapped])
}

// Begin draws the first data key of a state, for the recipients of identities.
func Begin(identities []age.Identity) (Header, error) {
	var known []age.Recipient
	var names []string
	for _, identity := range identities {
		if x, ok := identity.(*age.X25519Identity); ok {
			known = append(known, x.Recipient())
			names = append(names, x.Recipient().String())
		}
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("%w: beginning a state needs an X25519 identity", fault.ErrNoKey)
	}
	key, err := draw()
	if err != nil {
		return nil, err
	}
	sealed, err := wrapKey(key, known)
	return Header{wrapped: sealed, recipients: []byte(strings.Join(names, "\n"))}, err
}

func draw() ([]byte, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("drawing a data key: %w", err)
	}
	return key, nil
}

// Open finds the data key, or both while a rotation is on the way. It fails with fault.ErrNoKey or fault.ErrCorrupt.
func (h Header) Open(identities []age.Identity) (*Box, error) {
	key, err := unwrapKey(h[wrapped], identities)
	if !h.Rotating() {
		if err != nil {
			return nil, err
		}
		return h.box(key, nil)
	}
	var following []byte
	switch {
	case err == nil:
		following, err = h.key(key, next)
	case errors.Is(err, fault.ErrNoKey):
		if following, err = unwrapKey(h[nextWrapped], identities); err == nil {
			key, err = h.key(following, previous)
		}
	}
	if err != nil {
		return nil, err
	}
	before, err := newBox(key)
	if err != nil {
		return nil, err
	}
	return h.box(following, before)
}

// key decrypts a data key of the header that another one encrypted.
func (h Header) key(with []byte, name string) ([]byte, error) {
	b, err := newBox(with)
	if err != nil {
		return nil, err
	}
	return b.Open(Bucket+"/"+name, h[name])
}

func (h Header) box(key []byte, before *Box) (*Box, error) {
	b, err := newBox(key)
	if err != nil {
		return nil, err
	}
	if b.previous = before; before != nil {
		b.key = before.data
	}
	if h[blind] != nil {
		if b.key, err = b.Open(Bucket+"/"+blind, h[blind]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Rotate draws another data key for recipients, and says what the header has of it from now on.
func (b *Box) Rotate(to []string) (following *Box, begun Header, err error) {
	var parsed []age.Recipient
	for _, text := range to {
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%q is no age public key", text)
		}
		parsed = append(parsed, recipient)
	}
	if len(parsed) == 0 {
		return nil, nil, errors.New("a state needs a recipient")
	}
	key, err := draw()
	if err != nil {
		return nil, nil, err
	}
	if following, err = newBox(key); err != nil {
		return nil, nil, err
	}
	begun = Header{nextRecipients: []byte(strings.Join(to, "\n"))}
	if begun[nextWrapped], err = wrapKey(key, parsed); err != nil {
		return nil, nil, err
	}
	if begun[next], err = b.Seal(Bucket+"/"+next, key); err != nil {
		return nil, nil, err
	}
	if begun[previous], err = following.Seal(Bucket+"/"+previous, b.data); err != nil {
		return nil, nil, err
	}
	following.key, following.previous = b.key, b
	return following, begun, nil
}

// Settle makes the key of a box the only one, when nothing is encrypted with the previous one any more. The header is
// that of the rotation; what it says from now on is told.
func (b *Box) Settle(h Header) (alone *Box, settled Header, err error) {
	settledBox := *b
	settledBox.previous = nil
	sealed, err := settledBox.Seal(Bucket+"/"+blind, settledBox.key)
	if err != nil {
		return nil, nil, err
	}
	return &settledBox, Header{wrapped: h[nextWrapped], recipients: h[nextRecipients], blind: sealed,
		next: nil, nextWrapped: nil, nextRecipients: nil, previous: nil}, nil
}
