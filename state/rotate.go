package state

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/state/journal"
	"github.com/rehome-iam/rehome/state/sealing"
)

// Values that are encrypted anew in one transaction, and their bytes.
const (
	rotateBatch = 512
	rotateBytes = 8 << 20
)

// Rotation is what Rotate did.
type Rotation struct {
	Values   int // encrypted anew
	Journals int
	Resumed  bool // an earlier rotation that did not end was brought to its end, for its own recipients
}

// Keys tells who opens the state.
type Keys struct {
	Recipients []string `json:"recipients"` // public keys; empty for a state from before they were recorded
	Rotating   bool     `json:"rotating"`   // a rotation did not end
}

// Keys reads who opens the state.
func (s *Store) Keys() (Keys, error) {
	var keys Keys
	err := s.backend.View(func(tx Tx) error {
		header := sealing.ReadHeader(tx.Get)
		keys = Keys{Recipients: header.Recipients(), Rotating: header.Rotating()}
		return nil
	})
	return keys, err
}

// Rotate gives the state a new data key for the recipients and encrypts everything anew, the journals in folder too.
// Each transaction leaves a state that opens with the identities of before and after; when Rotate returns, those of
// before do not open it any more. A rotation that was interrupted goes on with its own recipients.
func (s *Store) Rotate(recipients []string, folder string, event Event) (Rotation, error) {
	var done Rotation
	keys, err := s.Keys()
	if err != nil {
		return done, err
	}
	if done.Resumed = keys.Rotating; !keys.Rotating {
		if err := s.beginRotation(recipients); err != nil {
			return done, fmt.Errorf("beginning the rotation: %w", err)
		}
	}
	for _, bucket := range buckets() {
		n, err := s.resealBucket(bucket)
		if done.Values += n; err != nil {
			return done, fmt.Errorf("encrypting %s anew: %w", bucket, err)
		}
	}
	if done.Journals, err = s.resealJournals(folder); err != nil {
		return done, err
	}
	if err := s.endRotation(event); err != nil {
		return done, fmt.Errorf("ending the rotation: %w", err)
	}
	return done, nil
}

func (s *Store) beginRotation(recipients []string) error {
	next, begun, err := s.box.Box().Rotate(recipients)
	if err != nil {
		return err
	}
	return s.backend.Update(func(tx Tx) error {
		if sealing.ReadHeader(tx.Get).Rotating() {
			return errors.New("another process has begun to rotate the key")
		}
		defer s.backend.keys.turn(tx, next)
		return begun.Write(tx.Put, tx.Delete)
	})
}

// resealBucket encrypts the values of a bucket with the new data key; those that have it already are left.
func (s *Store) resealBucket(bucket string) (int, error) {
	keys, err := s.root().keys(bucket, "")
	if err != nil {
		return 0, err
	}
	total := 0
	for len(keys) > 0 {
		taken, resealed := 0, 0
		err := s.backend.Update(func(tx Tx) error {
			taken, resealed = 0, 0
			for size := 0; taken < len(keys) && taken < rotateBatch && size < rotateBytes; taken++ {
				sealed := bytes.Clone(tx.Get(bucket, keys[taken]))
				if sealed == nil {
					continue // another process has deleted it since
				}
				anew, changed, err := s.box.Box().Renew(bucket+"/"+keys[taken], sealed)
				if err != nil {
					return err
				}
				if size += len(sealed); !changed {
					continue
				}
				resealed++
				if err := tx.Put(bucket, keys[taken], anew); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total += resealed
		keys = keys[taken:]
	}
	return total, nil
}

// endRotation makes the new key the only one.
func (s *Store) endRotation(event Event) error {
	return s.backend.Update(func(tx Tx) error {
		alone, settled, err := s.box.Box().Settle(sealing.ReadHeader(tx.Get))
		if err != nil {
			return err
		}
		if err := settled.Write(tx.Put, tx.Delete); err != nil {
			return err
		}
		defer s.backend.keys.turn(tx, alone)
		return s.audit(tx, event)
	})
}

// resealJournals writes each journal anew beside the old one and puts it in its place. Frames keep their sizes, so that
// what the state knows about how far it read a journal stays true.
func (s *Store) resealJournals(folder string) (int, error) {
	paths, err := journal.Files(folder)
	if err != nil {
		return 0, err
	}
	for done, path := range paths {
		err := journal.Reseal(s.backend.ctx, path, func(address string, body []byte) ([]byte, error) {
			sealed, _, err := s.box.Box().Renew(address, body)
			return sealed, err
		})
		if err != nil {
			return done, fmt.Errorf("encrypting journal %s anew: %w", path, err)
		}
	}
	return len(paths), nil
}
