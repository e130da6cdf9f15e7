package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/rehome-iam/rehome/state/fault"
)

// rescueName stands for the run in the addresses of a rescue file, which names its run inside.
const rescueName = "rescue"

// WriteRescue writes records that a journal refused into a new file of mode 0600, encrypted as the state is. The first
// record names the run, the last one says that nothing is missing. The file must not exist.
func (b Book) WriteRescue(path string, process Process, records []Record) error {
	all := slices.Concat([]Record{{Kind: Begin, Process: &process}}, records, []Record{{Kind: End}})
	var buffer []byte
	for i, record := range all {
		sealed, err := b.sealRecord(rescueName, uint64(i+1), record)
		if err == nil {
			buffer, err = encodeFrame(buffer, uint64(i+1), sealed)
		}
		if err != nil {
			return err
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the rescue file: %w", err)
	}
	_, err = file.Write(buffer)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = fault.SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the rescue file: %w", err), os.Remove(path))
	}
	return nil
}

// ReadRescue reads what WriteRescue wrote: whose run it is and the records that its journal lacks. A damaged or cut
// file is fault.ErrCorrupt.
func (b Book) ReadRescue(path string) (Process, []Record, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Process{}, nil, fmt.Errorf("reading the rescue file: %w", err)
	}
	var records []Record
	end, err := scanFrames(bytes.NewReader(content), int64(len(content)), Mark{}, func(f frame, behind Mark) error {
		record, err := b.openRecord(rescueName, f, behind)
		records = append(records, record)
		return err
	})
	last := len(records) - 1
	if err == nil && (end.torn > 0 || last < 1 || records[0].Process == nil || records[last].Kind != End) {
		err = fmt.Errorf("%w: it is not whole", fault.ErrCorrupt)
	}
	if err == nil && !b.owns(records[0].Process) {
		err = fmt.Errorf("it is of another migration: %w", fault.ErrNotFound)
	}
	if err != nil {
		return Process{}, nil, fmt.Errorf("rescue file %s: %w", path, err)
	}
	return *records[0].Process, records[1:last], nil
}
