// Package fault has the errors that state and its journals share, and what makes files durable.
//
// In: nothing but the names of files. Out: errors that callers branch on, reached as those of package state, and files
// that survive a power failure. It is a leaf and knows nothing of what a state holds.
package fault

import "errors"

// Errors that callers branch on.
var (
	ErrCorrupt  = errors.New("state is damaged")
	ErrHeld     = errors.New("another process writes its journal")
	ErrNewer    = errors.New("state was written by a newer version of rehome")
	ErrNoKey    = errors.New("no key opens this state")
	ErrNotFound = errors.New("not in the state")
)
