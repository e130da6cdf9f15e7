package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// FileFormat is the version of an exported chain.
const FileFormat = "1.0"

// shortestCheckpoint is how many digits of a hash name a record well enough.
const shortestCheckpoint = 12

// longestLine of an exported chain, in bytes.
const longestLine = 4 << 20

// ErrCheckpoint says that a checkpoint cannot be one.
var ErrCheckpoint = errors.New("a checkpoint is at least 12 hexadecimal digits of a hash")

// CutError says that the chain is whole in itself but does not hold the checkpoint: its end was cut off, or it was
// written anew.
type CutError struct {
	Checkpoint string
	Records    int
}

// Error says that the end of the chain is missing, and from which record on.
func (e *CutError) Error() string {
	return fmt.Sprintf("no audit record of %d has the hash %s: record %d or a later one was cut off, or the chain was "+
		"written anew", e.Records, e.Checkpoint, e.Records+1)
}

// Follower checks a chain record by record, so that a chain of any length needs no memory.
type Follower struct {
	checkpoint string
	found      int
	records    int
	head       string
}

// Follow begins a check. With a checkpoint, a hash or its first digits that somebody kept elsewhere, End also finds a
// cut.
func Follow(checkpoint string) (*Follower, error) {
	checkpoint = strings.ToLower(strings.TrimSpace(checkpoint))
	if checkpoint != "" && (len(checkpoint) < shortestCheckpoint || strings.Trim(checkpoint, "0123456789abcdef") != "") {
		return nil, ErrCheckpoint
	}
	return &Follower{checkpoint: checkpoint}, nil
}

// Add takes the next record. It fails with *BrokenError.
func (f *Follower) Add(record Record) error {
	next := f.records + 1
	hash, err := record.Digest()
	switch {
	case err != nil:
		return err
	case record.Sequence > next:
		return &BrokenError{Sequence: next, Reason: fmt.Sprintf("it is missing; number %d stands in its place",
			record.Sequence)}
	case record.Sequence != next:
		return &BrokenError{Sequence: next, Reason: fmt.Sprintf("number %d stands in its place", record.Sequence)}
	case record.Previous != f.head:
		return &BrokenError{Sequence: next, Reason: "it does not follow the record before it"}
	case record.Hash != hash:
		return &BrokenError{Sequence: next, Reason: "its content does not have its hash"}
	}
	f.records, f.head = next, record.Hash
	if f.checkpoint != "" && strings.HasPrefix(record.Hash, f.checkpoint) {
		f.found = next
	}
	return nil
}

// Report is what a whole chain is.
type Report struct {
	Records    int    `json:"records"`
	Head       string `json:"head"`
	Checkpoint int    `json:"checkpoint_record,omitempty"` // number of the record that has the checkpoint's hash
}

// End closes the check against what the keeper of the chain says that it holds. It fails with *BrokenError or
// *CutError.
func (f *Follower) End(records int, head string) (Report, error) {
	report := Report{Records: f.records, Head: f.head, Checkpoint: f.found}
	switch {
	case f.records < records:
		return report, &BrokenError{Sequence: f.records + 1,
			Reason: fmt.Sprintf("it is missing; the chain ends at record %d of %d", f.records, records)}
	case f.records > records:
		return report, &BrokenError{Sequence: records + 1, Reason: fmt.Sprintf("the chain should end at record %d", records)}
	case f.head != head:
		return report, &BrokenError{Sequence: f.records, Reason: "the chain should end with another hash"}
	case f.checkpoint != "" && f.found == 0:
		return report, &CutError{Checkpoint: f.checkpoint, Records: f.records}
	}
	return report, nil
}

// Header is the first line of an exported chain.
type Header struct {
	Type    string `json:"type"` // audit_export
	Format  string `json:"format_version"`
	Records int    `json:"records"`
	Head    string `json:"head"`
}

// NewHeader announces a chain.
func NewHeader(records int, head string) Header {
	return Header{Type: "audit_export", Format: FileFormat, Records: records, Head: head}
}

// VerifyFile checks an exported chain: a header, then a record a line. It needs neither the state nor its key.
func VerifyFile(r io.Reader, checkpoint string) (Report, error) {
	follower, err := Follow(checkpoint)
	if err != nil {
		return Report{}, err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), longestLine)
	var header Header
	for number := 1; lines.Scan(); number++ {
		if number == 1 {
			if err := strict(lines.Bytes(), &header); err != nil || header.Type != "audit_export" ||
				header.Format != FileFormat {
				return Report{}, errors.New("the file is no audit chain that rehome exported: its first line is no header of " +
					"this format")
			}
			continue
		}
		var record Record
		if err := strict(lines.Bytes(), &record); err != nil {
			return Report{}, &BrokenError{Sequence: follower.records + 1, Reason: "its line does not read"}
		}
		if err := follower.Add(record); err != nil {
			return Report{}, err
		}
	}
	if err := lines.Err(); err != nil {
		return Report{}, fmt.Errorf("reading line %d: %w", follower.records+2, err)
	}
	if header.Type == "" {
		return Report{}, errors.New("the file is empty")
	}
	return follower.End(header.Records, header.Head)
}

// strict reads one document and nothing beside it: what the hash does not cover must not be there.
func strict(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more on the line")
	}
	return nil
}
