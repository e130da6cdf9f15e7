package targetfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// The stream is zstd over JSON lines: a head, resources in the order in which they were read, and an end that counts
// them. It is not signed: the encryption around it finds what was changed.

// FormatVersion of the stream. Another one is refused.
const FormatVersion = "1.0"

// Limits: what is longer is refused before it is held.
const (
	maxLine    = 16 << 20
	maxContent = 4 << 30
	maxWindow  = 64 << 20
)

// Head says what was read, and when.
type Head struct {
	FormatVersion string                  `json:"format_version"`
	Target        string                  `json:"target"` // provider.name of the block
	TakenAt       string                  `json:"taken_at"`
	Identity      contract.TargetIdentity `json:"identity"`
	Marker        contract.Marker         `json:"marker"`
	Requests      int                     `json:"requests"`
}

// Snapshot is a whole stream.
type Snapshot struct {
	Head
	Resources []identity.Resource
}

type line struct {
	Head     *Head              `json:"head,omitempty"`
	Resource *identity.Resource `json:"resource,omitempty"`
	End      *end               `json:"end,omitempty"`
}

type end struct {
	Resources int `json:"resources"`
}

// Write writes the stream.
func Write(w io.Writer, s Snapshot) error {
	compressed, err := zstd.NewWriter(w, zstd.WithEncoderCRC(true), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("writing the snapshot of the target: %w", err)
	}
	lines := json.NewEncoder(compressed)
	lines.SetEscapeHTML(false)
	head := s.Head
	head.FormatVersion = FormatVersion
	err = lines.Encode(line{Head: &head})
	for i := range s.Resources {
		if err == nil {
			err = lines.Encode(line{Resource: &s.Resources[i]})
		}
	}
	if err == nil {
		err = lines.Encode(line{End: &end{Resources: len(s.Resources)}})
	}
	if err := errors.Join(err, compressed.Close()); err != nil {
		return fmt.Errorf("writing the snapshot of the target: %w", err)
	}
	return nil
}

// Read reads a stream to its end. One that was cut, or is of another version, is an error.
func Read(r io.Reader) (Snapshot, error) {
	s, err := read(r)
	if err != nil {
		return Snapshot{}, fmt.Errorf("reading the snapshot of the target: %w", err)
	}
	return s, nil
}

func read(r io.Reader) (Snapshot, error) {
	compressed, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return Snapshot{}, err
	}
	defer compressed.Close()
	lines := bufio.NewScanner(io.LimitReader(compressed, maxContent))
	lines.Buffer(make([]byte, 64<<10), maxLine)
	var s Snapshot
	for lines.Scan() {
		ended, err := s.add(lines.Bytes())
		if err != nil {
			return Snapshot{}, err
		}
		if ended {
			if lines.Scan() || lines.Err() != nil {
				return Snapshot{}, errors.New("there is more after the end")
			}
			return s, nil
		}
	}
	if err := lines.Err(); err != nil {
		return Snapshot{}, err
	}
	return Snapshot{}, errors.New("it was cut: its end is missing")
}

func (s *Snapshot) add(text []byte) (ended bool, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var l line
	if err := decoder.Decode(&l); err != nil {
		return false, fmt.Errorf("a line does not read: %w", err)
	}
	if (s.FormatVersion == "") != (l.Head != nil) {
		return false, errors.New("its head is missing, or is not the first line")
	}
	switch {
	case l.Head != nil:
		s.Head = *l.Head
		if s.FormatVersion != FormatVersion {
			return false, fmt.Errorf("its format is %q, this version reads %q", s.FormatVersion, FormatVersion)
		}
		if _, err := time.Parse(time.RFC3339, s.TakenAt); err != nil || s.Target == "" || s.Identity.Identity == "" {
			return false, errors.New("its head does not say of which target it is, or of when")
		}
	case l.Resource != nil:
		if l.Resource.Type == "" || l.Resource.Key == "" {
			return false, errors.New("a resource has no type or no key")
		}
		s.Resources = append(s.Resources, *l.Resource)
	case l.End != nil:
		if l.End.Resources != len(s.Resources) {
			return false, fmt.Errorf("it holds %d resources and should hold %d", len(s.Resources), l.End.Resources)
		}
		return true, nil
	default:
		return false, errors.New("a line is of no known sort")
	}
	return false, nil
}
