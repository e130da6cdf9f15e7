// Package bolt keeps the state in one bbolt file.
//
// In: a path, how long to wait for its lock, and who waits. Out: a state.Backend. It knows nothing of what the values
// mean. The file is open, and locked by the operating system, for the length of one transaction: readers share it, a
// writer has it alone. Whoever has it for longer than a moment says so in a side file, so that another one who waits in
// vain can name him. Begin with Open, then file.run; what bbolt does to a damaged file is in damage.go.
package bolt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/fault"
	"github.com/rehome-iam/rehome/state/journal"
)

// How often a lock that somebody else has is tried, and after what time a transaction names its holder in the side
// file. A try costs microseconds and most transactions last less than a millisecond, so the first tries come quickly.
const (
	firstTry  = time.Millisecond
	slowest   = 25 * time.Millisecond
	namedFrom = 20 * time.Millisecond
	// shortest is the wait of a timeout that is shorter: two processes meet by chance for the length of a transaction.
	shortest = 100 * time.Millisecond
)

// Holder is who has the state open, as the side file says it.
type Holder struct {
	PID     int    `json:"pid"`
	Host    string `json:"host"`
	Command string `json:"command"`
	Since   string `json:"since"` // RFC 3339
}

// Backend is a bbolt file. Its methods are safe for many goroutines and many processes.
type Backend struct {
	path    string
	timeout time.Duration
	holder  Holder
}

var _ state.Backend = (*Backend)(nil)

// Open names the file at path, which the first transaction makes with mode 0600 where there is none. A transaction
// waits at most timeout for the file. It fails with *state.LostError where the file is gone or empty and what is beside
// it says that it was not.
func Open(path string, timeout time.Duration, holder Holder) (*Backend, error) {
	b := &Backend{path: path, timeout: max(timeout, shortest), holder: holder}
	if err := fault.MakeFolder(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("making the folder of the state: %w", err)
	}
	_, err := b.missing()
	return b, err
}

// side is the file that names the holder. It is there from the first transaction on, and with it the proof that there
// was a state.
func (b *Backend) side() string { return b.path + ".lock" }

// missing tells whether the file has to be begun, or why it may not be.
func (b *Backend) missing() (bool, error) {
	info, err := os.Stat(b.path)
	switch {
	case err == nil && info.IsDir():
		return false, fmt.Errorf("opening state %s: it is a folder", b.path)
	case err == nil && info.Size() > 0:
		return false, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("opening state %s: %w", b.path, err)
	}
	lost := &state.LostError{Path: b.path, Empty: err == nil}
	if _, err := os.Lstat(b.side()); err == nil {
		lost.Beside = append(lost.Beside, b.side())
	}
	journals, err := journal.Files(journal.Folder(b.path))
	if err != nil {
		return false, fmt.Errorf("opening state %s: %w", b.path, err)
	}
	if lost.Beside = append(lost.Beside, journals...); len(lost.Beside) > 0 {
		return false, lost
	}
	return true, nil
}

// Close does nothing: between transactions nothing is open.
func (b *Backend) Close() error { return nil }

// Update runs one read-write transaction.
func (b *Backend) Update(ctx context.Context, do func(state.Tx) error) error {
	f, err := b.open(ctx, true)
	if err != nil {
		return err
	}
	return f.run(true, do)
}

// View runs one read-only transaction.
func (b *Backend) View(ctx context.Context, do func(state.Tx) error) error {
	f, err := b.open(ctx, false)
	if err != nil {
		return err
	}
	return f.run(false, do)
}

// open waits for the file until the timeout, or until ctx ends.
func (b *Backend) open(ctx context.Context, writable bool) (*file, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("opening state %s: %w", b.path, err)
	}
	begin, err := b.missing()
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(b.timeout)
	for wait := firstTry; ; wait = min(2*wait, slowest) {
		f, err := b.try(writable || begin)
		switch {
		case err == nil && begin:
			return f, b.begun(f)
		case err == nil:
			return f, nil
		case !errors.Is(err, bolterrors.ErrTimeout):
			return nil, err
		case time.Now().After(end):
			return nil, &state.LockedError{Path: b.path, Holder: describeHolder(b.side())}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for state %s: %w", b.path, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// try opens the file if nobody has it. bbolt tries a lock once before it looks at a timeout of a nanosecond.
func (b *Backend) try(writable bool) (*file, error) {
	f := &file{}
	options := &bbolt.Options{
		Timeout: time.Nanosecond, ReadOnly: !writable, FreelistType: bbolt.FreelistMapType, NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (opened *os.File, err error) {
			opened, err = os.OpenFile(name, flag, mode)
			f.file = opened
			return opened, err
		},
	}
	var err error
	damage := guard(func() { f.db, err = bbolt.Open(b.path, 0o600, options) })
	switch {
	case damage != nil:
		return nil, fmt.Errorf("opening state %s: %w", b.path, errors.Join(damage, f.release()))
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, err
	case isSystem(err):
		return nil, fmt.Errorf("opening state %s: %w", b.path, err)
	case err != nil:
		return nil, fmt.Errorf("opening state %s: %w: %w", b.path, state.ErrCorrupt, err)
	}
	f.named = time.AfterFunc(namedFrom, func() { b.name(f) })
	return f, nil
}

// begun makes a new file durable, and leaves the side file beside it from then on.
func (b *Backend) begun(f *file) error {
	err := fault.SyncFolder(filepath.Dir(b.path))
	if err == nil {
		err = os.WriteFile(b.side(), []byte("{}"), 0o600)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("making state %s durable: %w", b.path, err), f.close())
	}
	return nil
}

// name says in the side file who has the state. A side file that cannot be written costs a name in a message only.
func (b *Backend) name(f *file) {
	f.naming.Lock()
	defer f.naming.Unlock()
	encoded, err := json.Marshal(b.holder)
	if err != nil || f.closed || os.WriteFile(b.side(), encoded, 0o600) != nil {
		return
	}
	f.free = func() {
		if content, err := os.ReadFile(b.side()); err == nil && string(content) == string(encoded) {
			_ = os.WriteFile(b.side(), []byte("{}"), 0o600)
		}
	}
}

// isSystem tells whether the operating system refused, which says nothing about the content of the file.
func isSystem(err error) bool {
	var path *fs.PathError
	var number syscall.Errno
	return errors.As(err, &path) || errors.As(err, &number)
}

func describeHolder(side string) string {
	content, err := os.ReadFile(side)
	var h Holder
	if err != nil || json.Unmarshal(content, &h) != nil || h == (Holder{}) {
		return ""
	}
	age := ""
	if since, err := time.Parse(time.RFC3339, h.Since); err == nil && time.Since(since) >= 0 {
		age = ", for " + time.Since(since).Round(time.Second).String()
	}
	return fmt.Sprintf("process %d on %s (%s, since %s%s)", h.PID, h.Host, h.Command, h.Since, age)
}
