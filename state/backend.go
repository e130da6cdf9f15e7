package state

import (
	"errors"
	"fmt"
)

// Backend is an ordered key-value store with transactions. Values are opaque and already encrypted.
type Backend interface {
	Update(func(Tx) error) error
	View(func(Tx) error) error
	Close() error
}

// Tx is one transaction. Slices that Get and Each hand out are valid until the transaction ends.
type Tx interface {
	Get(bucket, key string) []byte // nil when absent
	Put(bucket, key string, value []byte) error
	Delete(bucket, key string) error
	// Each visits the keys of a bucket that begin with prefix, in order.
	Each(bucket, prefix string, visit func(key string, value []byte) error) error
}

// Errors that callers branch on.
var (
	ErrCorrupt  = errors.New("state is damaged")
	ErrNewer    = errors.New("state was written by a newer version of rehome")
	ErrNoKey    = errors.New("no key opens this state")
	ErrNotFound = errors.New("not in the state")
)

// LockedError says that somebody else holds the state.
type LockedError struct {
	Path   string
	Holder string // who, since when, doing what; empty when not known
}

// Error names the file, and its holder where that is known.
func (e *LockedError) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("state %s is locked by another process", e.Path)
	}
	return fmt.Sprintf("state %s is locked by %s", e.Path, e.Holder)
}
