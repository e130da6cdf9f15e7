package client

import (
	"fmt"
	"os"
)

// pinned is a plugin that stays the file that it was when it was opened, whatever takes its place in the folder.
type pinned struct {
	file *os.File
	path string // to check and to run
}

// pin opens a plugin. Where the system has no names for open files, the path stays what it was.
func pin(path string) (pinned, error) {
	file, err := os.Open(path)
	if err != nil {
		return pinned{}, fmt.Errorf("opening the plugin: %w", err)
	}
	p := pinned{file: file, path: path}
	open := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd())
	if named, err := os.Stat(open); err == nil {
		if opened, err := file.Stat(); err == nil && os.SameFile(named, opened) {
			p.path = open
		}
	}
	return p, nil
}

func (p pinned) close() { _ = p.file.Close() }
