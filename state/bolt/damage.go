package bolt

import (
	"fmt"
	"runtime/debug"

	"github.com/rehome-iam/rehome/state"
)

// guard runs calls of bbolt and nothing else. bbolt trusts its pages: on a damaged file it panics (an assertion, an
// index out of range), and on a file that was cut the missing pages of its map are a fault. Either is state.ErrCorrupt.
func guard(calls func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: reading its pages: %v", state.ErrCorrupt, r)
		}
	}()
	calls()
	return nil
}
