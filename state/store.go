package state

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// FormatVersion of what is stored. A state of a newer version is refused, an older one is migrated on open.
const FormatVersion = 1

// Buckets of a state.
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

// Store is an open, decrypted state.
type Store struct {
	backend Backend
	box     *box
	pack    *zstd.Encoder
	unpack  *zstd.Decoder

	migration string // the one that OpenMigration or SelectMigration named; empty before
}

// Open opens the state in backend with the identities, or begins a new one for their recipient.
// It fails with ErrNewer, ErrNoKey or ErrCorrupt, wrapped. Close closes the backend.
func Open(backend Backend, identities []age.Identity) (*Store, error) {
	var version string
	var wrapped []byte
	err := backend.View(func(tx Tx) error {
		version = string(tx.Get(bucketMeta, "format_version"))
		wrapped = append(wrapped, tx.Get(bucketMeta, "wrapped_key")...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	key, err := dataKey(backend, version, wrapped, identities)
	if err != nil {
		return nil, err
	}
	sealed, err := newBox(key)
	if err != nil {
		return nil, err
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	return &Store{backend: backend, box: sealed, pack: pack, unpack: unpack}, nil
}

func dataKey(backend Backend, version string, wrapped []byte, identities []age.Identity) ([]byte, error) {
	if version == "" && len(wrapped) == 0 {
		return begin(backend, identities)
	}
	number, err := strconv.Atoi(version)
	if err != nil || len(wrapped) == 0 {
		return nil, fmt.Errorf("%w: its header does not read", ErrCorrupt)
	}
	if number > FormatVersion {
		return nil, fmt.Errorf("%w: format %d, this version knows %d", ErrNewer, number, FormatVersion)
	}
	return unwrapKey(wrapped, identities)
}

func begin(backend Backend, identities []age.Identity) ([]byte, error) {
	var recipients []age.Recipient
	for _, identity := range identities {
		if x, ok := identity.(*age.X25519Identity); ok {
			recipients = append(recipients, x.Recipient())
		}
	}
	if len(recipients) == 0 {
		return nil, fmt.Errorf("%w: beginning a state needs an X25519 identity", ErrNoKey)
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("drawing a data key: %w", err)
	}
	wrapped, err := wrapKey(key, recipients)
	if err != nil {
		return nil, err
	}
	err = backend.Update(func(tx Tx) error {
		return errors.Join(
			tx.Put(bucketMeta, "format_version", []byte(strconv.Itoa(FormatVersion))),
			tx.Put(bucketMeta, "wrapped_key", wrapped),
		)
	})
	if err != nil {
		return nil, fmt.Errorf("beginning the state: %w", err)
	}
	return key, nil
}

// Close closes the backend.
func (s *Store) Close() error {
	s.unpack.Close()
	return s.backend.Close()
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

func (s *Store) get(bucket, key string, record any) error {
	return s.backend.View(func(tx Tx) error { return s.decode(bucket, key, tx.Get(bucket, key), record) })
}

// keys lists the keys with a prefix, so that values can be read in short transactions of their own.
func (s *Store) keys(bucket, prefix string) ([]string, error) {
	var keys []string
	err := s.backend.View(func(tx Tx) error {
		return tx.Each(bucket, prefix, func(key string, _ []byte) error {
			keys = append(keys, key)
			return nil
		})
	})
	return keys, err
}
