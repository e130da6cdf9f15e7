package bolt

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/rehome-iam/rehome/state"
)

// file is the open file of one transaction.
type file struct {
	db     *bbolt.DB
	file   *os.File
	broken bool // bbolt fell over while it held locks of its own, so its Close would wait for ever

	named  *time.Timer // writes the side file
	naming sync.Mutex
	closed bool
	free   func() // empties the side file; nil when nothing was written
}

// run carries out one transaction and closes the file. A panic of do is its own affair: the transaction is undone, the
// file closed, and the panic goes on.
func (f *file) run(writable bool, do func(state.Tx) error) (err error) {
	defer func() { err = errors.Join(err, f.close()) }()
	var t *bbolt.Tx
	if damage := guard(func() { t, err = f.db.Begin(writable) }); damage != nil {
		f.broken = true
		return damage
	}
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	x := &tx{t: t}
	committed := false
	defer func() {
		x.ended = true
		if !committed {
			f.broken = guard(func() { _ = t.Rollback() }) != nil || f.broken // of a transaction that is over it says so only
		}
	}()
	if err = do(x); x.damage != nil {
		return x.damage
	}
	if err != nil || !writable {
		return err
	}
	if damage := guard(func() { err = t.Commit() }); damage != nil {
		f.broken = true
		return damage
	}
	if committed = err == nil; !committed {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// close gives the lock back.
func (f *file) close() error {
	f.named.Stop()
	f.naming.Lock()
	f.closed = true
	free := f.free
	f.naming.Unlock()
	if free != nil {
		free()
	}
	if f.broken {
		return f.release()
	}
	var err error
	if damage := guard(func() { err = f.db.Close() }); damage != nil {
		return errors.Join(damage, f.release())
	}
	if err != nil {
		return fmt.Errorf("closing the state: %w", err)
	}
	return nil
}

// release closes a file that bbolt cannot close any more. The map of the file that bbolt leaves behind would keep the
// lock.
func (f *file) release() error {
	return errors.Join(syscall.Flock(int(f.file.Fd()), syscall.LOCK_UN), f.file.Close())
}

// tx hands copies out, made where a page that is missing is noticed. After damage it reads nothing more, and the
// transaction fails whatever its function makes of that.
type tx struct {
	t      *bbolt.Tx
	ended  bool
	damage error
}

func (x *tx) guard(do func()) {
	if x.ended {
		panic("a transaction of the state was used after its end")
	}
	if x.damage == nil {
		x.damage = guard(do)
	}
}

// Get implements state.Tx.
func (x *tx) Get(bucket, key string) (value []byte) {
	x.guard(func() {
		if b := x.t.Bucket([]byte(bucket)); b != nil {
			value = clone(b.Get([]byte(key)))
		}
	})
	return value
}

// clone keeps the difference between an empty value and none, which bytes.Clone keeps too, and never shares memory with
// the map.
func clone(value []byte) []byte {
	if value == nil {
		return nil
	}
	return append(make([]byte, 0, len(value)), value...)
}

// Put implements state.Tx.
func (x *tx) Put(bucket, key string, value []byte) (err error) {
	x.guard(func() {
		var b *bbolt.Bucket
		if b, err = x.t.CreateBucketIfNotExists([]byte(bucket)); err != nil {
			err = fmt.Errorf("making bucket %s: %w", bucket, err)
			return
		}
		b.FillPercent = 0.9 // keys come sorted
		if err = b.Put([]byte(key), value); err != nil {
			err = fmt.Errorf("writing to bucket %s: %w", bucket, err)
		}
	})
	return errors.Join(x.damage, err)
}

// Delete implements state.Tx.
func (x *tx) Delete(bucket, key string) (err error) {
	x.guard(func() {
		if b := x.t.Bucket([]byte(bucket)); b != nil {
			err = b.Delete([]byte(key))
		}
	})
	return errors.Join(x.damage, err)
}

// Each implements state.Tx.
func (x *tx) Each(bucket, prefix string, visit func(string, []byte) error) error {
	return x.walk(bucket, prefix, true, visit)
}

// Keys implements state.Tx.
func (x *tx) Keys(bucket, prefix string, visit func(string) error) error {
	return x.walk(bucket, prefix, false, func(key string, _ []byte) error { return visit(key) })
}

// walk visits outside of the guard: what a visitor does wrong is no damage.
func (x *tx) walk(bucket, prefix string, values bool, visit func(string, []byte) error) error {
	var cursor *bbolt.Cursor
	var key string
	var value []byte
	more := false
	step := func(move func() ([]byte, []byte)) {
		x.guard(func() {
			k, v := move()
			if key, more = string(k), k != nil && strings.HasPrefix(string(k), prefix); more && values {
				value = clone(v)
			}
		})
		more = more && x.damage == nil
	}
	x.guard(func() {
		if b := x.t.Bucket([]byte(bucket)); b != nil {
			cursor = b.Cursor()
		}
	})
	if cursor == nil {
		return x.damage
	}
	for step(func() ([]byte, []byte) { return cursor.Seek([]byte(prefix)) }); more; step(cursor.Next) {
		if err := visit(key, value); err != nil {
			return err
		}
	}
	return x.damage
}
