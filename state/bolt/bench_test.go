package bolt_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// BenchmarkTransaction measures what it costs to open the file for each transaction, on a small state, on a large one,
// and on one from which nearly everything was pruned, whose list of free pages is read before each write.
func BenchmarkTransaction(b *testing.B) {
	for _, size := range []struct {
		name   string
		values int // of 16 KiB
		pruned bool
	}{{"small", 10, false}, {"large", 20_000, false}, {"pruned", 20_000, true}} {
		b.Run(size.name, func(b *testing.B) {
			backend := filled(b, size.values, size.pruned)
			b.Run("view", func(b *testing.B) {
				for b.Loop() {
					err := backend.View(b.Context(), func(tx state.Tx) error {
						if tx.Get("items", key(5)) == nil {
							return state.ErrNotFound
						}
						return nil
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("update", func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					err := backend.Update(b.Context(), func(tx state.Tx) error {
						return tx.Put("records", key(i%100), []byte("a record"))
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func key(i int) string { return fmt.Sprintf("%08d", i) }

func filled(b *testing.B, values int, pruned bool) *bolt.Backend {
	b.Helper()
	backend, err := bolt.Open(filepath.Join(b.TempDir(), "state.db"), time.Second, bolt.Holder{})
	if err != nil {
		b.Fatal(err)
	}
	value := make([]byte, 16<<10)
	for from := 0; from < values; from += 2000 {
		err := backend.Update(b.Context(), func(tx state.Tx) error {
			for i := from; i < min(from+2000, values); i++ {
				if err := tx.Put("items", key(i), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for from := 10; pruned && from < values; from += 2000 {
		err := backend.Update(b.Context(), func(tx state.Tx) error {
			for i := from; i < min(from+2000, values); i++ {
				if err := tx.Delete("items", key(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return backend
}
