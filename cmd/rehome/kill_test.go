package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rehome-iam/rehome/state/journal"
)

// killVariable makes the test binary run as rehome and die, or lose its plugins, at one boundary of its journal:
// WHO:MOMENT:RECORD, as in host:before:17 or plugin:after:intend client:wiki. WHO is host, plugin or nobody, or what
// happens to the process instead: interrupt, interrupt twice, pause, full, no folder. The program itself knows no such
// variable.
const killVariable = "REHOME_TEST_KILL"

// runKilled is the main of the program with a watch on its journal.
func runKilled() int {
	env := systemEnvironment()
	who, rest, _ := strings.Cut(os.Getenv(killVariable), ":")
	moment, record, _ := strings.Cut(rest, ":")
	env.journalWatch = func(at journal.Moment, number int, r journal.Record) {
		if string(at) != moment || (record != strconv.Itoa(number) && record != nameOf(r)) {
			return
		}
		switch who {
		case "host":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Minute)
		case "plugin":
			killChildren()
		case "interrupt", "interrupt twice":
			_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
			time.Sleep(200 * time.Millisecond)
			if who == "interrupt twice" {
				_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
				time.Sleep(time.Minute)
			}
		case "pause":
			pause()
		case "full":
			noMoreRoom()
		case "no folder":
			if err := os.RemoveAll("given"); err != nil {
				panic(err)
			}
		}
	}
	return execute(context.Background(), os.Args[1:], env)
}

// pause waits until somebody removes a file that it makes.
func pause() {
	if err := os.WriteFile("paused", nil, 0o600); err != nil {
		panic(err)
	}
	for range 600 {
		if _, err := os.Stat("paused"); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// noMoreRoom lets no file of this process grow beyond the size that the journal has now. The plugin is another process.
func noMoreRoom() {
	files, _ := filepath.Glob(".rehome/journal/*.journal")
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			limit := syscall.Rlimit{Cur: uint64(info.Size()), Max: uint64(info.Size())}
			_ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
		}
	}
}

// nameOf names a record so that it can be found in every run.
func nameOf(r journal.Record) string {
	switch {
	case r.Intend != nil:
		return "intend " + r.Intend.StepID
	case r.Outcome != nil:
		return "outcome " + r.Outcome.StepID
	}
	return string(r.Kind)
}

// killChildren kills every process that this one has started, and waits until they are gone or reaped.
func killChildren() {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(content), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	time.Sleep(20 * time.Millisecond)
}

// killAt is the value of killVariable for one boundary.
func killAt(who string, moment journal.Moment, record any) string {
	return fmt.Sprintf("%s:%s:%v", who, moment, record)
}
