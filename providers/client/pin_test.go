package client

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Between the check of a plugin and its start somebody may put another file in its place.
func TestPin_WhatWasCheckedIsWhatRuns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system has no names for open files")
	}
	path := filepath.Join(t.TempDir(), "plugin")
	write := func(name, says string) {
		if err := os.WriteFile(name, []byte("#!/bin/sh\necho "+says+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "checked")
	before, err := Checksum(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := pin(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.close()
	write(path+".new", "planted")
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(file.path).Output()
	if err != nil || string(said) != "checked\n" {
		t.Errorf("%q ran, %v", said, err)
	}
	if after, err := Checksum(file.path); err != nil || after != before {
		t.Errorf("%s was checked and not %s: %v", after, before, err)
	}
}
