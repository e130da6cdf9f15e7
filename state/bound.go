package state

import (
	"context"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/state/sealing"
)

// lastWords is how long a transaction waits whose context had ended before: an interrupted command still says what
// became of its work.
const lastWords = 5 * time.Second

// bound is a backend as one opened Store uses it. A Store is one piece of work of one process, as a connection of
// database/sql is, so it has the context of that work; and as other processes work on the same state, each transaction
// looks first whether one of them has given the state another key.
type bound struct {
	backend Backend
	ctx     context.Context
	keys    *keys
}

// View runs one read-only transaction.
func (b bound) View(do func(Tx) error) error {
	ctx, end := b.context()
	defer end()
	return b.backend.View(ctx, b.keyed(do))
}

// Update runs one read-write transaction.
func (b bound) Update(do func(Tx) error) error {
	ctx, end := b.context()
	defer end()
	return b.backend.Update(ctx, b.keyed(do))
}

// context is that of the work, or of its last words.
func (b bound) context() (context.Context, context.CancelFunc) {
	if b.ctx.Err() == nil {
		return b.ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(b.ctx), lastWords)
}

func (b bound) keyed(do func(Tx) error) func(Tx) error {
	return func(tx Tx) error {
		if err := b.keys.follow(tx); err != nil {
			return err
		}
		return do(tx)
	}
}

// keys are the data keys of a state, as its header was when they were last unwrapped.
type keys struct {
	identities []age.Identity
	ring       *sealing.Ring

	mutex  sync.Mutex
	header sealing.Header
}

// follow takes over the keys of the header when another process has rotated them. It fails with ErrNoKey when that
// process shut our identities out.
func (k *keys) follow(tx Tx) error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	header := sealing.ReadHeader(tx.Get)
	if k.header.Begun() && header.Same(k.header) {
		return nil
	}
	if err := checkFormat(tx, header); err != nil {
		return err
	}
	b, err := header.Open(k.identities)
	if err != nil {
		return err
	}
	k.ring.Turn(b)
	k.header = header
	return nil
}

// turn takes over the box that fits the header which tx wrote. If tx fails after all, the next transaction finds
// another header.
func (k *keys) turn(tx Tx, b *sealing.Box) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.ring.Turn(b)
	k.header = sealing.ReadHeader(tx.Get)
}
