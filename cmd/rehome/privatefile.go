package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rehome-iam/rehome/state"
)

// privateFile is a new file of mode 0600 that is written line by line. What fails is not left behind.
type privateFile struct {
	path  string
	file  *os.File
	write *bufio.Writer
	lines *json.Encoder
}

// newPrivateFile refuses a file that is there already: nothing is written over.
func newPrivateFile(path string) (*privateFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s is there already; name a new file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	p := &privateFile{path: path, file: file, write: bufio.NewWriterSize(file, 256<<10)}
	p.lines = json.NewEncoder(p.write)
	p.lines.SetEscapeHTML(false)
	return p, nil
}

func (p *privateFile) line(value any) error {
	if err := p.lines.Encode(value); err != nil {
		return fmt.Errorf("writing %s: %w", p.path, err)
	}
	return nil
}

// close makes the file durable, or removes it when writing it failed.
func (p *privateFile) close(failed error) error {
	if failed == nil {
		failed = errors.Join(p.write.Flush(), p.file.Sync())
	}
	if err := errors.Join(failed, p.file.Close()); err != nil {
		return errors.Join(err, os.Remove(p.path))
	}
	return state.SyncFolder(filepath.Dir(p.path))
}
