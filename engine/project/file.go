package project

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rehome-iam/rehome/state/fault"
)

// PrivateFile is a new file of mode 0600 that is written line by line. What fails is not left behind.
type PrivateFile struct {
	path  string
	file  *os.File
	write *bufio.Writer
	lines *json.Encoder
}

// NewPrivateFile refuses a file that is there already: nothing is written over.
func NewPrivateFile(path string) (*PrivateFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s is there already; name a new file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	f := &PrivateFile{path: path, file: file, write: bufio.NewWriterSize(file, 256<<10)}
	f.lines = json.NewEncoder(f.write)
	f.lines.SetEscapeHTML(false)
	return f, nil
}

// Write implements io.Writer.
func (f *PrivateFile) Write(content []byte) (int, error) { return f.write.Write(content) }

// Line writes one JSON document on a line.
func (f *PrivateFile) Line(value any) error {
	if err := f.lines.Encode(value); err != nil {
		return fmt.Errorf("writing %s: %w", f.path, err)
	}
	return nil
}

// Close makes the file durable, or removes it when writing it failed.
func (f *PrivateFile) Close(failed error) error {
	if failed == nil {
		failed = errors.Join(f.write.Flush(), f.file.Sync())
	}
	if err := errors.Join(failed, f.file.Close()); err != nil {
		return errors.Join(err, os.Remove(f.path))
	}
	return fault.SyncFolder(filepath.Dir(f.path))
}

// WriteDurably replaces path with content, mode 0600: a reader sees the old or the new file, never a part.
func WriteDurably(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	name := f.Name()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return fault.SyncFolder(filepath.Dir(path))
}
