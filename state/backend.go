package state

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/state/fault"
)

// Backend is an ordered key-value store with transactions. Values are opaque and already encrypted. Many processes use
// one at the same time, each for the length of a transaction: whoever has to wait for another one waits until a timeout
// of the backend, which is a *LockedError, or until ctx ends. A transaction inside another one of the same backend may
// wait for itself; never nest them, and do nothing in them that waits for a network or a person. state/statetest says
// what else a backend must do.
type Backend interface {
	Update(ctx context.Context, do func(Tx) error) error
	View(ctx context.Context, do func(Tx) error) error
	Close() error
}

// Tx is one transaction. Slices that Get and Each hand out are the caller's, and must not be relied on after the
// transaction.
type Tx interface {
	Get(bucket, key string) []byte // nil when absent
	Put(bucket, key string, value []byte) error
	Delete(bucket, key string) error
	// Each visits the keys of a bucket that begin with prefix, in order. Visit must not write to the bucket.
	Each(bucket, prefix string, visit func(key string, value []byte) error) error
	// Keys does the same without reading the values.
	Keys(bucket, prefix string, visit func(key string) error) error
}

// Errors that callers branch on.
var (
	ErrCorrupt  = fault.ErrCorrupt
	ErrHeld     = fault.ErrHeld
	ErrNewer    = fault.ErrNewer
	ErrNoKey    = fault.ErrNoKey
	ErrNotFound = fault.ErrNotFound
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

// LostError says that a state is gone or empty although there was one: what is beside it is of no use without it, and a
// new one in its place would look like the old one with nothing in it.
type LostError struct {
	Path   string
	Empty  bool     // the file is there, with nothing in it
	Beside []string // what shows that there was one: its journals, the file that names who holds it
}

// Error names the file that is missing, and what is left of it.
func (e *LostError) Error() string {
	what := "missing"
	if e.Empty {
		what = "empty"
	}
	return fmt.Sprintf("state %s is %s, but %s is beside it", e.Path, what, e.Beside[0])
}
