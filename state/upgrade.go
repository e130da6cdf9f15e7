package state

import (
	"strconv"

	"github.com/rehome-iam/rehome/state/upgrade"
)

// formatOfWhole is the format in which every key belonged to the whole state.
const formatOfWhole = "1"

// bringForward upgrades a state of format 1.
func (s *Store) bringForward() error { return upgrade.Run(whole{s}) }

// whole is a state whose values belong to all of it.
type whole struct{ *Store }

func (w whole) View(do func(upgrade.Tx) error) error {
	return w.backend.View(func(tx Tx) error { return do(wholeTx{tx, w.Store}) })
}

func (w whole) Update(do func(upgrade.Tx) error) error {
	return w.backend.Update(func(tx Tx) error { return do(wholeTx{tx, w.Store}) })
}

func (w whole) Due(tx upgrade.Tx) bool {
	return string(tx.(wholeTx).tx.Get(bucketMeta, metaFormat)) == formatOfWhole
}

func (w whole) Done(tx upgrade.Tx) error {
	return tx.(wholeTx).tx.Put(bucketMeta, metaFormat, []byte(strconv.Itoa(FormatVersion)))
}

func (w whole) Blind(text string) string     { return w.box.Blind(text) }
func (w whole) Derive(purpose string) []byte { return w.box.Derive(purpose) }

// wholeTx is one transaction of it.
type wholeTx struct {
	tx    Tx
	store *Store
}

func (x wholeTx) Keys(bucket, prefix string) (keys []string, err error) {
	err = x.tx.Keys(bucket, prefix, func(key string) error {
		if within(key) == key { // else it has an owner already
			keys = append(keys, key)
		}
		return nil
	})
	return keys, err
}

func (x wholeTx) Read(bucket, key string, value any) error {
	return x.store.root().read(x.tx, bucket, key, value)
}

// Move encrypts a value for its new place, which is bound to it, and removes it from the old one.
func (x wholeTx) Move(bucket, from string, owner upgrade.Owner, key string) error {
	old := x.tx.Get(bucket, from)
	if old == nil {
		return nil // another process moved it
	}
	packed, err := x.store.box.Open(bucket+"/"+from, old)
	if err != nil {
		return err
	}
	to := x.of(owner).prefix + key
	sealed, err := x.store.box.Seal(bucket+"/"+to, packed)
	if err != nil {
		return err
	}
	if err := x.tx.Put(bucket, to, sealed); err != nil {
		return err
	}
	return x.tx.Delete(bucket, from)
}

func (x wholeTx) Delete(bucket, key string) error { return x.tx.Delete(bucket, key) }

func (x wholeTx) Has(bucket string, owner upgrade.Owner, key string) bool {
	return x.of(owner).has(x.tx, bucket, key)
}

func (x wholeTx) Put(bucket string, owner upgrade.Owner, key string, value any) error {
	return x.of(owner).put(x.tx, bucket, key, value)
}

// of is the part of an owner.
func (x wholeTx) of(owner upgrade.Owner) space {
	if owner.Migration == "" {
		return x.store.tenantSpace(owner.Tenant)
	}
	return x.store.migrationSpace(owner.Tenant, owner.Migration)
}
