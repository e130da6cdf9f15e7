package protocol

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// Limits of one batch of a stream. Larger batches gain little and make the receiver's memory less even.
const (
	BatchCount = 500
	BatchBytes = 256 << 10
)

// Batch gathers messages and sends them when one of the limits is reached. It is not safe for many goroutines.
type Batch[T proto.Message] struct {
	send    func([]T) error
	waiting []T
	bytes   int
	sent    int
}

// NewBatch makes an empty batch; send gets one to BatchCount messages at a time and keeps the slice.
func NewBatch[T proto.Message](send func([]T) error) *Batch[T] {
	return &Batch[T]{send: send}
}

// Add takes one message. A message too large for any call is an error.
func (b *Batch[T]) Add(message T) error {
	size := proto.Size(message)
	if err := CheckSize(size); err != nil {
		return err
	}
	if len(b.waiting) > 0 && (len(b.waiting) >= BatchCount || b.bytes+size > BatchBytes) {
		if err := b.Flush(); err != nil {
			return err
		}
	}
	b.waiting = append(b.waiting, message)
	b.bytes += size
	return nil
}

// Flush sends what waits.
func (b *Batch[T]) Flush() error {
	if len(b.waiting) == 0 {
		return nil
	}
	messages := b.waiting
	b.waiting, b.bytes = nil, 0
	if err := b.send(messages); err != nil {
		return err
	}
	b.sent += len(messages)
	return nil
}

// Sent is the number of messages handed to send without an error.
func (b *Batch[T]) Sent() int { return b.sent }

// CheckSize tells whether a message of this size can cross, with room for its envelope.
func CheckSize(bytes int) error {
	const envelope = 1 << 10
	if bytes > MaxMessage-envelope {
		return fmt.Errorf("message of %d bytes is larger than the limit of %d", bytes, MaxMessage)
	}
	return nil
}
