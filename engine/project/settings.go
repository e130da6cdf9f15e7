package project

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/state"
)

// Settings are all that a project takes from its surroundings. The zero value of a field is the cautious one: nobody is
// asked, nothing is told, and the token must allow to manage.
type Settings struct {
	Folder  string // of the configuration; relative paths mean this folder, and plugins start in it
	Command string // what is done in words, such as "rehome plan": holders of locks and refusals name it

	Environ  []string // name=value, of which a later one wins: variables of the configuration, tokens, keys, logs
	Now      func() time.Time
	Host     string
	Account  string // the system's user
	PID      int
	Home     string // of that user, where plugins are looked for last
	Binaries string // the folder of the program, where plugins are looked for too

	Variables   []string // name=value of the configuration
	VarFiles    []string
	PluginDirs  []string // looked into first
	LockTimeout time.Duration
	ShowPeople  bool   // name people where else pseudonyms stand
	Phase       string // in which source and target blocks are used: config.PhasePlan unless set

	Need   authorization.Need // what the token must allow; empty is Manage
	Begins bool               // no token is asked for while no rules are recorded

	Ask    Ask       // nil: nobody can be asked
	Events Events    // nil: nobody listens
	Log    io.Writer // of plugins, when REHOME_LOG names a level; nil discards

	// Local are providers that run in this process, by name: each call makes a connection to one. Others are started as
	// plugins.
	Local map[string]func(ctx context.Context) (net.Conn, error)
	// Backend opens what the state at a path is kept in; who works with it waits at most patience for anybody else.
	Backend func(path string, patience time.Duration) (state.Backend, error)
}

// Variable is the value of a variable of the environment, empty without one.
func (s *Settings) Variable(name string) string {
	for i := len(s.Environ) - 1; i >= 0; i-- {
		if key, value, ok := strings.Cut(s.Environ[i], "="); ok && key == name {
			return value
		}
	}
	return ""
}

// Path of a file that a person or the configuration names: relative to the folder. An empty name stays empty.
func (s *Settings) Path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Folder, name)
}

func (s *Settings) need() authorization.Need {
	if s.Need == "" {
		return authorization.Manage
	}
	return s.Need
}
