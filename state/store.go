package state

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// FormatVersion of what is stored. A state of a newer version is refused, an older one is migrated on open.
const FormatVersion = 2

// Buckets of a state. The keys of what belongs to a migration or a tenant begin with its prefix; see space.go.
const (
	bucketMeta        = "meta"
	bucketRecords     = "records" // one encrypted JSON record a key: snapshot/ID, assessment/ID, plan/HASH, run/ID
	bucketItems       = "items"
	bucketPages       = "pages"
	bucketResults     = "results"
	bucketBindings    = "bindings"
	bucketAudit       = "audit"
	bucketCredentials = "credentials"
)

// Store is an open, decrypted state. Its methods are safe for many goroutines; other processes may use the same state
// meanwhile, so what one transaction read may have changed in the next one.
type Store struct {
	backend bound
	box     *ring
	pack    *zstd.Encoder
	unpack  *zstd.Decoder
}

// buckets lists those whose values are encrypted: all but meta. A test demands that no bucket is forgotten here.
func buckets() []string {
	return []string{bucketRecords, bucketItems, bucketPages, bucketResults, bucketBindings, bucketAudit, bucketCredentials}
}

// Open opens the state in backend with the identities, or begins a new one for their recipient. The end of ctx ends
// every wait for another process; what is written after it waits a moment only. It fails with ErrNewer, ErrNoKey or
// ErrCorrupt, wrapped. Close closes the backend.
func Open(ctx context.Context, backend Backend, identities []age.Identity) (*Store, error) {
	fresh, version := false, ""
	k := &keys{identities: identities, ring: newRing(nil)}
	err := backend.View(ctx, func(tx Tx) error {
		meta := header(tx)
		if fresh, version = isFresh(meta), string(meta[metaFormat]); fresh {
			return nil
		}
		return k.follow(tx)
	})
	if err == nil && fresh {
		err = begin(ctx, backend, k)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	s := &Store{backend: bound{backend: backend, ctx: ctx, keys: k}, box: k.ring, pack: pack, unpack: unpack}
	if version == "1" {
		if err := s.bringForward(); err != nil {
			return nil, fmt.Errorf("bringing the state from format %s to %d: %w", version, FormatVersion, err)
		}
	}
	return s, nil
}

// header reads what says how the state is to be opened.
func header(tx Tx) map[string][]byte {
	meta := map[string][]byte{}
	for _, name := range []string{metaFormat, metaWrapped, metaBlind, metaNext, metaNextWrapped, metaPrevious} {
		meta[name] = bytes.Clone(tx.Get(bucketMeta, name))
	}
	return meta
}

// isFresh tells whether nothing was begun yet.
func isFresh(meta map[string][]byte) bool {
	return len(meta[metaFormat]) == 0 && len(meta[metaWrapped]) == 0
}

// openBox finds the data key, or both while a rotation is on the way.
func openBox(meta map[string][]byte, identities []age.Identity) (*box, error) {
	key, err := dataKey(string(meta[metaFormat]), meta[metaWrapped], identities)
	if meta[metaNextWrapped] == nil {
		if err != nil {
			return nil, err
		}
		return withBlind(key, nil, meta)
	}
	var next []byte
	switch {
	case err == nil:
		next, err = openKey(key, metaNext, meta)
	case errors.Is(err, ErrNoKey):
		if next, err = unwrapKey(meta[metaNextWrapped], identities); err == nil {
			key, err = openKey(next, metaPrevious, meta)
		}
	}
	if err != nil {
		return nil, err
	}
	previous, err := newBox(key)
	if err != nil {
		return nil, err
	}
	return withBlind(next, previous, meta)
}

// openKey decrypts a data key that another one encrypted.
func openKey(key []byte, name string, meta map[string][]byte) ([]byte, error) {
	b, err := newBox(key)
	if err != nil {
		return nil, err
	}
	return b.open(bucketMeta+"/"+name, meta[name])
}

func withBlind(key []byte, previous *box, meta map[string][]byte) (*box, error) {
	b, err := newBox(key)
	if err != nil {
		return nil, err
	}
	if b.previous = previous; previous != nil {
		b.key = previous.data
	}
	if meta[metaBlind] != nil {
		if b.key, err = b.open(bucketMeta+"/"+metaBlind, meta[metaBlind]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func dataKey(version string, wrapped []byte, identities []age.Identity) ([]byte, error) {
	number, err := strconv.Atoi(version)
	if err != nil || len(wrapped) == 0 {
		return nil, fmt.Errorf("%w: its header does not read", ErrCorrupt)
	}
	if number > FormatVersion {
		return nil, fmt.Errorf("%w: format %d, this version knows %d", ErrNewer, number, FormatVersion)
	}
	return unwrapKey(wrapped, identities)
}

// begin gives a fresh state its data key, unless another process was faster: then its key is the one.
func begin(ctx context.Context, backend Backend, k *keys) error {
	var recipients []age.Recipient
	var names []string
	for _, identity := range k.identities {
		if x, ok := identity.(*age.X25519Identity); ok {
			recipients = append(recipients, x.Recipient())
			names = append(names, x.Recipient().String())
		}
	}
	if len(recipients) == 0 {
		return fmt.Errorf("%w: beginning a state needs an X25519 identity", ErrNoKey)
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("drawing a data key: %w", err)
	}
	wrapped, err := wrapKey(key, recipients)
	if err != nil {
		return err
	}
	err = backend.Update(ctx, func(tx Tx) error {
		if isFresh(header(tx)) {
			if err := errors.Join(
				tx.Put(bucketMeta, metaFormat, []byte(strconv.Itoa(FormatVersion))),
				tx.Put(bucketMeta, metaWrapped, wrapped),
				tx.Put(bucketMeta, metaRecipients, []byte(strings.Join(names, "\n"))),
			); err != nil {
				return err
			}
		}
		return k.follow(tx)
	})
	if err != nil {
		return fmt.Errorf("beginning it: %w", err)
	}
	return nil
}

// Close closes the backend.
func (s *Store) Close() error {
	s.unpack.Close()
	return s.backend.backend.Close()
}

func (s *Store) put(tx Tx, bucket, key string, record any) error {
	encoded, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encoding %s %s: %w", bucket, key, err)
	}
	sealed, err := s.box.seal(bucket+"/"+key, s.pack.EncodeAll(encoded, nil))
	if err != nil {
		return err
	}
	return tx.Put(bucket, key, sealed)
}

// open decrypts and unpacks a stored value. A nil value is ErrNotFound.
func (s *Store) open(bucket, key string, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, fmt.Errorf("%s %s: %w", bucket, key, ErrNotFound)
	}
	packed, err := s.box.open(bucket+"/"+key, sealed)
	if err != nil {
		return nil, err
	}
	value, err := s.unpack.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %s %s does not unpack", ErrCorrupt, bucket, key)
	}
	return value, nil
}

// decode opens a stored JSON value into record. A nil value is ErrNotFound.
func (s *Store) decode(bucket, key string, sealed []byte, record any) error {
	encoded, err := s.open(bucket, key, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(encoded, record); err != nil {
		return fmt.Errorf("%w: %s %s does not read: %w", ErrCorrupt, bucket, key, err)
	}
	return nil
}

// valuesPerPage is how many values one transaction of a walk reads.
const valuesPerPage = 256

// inPages hands the values of keys to visit, read in short transactions and handed out between them: a visitor may
// print, or take its time. A key that was deleted since is left out.
func (s *Store) inPages(bucket string, keys []string, visit func(key string, sealed []byte) error) error {
	for page := range slices.Chunk(keys, valuesPerPage) {
		values := make([][]byte, len(page))
		err := s.backend.View(func(tx Tx) error {
			for i, key := range page {
				values[i] = bytes.Clone(tx.Get(bucket, key))
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i, key := range page {
			if values[i] == nil {
				continue
			}
			if err := visit(key, values[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
