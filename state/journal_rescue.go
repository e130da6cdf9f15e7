package state

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// rescueName stands for the run in the addresses of a rescue file, which names its run inside.
const rescueName = "rescue"

// WriteRescue writes records that a journal refused into a new file of mode 0600, encrypted as the state is. The first
// record names the run. The file must not exist.
func (m *Migration) WriteRescue(path string, process JournalProcess, records []JournalRecord) error {
	all := append([]JournalRecord{{Kind: JournalBegin, Process: &process}}, records...)
	var buffer []byte
	for i, record := range all {
		sealed, err := m.sealRecord(rescueName, uint64(i+1), record)
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
		err = SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the rescue file: %w", err), os.Remove(path))
	}
	return nil
}

// ReadRescue reads what WriteRescue wrote: whose run it is and the records that its journal lacks. A damaged or cut
// file is ErrCorrupt.
func (m *Migration) ReadRescue(path string) (JournalProcess, []JournalRecord, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return JournalProcess{}, nil, fmt.Errorf("reading the rescue file: %w", err)
	}
	var records []JournalRecord
	end, err := scanFrames(bytes.NewReader(content), int64(len(content)), scanned{}, func(f frame, behind scanned) error {
		record, err := m.openRecord(rescueName, f, behind)
		records = append(records, record)
		return err
	})
	if err == nil && (end.torn > 0 || len(records) == 0 || records[0].Process == nil) {
		err = fmt.Errorf("%w: it is not whole", ErrCorrupt)
	}
	if err == nil && (records[0].Process.Migration != m.name || records[0].Process.Tenant != m.tenant) {
		err = fmt.Errorf("it is of another migration: %w", ErrNotFound)
	}
	if err != nil {
		return JournalProcess{}, nil, fmt.Errorf("rescue file %s: %w", path, err)
	}
	return *records[0].Process, records[1:], nil
}
