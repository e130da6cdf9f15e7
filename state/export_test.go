package state

import "strconv"

// PutAsBefore writes a record where format 1 had it: its key belongs to the whole store.
func (s *Store) PutAsBefore(bucket, key string, record any) error {
	return s.backend.Update(func(tx Tx) error { return s.put(tx, bucket, key, record) })
}

// PutRawAsBefore writes the body of a page where format 1 had it.
func (s *Store) PutRawAsBefore(bucket, key string, value []byte) error {
	return s.backend.Update(func(tx Tx) error { return s.putRaw(tx, bucket, key, value) })
}

// SetFormat writes the number of a format.
func (s *Store) SetFormat(number int) error {
	return s.backend.Update(func(tx Tx) error {
		return tx.Put(bucketMeta, "format_version",
			[]byte(strconv.Itoa(number)))
	})
}

// Blind is a keyed hash, as keys of format 1 hold it.
func (s *Store) Blind(text string) string { return s.box.Blind(text) }

// DerivedBefore is the key of pseudonyms that format 1 had for all tenants.
func (s *Store) DerivedBefore() []byte { return s.box.Derive("rehome/state/pseudonyms/v1") }
