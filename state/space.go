package state

import (
	"bytes"
	"errors"
	"strings"
)

// space is the part of a store whose keys begin with a prefix: that of one migration, of one tenant, or, with no
// prefix, what belongs to the store itself. Whoever has a space cannot name a key outside of it, so what is another's
// cannot be read or written by mistake.
type space struct {
	store  *Store
	prefix string
	tenant string // of its audit records; empty in the store's own part
}

// The prefixes of the two sorts of owners. A key of the store itself never has a colon as its second character.
const (
	prefixMigration = "m:"
	prefixTenant    = "t:"
)

// migrationSpace holds what belongs to one migration. Its key has the tenant too: a folder that names the migration of
// another tenant finds an empty space.
func (s *Store) migrationSpace(tenant, name string) space {
	return space{store: s, prefix: prefixMigration + s.box.Blind("space/migration\x00"+tenant+"\x00"+name) + "/",
		tenant: tenant}
}

// tenantSpace holds what the migrations of one tenant share.
func (s *Store) tenantSpace(tenant string) space {
	return space{store: s, prefix: prefixTenant + s.box.Blind("space/tenant\x00"+tenant) + "/", tenant: tenant}
}

// root holds what belongs to the store itself.
func (s *Store) root() space { return space{store: s} }

func (p space) put(tx Tx, bucket, key string, record any) error {
	return p.store.put(tx, bucket, p.prefix+key, record)
}

func (p space) putRaw(tx Tx, bucket, key string, value []byte) error {
	return p.store.putRaw(tx, bucket, p.prefix+key, value)
}

func (p space) delete(tx Tx, bucket, key string) error { return tx.Delete(bucket, p.prefix+key) }

func (p space) has(tx Tx, bucket, key string) bool { return tx.Get(bucket, p.prefix+key) != nil }

// read reads one record within a transaction, or ErrNotFound.
func (p space) read(tx Tx, bucket, key string, record any) error {
	key = p.prefix + key
	return p.store.decode(bucket, key, tx.Get(bucket, key), record)
}

// get reads one record in a transaction of its own.
func (p space) get(bucket, key string, record any) error {
	return p.store.backend.View(func(tx Tx) error { return p.read(tx, bucket, key, record) })
}

func (p space) getRaw(bucket, key string) (value []byte, err error) {
	key = p.prefix + key
	err = p.store.backend.View(func(tx Tx) error {
		value, err = p.store.open(bucket, key, tx.Get(bucket, key))
		value = bytes.Clone(value)
		return err
	})
	return value, err
}

// keys lists the keys with a prefix, so that values can be read in short transactions of their own.
func (p space) keys(bucket, prefix string) (keys []string, err error) {
	err = p.store.backend.View(func(tx Tx) error {
		keys, err = p.keysIn(tx, bucket, prefix)
		return err
	})
	return keys, err
}

func (p space) keysIn(tx Tx, bucket, prefix string) ([]string, error) {
	var keys []string
	err := tx.Keys(bucket, p.prefix+prefix, func(key string) error {
		keys = append(keys, strings.TrimPrefix(key, p.prefix))
		return nil
	})
	return keys, err
}

// deleteBelow lists the keys first: a cursor must not walk over what is deleted under it.
func (p space) deleteBelow(tx Tx, bucket, prefix string) error {
	keys, err := p.keysIn(tx, bucket, prefix)
	for _, key := range keys {
		err = errors.Join(err, p.delete(tx, bucket, key))
	}
	return err
}

// change writes a record and its audit event within a transaction.
func (p space) change(tx Tx, key string, record any, event Event) error {
	if err := p.put(tx, bucketRecords, key, record); err != nil {
		return err
	}
	return p.audit(tx, event)
}

// audit appends to the chain within the transaction of the change that it records; whose space it is, is the tenant of
// the record.
func (p space) audit(tx Tx, event Event) error {
	if p.tenant != "" {
		event.Tenant = p.tenant
	}
	return p.store.audit(tx, event)
}

func (p space) auditAll(tx Tx, events []Event) error {
	for _, event := range events {
		if err := p.audit(tx, event); err != nil {
			return err
		}
	}
	return nil
}

// recordsIn reads the records below a prefix within a transaction, in the order of their keys.
func recordsIn[T any](p space, tx Tx, bucket, prefix string) ([]T, error) {
	var all []T
	err := tx.Each(bucket, p.prefix+prefix, func(key string, sealed []byte) error {
		var record T
		if err := p.store.decode(bucket, key, sealed, &record); err != nil {
			return err
		}
		all = append(all, record)
		return nil
	})
	return all, err
}

func records[T any](p space, prefix string) (all []T, err error) {
	err = p.store.backend.View(func(tx Tx) error {
		all, err = recordsIn[T](p, tx, bucketRecords, prefix)
		return err
	})
	return all, err
}
