package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rehome-iam/rehome/state/fault"
)

// followTime is how long the writer of a journal waits for those that only follow it. A journal of 100,000 records is
// read in less.
const (
	followTime = 5 * time.Second
	askAgain   = 10 * time.Millisecond
)

// Folder is where the journals of a state are: beside its file.
func Folder(statePath string) string { return filepath.Join(filepath.Dir(statePath), "journal") }

// Files lists the files of the journals in a folder, sorted by name. A folder that is not there has none.
func Files(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for journals: %w", err)
	}
	var found []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), suffix) && !entry.IsDir() {
			found = append(found, filepath.Join(folder, entry.Name()))
		}
	}
	return found, nil
}

// Held tells whether a process writes the journal of a run now.
func Held(folder, run string) (bool, error) {
	file, err := os.Open(Options{Folder: folder, Run: run}.path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("opening the journal: %w", err)
	}
	defer file.Close()
	free, err := lockNow(file, false)
	return !free, err
}

// The lock of a journal is that of its file: a writer has it alone and those that follow it share it. The system gives
// it back when the process ends, however it ends.

// lockNow takes the lock if nobody stands against it. Closing the file gives it back.
func lockNow(file *os.File, alone bool) (bool, error) {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("locking the journal: %w", err)
	}
	return true, nil
}

// openAlone opens a journal, or makes it, and takes its lock. The file of that name may be another one by then: a
// rotation of the key puts a new one in its place.
func openAlone(ctx context.Context, path string) (*os.File, error) {
	for end := time.Now().Add(followTime); ; {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("opening the journal: %w", err)
		}
		locked, err := lockNow(file, true)
		if locked && isAt(file, path) {
			return file, nil
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
		if !locked && time.Now().After(end) {
			return nil, fault.ErrHeld
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the journal: %w", ctx.Err())
		case <-time.After(askAgain):
		}
	}
}

// isAt tells whether a path leads to an open file.
func isAt(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(opened, now)
}
