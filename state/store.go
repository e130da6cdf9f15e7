package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/rehome-iam/rehome/state/sealing"
)

// FormatVersion of what is stored. A state of a newer version is refused, an older one is migrated on open.
const FormatVersion = 2

// Buckets of a state. The keys of what belongs to a migration or a tenant begin with its prefix; see space.go.
const (
	bucketMeta        = sealing.Bucket
	bucketRecords     = "records" // one encrypted JSON record a key: snapshot/ID, assessment/ID, plan/HASH, run/ID
	bucketItems       = "items"
	bucketPages       = "pages"
	bucketResults     = "results"
	bucketBindings    = "bindings"
	bucketAudit       = "audit"
	bucketCredentials = "credentials"
)

// metaFormat is the number of the format, beside the keys.
const metaFormat = "format_version"

// Store is an open, decrypted state. Its methods are safe for many goroutines; other processes may use the same state
// meanwhile, so what one transaction read may have changed in the next one.
type Store struct {
	backend bound
	box     *sealing.Ring
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
	k := &keys{identities: identities, ring: &sealing.Ring{}}
	err := backend.View(ctx, func(tx Tx) error {
		if fresh, version = isFresh(tx), string(tx.Get(bucketMeta, metaFormat)); fresh {
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
	if version == formatOfWhole {
		if err := s.bringForward(); err != nil {
			return nil, fmt.Errorf("bringing the state from format %s to %d: %w", version, FormatVersion, err)
		}
	}
	return s, nil
}

// checkFormat refuses a state of a newer version, and one whose header cannot be one.
func checkFormat(tx Tx, header sealing.Header) error {
	number, err := strconv.Atoi(string(tx.Get(bucketMeta, metaFormat)))
	if err != nil || !header.Begun() {
		return fmt.Errorf("%w: its header does not read", ErrCorrupt)
	}
	if number > FormatVersion {
		return fmt.Errorf("%w: format %d, this version knows %d", ErrNewer, number, FormatVersion)
	}
	return nil
}

// isFresh tells whether nothing was begun yet.
func isFresh(tx Tx) bool {
	return len(tx.Get(bucketMeta, metaFormat)) == 0 && !sealing.ReadHeader(tx.Get).Begun()
}

// begin gives a fresh state its data key, unless another process was faster: then its key is the one.
func begin(ctx context.Context, backend Backend, k *keys) error {
	header, err := sealing.Begin(k.identities)
	if err != nil {
		return err
	}
	err = backend.Update(ctx, func(tx Tx) error {
		if isFresh(tx) {
			format := tx.Put(bucketMeta, metaFormat, []byte(strconv.Itoa(FormatVersion)))
			if err := errors.Join(format, header.Write(tx.Put, tx.Delete)); err != nil {
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
	sealed, err := s.box.Seal(bucket+"/"+key, s.pack.EncodeAll(encoded, nil))
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
	packed, err := s.box.Open(bucket+"/"+key, sealed)
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
