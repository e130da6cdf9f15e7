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

	"github.com/rehome-iam/rehome/state"
)

// killVariable makes the test binary run as rehome and die, or lose its plugins, at one boundary of its journal: WHO:MOMENT:RECORD, as
// in host:before:17 or plugin:after:intend client:wiki. WHO is host, plugin or nobody. The program itself knows no such variable.
const killVariable = "REHOME_TEST_KILL"

// runKilled is the main of the program with a watch on its journal.
func runKilled() int {
	env := systemEnvironment()
	who, rest, _ := strings.Cut(os.Getenv(killVariable), ":")
	moment, record, _ := strings.Cut(rest, ":")
	env.journalWatch = func(at state.JournalMoment, number int, r state.JournalRecord) {
		if string(at) != moment || (record != strconv.Itoa(number) && record != nameOf(r)) {
			return
		}
		switch who {
		case "host":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Minute)
		case "plugin":
			killChildren()
		}
	}
	return run(context.Background(), os.Args[1:], env)
}

// nameOf names a record so that it can be found in every run.
func nameOf(r state.JournalRecord) string {
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
func killAt(who string, moment state.JournalMoment, record any) string {
	return fmt.Sprintf("%s:%s:%v", who, moment, record)
}
