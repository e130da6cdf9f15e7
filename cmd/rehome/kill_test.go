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

// killVariable makes the test binary run as rehome and die, or lose its plugins, at one boundary of its journal:
// WHO:MOMENT:SEQUENCE, as in host:before:17. WHO is host, plugin or nobody. The program itself knows no such variable.
const killVariable = "REHOME_TEST_KILL"

// runKilled is the main of the program with a watch on its journal.
func runKilled() int {
	env := systemEnvironment()
	who, moment, sequence := parseKill(os.Getenv(killVariable))
	env.journalWatch = func(at state.JournalMoment, number int, _ state.JournalRecord) {
		if string(at) != moment || number != sequence {
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

func parseKill(text string) (who, moment string, sequence int) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return "nobody", "", 0
	}
	sequence, _ = strconv.Atoi(parts[2])
	return parts[0], parts[1], sequence
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
func killAt(who string, moment state.JournalMoment, sequence int) string {
	return fmt.Sprintf("%s:%s:%d", who, moment, sequence)
}
