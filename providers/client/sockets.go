package client

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	socketPrefix = "rehome-plugin-"
	// longestSocketDir leaves room for the file name within the 104 bytes that the shortest platform gives a socket's
	// path.
	longestSocketDir = 75
	// sweepAge keeps a directory that a host in another process namespace has just made.
	sweepAge = 10 * time.Minute
)

// makeSocketDir makes the directory, for this user only, in which one plugin puts its socket, and sweeps those that
// killed hosts left behind.
func makeSocketDir(parent string) (string, error) {
	if len(parent)+len(socketPrefix)+20 > longestSocketDir {
		parent = "/tmp"
	}
	sweepSocketDirs(parent, time.Now())
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s%d-", socketPrefix, os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("making the directory of a plugin's socket: %w", err)
	}
	return dir, nil
}

func sweepSocketDirs(parent string, now time.Time) {
	dirs, err := filepath.Glob(filepath.Join(parent, socketPrefix+"*-*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), socketPrefix), "-")
		pid, err := strconv.Atoi(owner)
		info, statErr := os.Lstat(dir)
		if err != nil || statErr != nil || !info.IsDir() || now.Sub(info.ModTime()) < sweepAge || alive(pid) {
			continue
		}
		// What belongs to another user is refused by the system and stays.
		_ = os.RemoveAll(dir)
	}
}

func alive(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = process.Signal(syscall.Signal(0))
	return err == nil || os.IsPermission(err)
}
