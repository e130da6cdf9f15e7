package plan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// The last 40 bytes of a plan file are a zstd skippable frame with the SHA-256 of all bytes before it: other tools pass
// over it, and not even a changed byte that zstd does not look at goes unseen.
const sealSize = 8 + sha256.Size

func sealHeader() []byte { return []byte{0x50, 0x2a, 0x4d, 0x18, sha256.Size, 0, 0, 0} }

// sealWriter digests what goes through.
type sealWriter struct {
	to     io.Writer
	digest hash.Hash
}

func (s *sealWriter) Write(p []byte) (int, error) {
	s.digest.Write(p)
	return s.to.Write(p)
}

func (s *sealWriter) seal() error {
	_, err := s.to.Write(append(sealHeader(), s.digest.Sum(nil)...))
	return err
}

// sealReader hands out all but the seal.
type sealReader struct {
	from   *bufio.Reader
	digest hash.Hash
}

func newSealReader(r io.Reader) *sealReader {
	return &sealReader{from: bufio.NewReaderSize(r, 64<<10), digest: sha256.New()}
}

func (s *sealReader) Read(p []byte) (int, error) {
	ahead, err := s.from.Peek(min(len(p), 32<<10) + sealSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("reading the plan file: %w", err)
	}
	if len(ahead) <= sealSize {
		return 0, io.EOF
	}
	n := copy(p, ahead[:len(ahead)-sealSize])
	if _, err := s.from.Discard(n); err != nil {
		return 0, fmt.Errorf("reading the plan file: %w", err)
	}
	s.digest.Write(p[:n])
	return n, nil
}

// check fails when the seal does not fit. It wants everything before the seal read.
func (s *sealReader) check() error {
	if _, err := io.Copy(io.Discard, s); err != nil {
		return err
	}
	seal, err := io.ReadAll(io.LimitReader(s.from, sealSize+1))
	if err != nil {
		return fmt.Errorf("reading the seal: %w", err)
	}
	if !bytes.Equal(seal, append(sealHeader(), s.digest.Sum(nil)...)) {
		return errors.New("its bytes do not have the digest at its end")
	}
	return nil
}
