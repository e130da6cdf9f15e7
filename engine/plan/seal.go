package plan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// SealSize is how many bytes the seal of a plan file has.
const SealSize = 96

// The last bytes of a plan file are a zstd skippable frame with the SHA-256 of all bytes before it and the seal: other
// tools pass over it, and not even a changed byte that zstd does not look at goes unseen.
const sealFrame = 8 + sha256.Size + SealSize

func sealHeader() []byte { return []byte{0x50, 0x2a, 0x4d, 0x18, sha256.Size + SealSize, 0, 0, 0} }

// Seal is what stands at the end of a plan file: the digest of all before it, and what its writer made of that.
type Seal struct {
	Digest [32]byte
	Bytes  [SealSize]byte
}

// sealWriter digests what goes through.
type sealWriter struct {
	to     io.Writer
	digest hash.Hash
}

func (s *sealWriter) Write(p []byte) (int, error) {
	s.digest.Write(p)
	return s.to.Write(p)
}

func (s *sealWriter) close(seal func([32]byte) ([]byte, error)) error {
	digest := [32]byte(s.digest.Sum(nil))
	made, err := seal(digest)
	if err != nil {
		return err
	}
	if len(made) != SealSize {
		return fmt.Errorf("the seal has %d bytes and not %d", len(made), SealSize)
	}
	_, err = s.to.Write(slices.Concat(sealHeader(), digest[:], made))
	return err
}

// sealReader hands out all but the seal.
type sealReader struct {
	from   *bufio.Reader
	digest hash.Hash
	read   int64 // bytes handed out
}

func newSealReader(r io.Reader) *sealReader {
	return &sealReader{from: bufio.NewReaderSize(r, 64<<10), digest: sha256.New()}
}

func (s *sealReader) Read(p []byte) (int, error) {
	ahead, err := s.from.Peek(min(len(p), 32<<10) + sealFrame)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("reading the plan file: %w", err)
	}
	if len(ahead) <= sealFrame {
		return 0, io.EOF
	}
	n := copy(p, ahead[:len(ahead)-sealFrame])
	if _, err := s.from.Discard(n); err != nil {
		return 0, fmt.Errorf("reading the plan file: %w", err)
	}
	s.digest.Write(p[:n])
	s.read += int64(n)
	return n, nil
}

// check fails when the digest does not fit, and hands out the seal. It wants everything before it read.
func (s *sealReader) check() (Seal, error) {
	if _, err := io.Copy(io.Discard, s); err != nil {
		return Seal{}, err
	}
	frame, err := io.ReadAll(io.LimitReader(s.from, sealFrame+1))
	if err != nil {
		return Seal{}, fmt.Errorf("reading the seal: %w", err)
	}
	start := append(sealHeader(), s.digest.Sum(nil)...)
	if len(frame) != sealFrame || !bytes.HasPrefix(frame, start) {
		return Seal{}, errors.New("its bytes do not have the digest at its end")
	}
	return Seal{Digest: [32]byte(s.digest.Sum(nil)), Bytes: [SealSize]byte(frame[len(start):])}, nil
}
