package main

import (
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/terminal"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// environment is everything a command may touch outside its arguments. Tests make their own.
type environment struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // out is a terminal
	asks     bool // in is a terminal, so a person can be asked
	variable terminal.Variables
	now      func() time.Time
	folder   string // of the rehome binary, where plugins are looked for first
	home     string
	host     string
	account  string // system user

	// parting is what to say when a second interrupt ends the process at once.
	parting      *atomic.Pointer[string]
	journalWatch applying.Watch // nil in the program; tests end the process in it
}

func systemEnvironment() *environment {
	e := &environment{in: os.Stdin, out: os.Stdout, err: os.Stderr, variable: os.Environ(), now: time.Now,
		parting: &atomic.Pointer[string]{}}
	e.terminal = term.IsTerminal(int(os.Stdout.Fd()))
	e.asks = term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
	if binary, err := os.Executable(); err == nil {
		if resolved, err := filepath.EvalSymlinks(binary); err == nil {
			binary = resolved
		}
		e.folder = filepath.Dir(binary)
	}
	if home, err := os.UserHomeDir(); err == nil {
		e.home = home
	}
	if host, err := os.Hostname(); err == nil {
		e.host = host
	}
	if account, err := user.Current(); err == nil {
		e.account = account.Username
	}
	return e
}

func (e *environment) getenv(name string) string { return e.variable.Get(name) }

func (e *environment) automation() bool { return e.variable.Automation() }

func (e *environment) style(noColor bool) view.Style {
	return view.Style{Color: !noColor && e.variable.Color(e.terminal)}
}

// backendOf opens the file of a state for a command.
func backendOf(env *environment, command string) func(string, time.Duration) (state.Backend, error) {
	return func(path string, patience time.Duration) (state.Backend, error) {
		return bolt.Open(path, patience, bolt.Holder{
			PID: os.Getpid(), Host: env.host, Command: command, Since: env.now().UTC().Format(time.RFC3339),
		})
	}
}

// options are the global flags.
type options struct {
	chdir       string
	noColor     bool
	json        bool
	jsonInto    string
	showPeople  bool
	input       bool
	lockTimeout time.Duration
	variables   []string
	varFiles    []string
	pluginDirs  []string
}

// eventFormat is the version of every JSON document.
const eventFormat = terminal.Format

// newLines writes events to standard output with -json, to a file with -json-into, else nowhere.
func newLines(env *environment, global *options) *terminal.Lines {
	switch {
	case global.jsonInto != "":
		path := global.jsonInto
		if !filepath.IsAbs(path) {
			path = filepath.Join(global.chdir, path)
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err == nil {
			return terminal.NewLines(file, env.now)
		}
		fmt.Fprintf(env.err, "Warning: events are not written to %s: %v\n", global.jsonInto, err)
	case global.json:
		return terminal.NewLines(env.out, env.now)
	}
	return terminal.NewLines(nil, env.now)
}
