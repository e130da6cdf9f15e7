// Package fault has the errors that state and its journals share, and what makes files durable.
//
// In: nothing but the names of files. Out: errors that callers branch on, reached as those of package state, and files
// that survive a power failure. It is a leaf and knows nothing of what a state holds.
package fault

import (
	"errors"
	"fmt"
)

// Errors that callers branch on.
var (
	ErrCorrupt  = errors.New("state is damaged")
	ErrHeld     = errors.New("another process writes its journal")
	ErrNewer    = errors.New("state was written by a newer version of rehome")
	ErrNoKey    = errors.New("no key opens this state")
	ErrNotFound = errors.New("not in the state")
)

// OwnerError says that a record of an earlier format cannot be given to the migration or tenant that it belongs to.
// Nothing was changed: a record whose owner is not known is shown to nobody.
type OwnerError struct {
	What string // "credential okta-corp"
	Why  string
}

// Error names what has no owner that can be told.
func (e *OwnerError) Error() string {
	return fmt.Sprintf("the state has a format in which things had no owner, and it is not known whose %s is: %s",
		e.What, e.Why)
}
