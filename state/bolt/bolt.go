// Package bolt keeps the state in one bbolt file.
//
// In: a path and how long to wait for its lock. Out: a state.Backend. It knows nothing of what the values mean.
// A file is locked by the operating system while it is open; a side file says who holds it.
package bolt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/rehome-iam/rehome/state"
)

// Holder is what the side file says about the process that has the state open.
type Holder struct {
	PID     int    `json:"pid"`
	Host    string `json:"host"`
	Command string `json:"command"`
	Since   string `json:"since"` // RFC 3339
}

// Backend is an open bbolt file.
type Backend struct {
	db     *bbolt.DB
	holder string // path of the side file
}

var _ state.Backend = (*Backend)(nil)

// Open opens or creates the file at path with mode 0600, waiting at most timeout for its lock.
// It fails with *state.LockedError, or with state.ErrCorrupt wrapped.
func Open(path string, timeout time.Duration, holder Holder) (*Backend, error) {
	if err := state.MakeFolder(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("making the folder of the state: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("opening state %s: it is a folder", path)
	}
	_, before := os.Stat(path)
	side := path + ".holder.json"
	db, err := openFile(path, max(timeout, 100*time.Millisecond))
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, &state.LockedError{Path: path, Holder: describeHolder(side)}
	case isSystem(err):
		return nil, fmt.Errorf("opening state %s: %w", path, err)
	case err != nil:
		return nil, fmt.Errorf("opening state %s: %w: %w", path, state.ErrCorrupt, err)
	}
	if errors.Is(before, fs.ErrNotExist) {
		if err := state.SyncFolder(filepath.Dir(path)); err != nil {
			return nil, errors.Join(fmt.Errorf("making state %s durable: %w", path, err), db.Close())
		}
	}
	if encoded, err := json.Marshal(holder); err == nil {
		_ = os.WriteFile(side, encoded, 0o600) // a missing side file costs a name in a message only
	}
	return &Backend{db: db, holder: side}, nil
}

// isSystem tells whether the operating system refused, which says nothing about the content of the file.
func isSystem(err error) bool {
	var path *fs.PathError
	var number syscall.Errno
	return errors.As(err, &path) || errors.As(err, &number)
}

// openFile turns the panics that bbolt raises on damaged pages into errors.
func openFile(path string, timeout time.Duration) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a cut file faults when its missing pages are read
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("reading its pages: %v", r)
		}
	}()
	return bbolt.Open(path, 0o600, &bbolt.Options{Timeout: timeout, FreelistType: bbolt.FreelistMapType})
}

func describeHolder(side string) string {
	content, err := os.ReadFile(side)
	var h Holder
	if err != nil || json.Unmarshal(content, &h) != nil {
		return ""
	}
	age := ""
	if since, err := time.Parse(time.RFC3339, h.Since); err == nil && time.Since(since) >= 0 {
		age = ", for " + time.Since(since).Round(time.Second).String()
	}
	return fmt.Sprintf("process %d on %s (%s, since %s%s)", h.PID, h.Host, h.Command, h.Since, age)
}

// Close releases the lock.
func (b *Backend) Close() error {
	_ = os.Remove(b.holder)
	return b.db.Close()
}

// Update runs one read-write transaction. A page that does not read is state.ErrCorrupt, never a panic.
func (b *Backend) Update(do func(state.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchDamage(&err)
	return b.db.Update(func(t *bbolt.Tx) error { return do(tx{t}) })
}

// View runs one read-only transaction.
func (b *Backend) View(do func(state.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchDamage(&err)
	return b.db.View(func(t *bbolt.Tx) error { return do(tx{t}) })
}

// catchDamage maps bbolt's assertion panics on damaged pages; other panics are ours and go on.
func catchDamage(err *error) {
	r := recover()
	if r == nil {
		return
	}
	text := fmt.Sprint(r)
	for _, sign := range []string{"assertion failed", "fault address", "invalid memory address", "page", "bucket", "freelist", "slice bounds", "index out of range"} {
		if strings.Contains(text, sign) {
			*err = fmt.Errorf("%w: %s", state.ErrCorrupt, text)
			return
		}
	}
	panic(r)
}

type tx struct{ t *bbolt.Tx }

func (x tx) Get(bucket, key string) []byte {
	b := x.t.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.Get([]byte(key))
}

func (x tx) Put(bucket, key string, value []byte) error {
	b, err := x.t.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return fmt.Errorf("making bucket %s: %w", bucket, err)
	}
	b.FillPercent = 0.9 // keys come sorted
	if err := b.Put([]byte(key), value); err != nil {
		return fmt.Errorf("writing to bucket %s: %w", bucket, err)
	}
	return nil
}

func (x tx) Delete(bucket, key string) error {
	b := x.t.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.Delete([]byte(key))
}

func (x tx) Each(bucket, prefix string, visit func(string, []byte) error) error {
	b := x.t.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
		if v == nil {
			continue
		}
		if err := visit(string(k), v); err != nil {
			return err
		}
	}
	return nil
}
