package state

import (
	"bytes"
	"context"
	"sync"
	"time"

	"filippo.io/age"
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
	ring       *ring

	mutex         sync.Mutex
	wrapped, next []byte
}

// follow takes over the keys of the header when another process has rotated them. It fails with ErrNoKey when that
// process shut our identities out.
func (k *keys) follow(tx Tx) error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	wrapped, next := tx.Get(bucketMeta, metaWrapped), tx.Get(bucketMeta, metaNextWrapped)
	if bytes.Equal(wrapped, k.wrapped) && bytes.Equal(next, k.next) {
		return nil
	}
	b, err := openBox(header(tx), k.identities)
	if err != nil {
		return err
	}
	k.ring.turn(b)
	k.wrapped, k.next = bytes.Clone(wrapped), bytes.Clone(next)
	return nil
}

// turn takes over the box that fits the header which tx wrote. If tx fails after all, the next transaction finds
// another header.
func (k *keys) turn(tx Tx, b *box) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.ring.turn(b)
	k.wrapped, k.next = bytes.Clone(tx.Get(bucketMeta, metaWrapped)), bytes.Clone(tx.Get(bucketMeta, metaNextWrapped))
}
