package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/rehome-iam/rehome/state/fault"
)

// A frame is one record of a journal as it lies in the file: magic, length of the body, sequence, a checksum of these,
// the body, a checksum of the body; numbers are big-endian. The head has a checksum of its own, so that a damaged
// length is not taken for a record that was cut off.
const (
	frameMagic   = "RJ1\n"
	frameHead    = 20
	frameTail    = 4
	largestFrame = 16 << 20 // bytes of a body
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is a checked record that is not decrypted yet.
type frame struct {
	sequence uint64
	body     []byte
}

// encodeFrame appends the frame of body to buffer.
func encodeFrame(buffer []byte, sequence uint64, body []byte) ([]byte, error) {
	if len(body) > largestFrame {
		return nil, fmt.Errorf("journal record %d is larger than %d bytes", sequence, largestFrame)
	}
	head := make([]byte, frameHead)
	copy(head, frameMagic)
	binary.BigEndian.PutUint32(head[4:], uint32(len(body)))
	binary.BigEndian.PutUint64(head[8:], sequence)
	binary.BigEndian.PutUint32(head[16:], crc32.Checksum(head[:16], castagnoli))
	buffer = append(append(buffer, head...), body...)
	return binary.BigEndian.AppendUint32(buffer, crc32.Checksum(body, castagnoli)), nil
}

// parseHead reads the head of a frame; false when it is none.
func parseHead(head []byte) (length int, sequence uint64, ok bool) {
	if len(head) < frameHead || string(head[:4]) != frameMagic ||
		binary.BigEndian.Uint32(head[16:]) != crc32.Checksum(head[:16], castagnoli) {
		return 0, 0, false
	}
	size := binary.BigEndian.Uint32(head[4:])
	return int(size), binary.BigEndian.Uint64(head[8:]), size <= largestFrame
}

// errBroken says that no whole frame begins where one should.
var errBroken = errors.New("no whole record")

// readFrame reads the next frame. It fails with io.EOF at a clean end and with errBroken where no whole frame begins.
func readFrame(r *bufio.Reader) (frame, error) {
	head := make([]byte, frameHead)
	if n, err := io.ReadFull(r, head); err != nil {
		if n == 0 && errors.Is(err, io.EOF) {
			return frame{}, io.EOF
		}
		return frame{}, brokenOr(err)
	}
	length, sequence, ok := parseHead(head)
	if !ok {
		return frame{}, errBroken
	}
	body, err := io.ReadAll(io.LimitReader(r, int64(length+frameTail)))
	if err != nil {
		return frame{}, err
	}
	if len(body) < length+frameTail || binary.BigEndian.Uint32(body[length:]) != crc32.Checksum(body[:length],
		castagnoli) {
		return frame{}, errBroken
	}
	return frame{sequence: sequence, body: body[:length]}, nil
}

func brokenOr(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errBroken
	}
	return err
}

// holdsFrame tells whether a whole frame begins anywhere in what follows: then what is before it was damaged, and not
// cut off by a crash. It reads to the end.
func holdsFrame(r io.Reader) (bool, error) {
	rest, err := io.ReadAll(r)
	if err != nil {
		return false, err
	}
	for at := 0; ; at++ {
		next := bytes.Index(rest[at:], []byte(frameMagic))
		if next < 0 {
			return false, nil
		}
		at += next
		if _, _, ok := parseHead(rest[at:]); !ok {
			continue
		}
		if _, err := readFrame(bufio.NewReader(bytes.NewReader(rest[at:]))); err == nil {
			return true, nil
		}
	}
}

// Mark is a place behind a whole record of a journal.
type Mark struct {
	Sequence uint64 // of the last whole record
	Offset   int64  // behind it
}

// scanned is where the whole records of a journal end.
type scanned struct {
	Mark
	torn int64 // bytes behind it that are no record: the process died while it wrote them
}

// scanFrames visits the frames of file from a known place on. A record that a crash cut off ends the scan; one that is
// damaged while others follow it, or that is out of order, is fault.ErrCorrupt and named.
func scanFrames(file io.ReaderAt, size int64, from Mark,
	visit func(f frame, behind Mark) error) (scanned, error) {
	at := scanned{Mark: from}
	r := bufio.NewReaderSize(io.NewSectionReader(file, at.Offset, size-at.Offset), 1<<16)
	for {
		f, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return at, nil
		}
		if errors.Is(err, errBroken) {
			follows, err := holdsFrame(io.NewSectionReader(file, at.Offset+1, size-at.Offset-1))
			if err != nil {
				return at, fmt.Errorf("reading the journal: %w", err)
			}
			if follows {
				return at, fmt.Errorf("%w: record %d of the journal, at byte %d, does not read though others follow it",
					fault.ErrCorrupt,
					at.Sequence+1, at.Offset)
			}
			at.torn = size - at.Offset
			return at, nil
		}
		if err != nil {
			return at, fmt.Errorf("reading the journal: %w", err)
		}
		if f.sequence != at.Sequence+1 {
			return at, fmt.Errorf("%w: record %d of the journal, at byte %d, calls itself %d", fault.ErrCorrupt, at.Sequence+1,
				at.Offset, f.sequence)
		}
		behind := Mark{Sequence: f.sequence, Offset: at.Offset + int64(frameHead+len(f.body)+frameTail)}
		if err := visit(f, behind); err != nil {
			return at, err
		}
		at.Mark = behind
	}
}
