package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/version"
)

// eventFormat is the version of the JSON lines; unknown types may be ignored by readers.
const eventFormat = "1.0"

// listener tells what use cases send: notes and problems on stderr, facts as JSON lines, progress in a line that is written over.
// Safe for many goroutines.
type listener struct {
	*events
	env    *environment
	global *options
	mutex  sync.Mutex
	bar    *progress // of the work that goes on; nil while none does
}

// Send implements project.Events.
func (l *listener) Send(event project.Event) {
	switch e := event.(type) {
	case project.Fact:
		if e.Declared {
			l.emitDeclared(e.Type, e.Fields)
			return
		}
		l.emit(e.Type, e.Fields)
	case project.Note:
		if !l.global.json {
			fmt.Fprintln(l.env.err, e.Text)
		}
	case project.Problems:
		l.diagnostics(e.List)
		if !l.global.json {
			view.Diagnostics(l.env.err, e.List, l.env.style(l.global.noColor))
		}
	case project.Progress:
		l.progress(e)
	case project.Parting:
		l.env.parting.Store(&e.Text)
	}
}

// Hide implements project.Events.
func (l *listener) Hide(mask func([]byte) []byte) { l.setMask(mask) }

func (l *listener) progress(p project.Progress) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.bar == nil {
		l.bar = newProgress(l.env, l.global, l.events)
	}
	switch {
	case p.End:
		l.bar.end()
		l.bar = nil
	case p.Text != "":
		l.bar.show(p.Text)
	default:
		l.bar.bar(p.Done, p.Total, p.Current)
	}
}

// events writes JSON lines: to stdout with -json, to a file with -json-into, else nowhere. Safe for many goroutines.
type events struct {
	mutex sync.Mutex
	w     io.Writer
	begun bool
	mask  func([]byte) []byte // keeps people out; nil while nobody can be known
	now   func() string
}

func newEvents(env *environment, global *options) *events {
	e := &events{now: func() string { return env.now().UTC().Format("2006-01-02T15:04:05.000Z") }}
	switch {
	case global.jsonInto != "":
		path := global.jsonInto
		if !filepath.IsAbs(path) {
			path = filepath.Join(global.chdir, path)
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			fmt.Fprintf(env.err, "Warning: events are not written to %s: %v\n", global.jsonInto, err)
			return e
		}
		e.w = file
	case global.json:
		e.w = env.out
	}
	return e
}

// heard tells whether anybody reads the events.
func (e *events) heard() bool { return e.w != nil }

// emit writes one event; fields must not hold a secret.
func (e *events) emit(kind string, fields map[string]any) {
	e.emitBy(kind, fields, func(line []byte) []byte {
		if e.mask == nil {
			return line
		}
		return e.mask(line)
	})
}

// emitDeclared writes an event with words of the configuration's author only, such as whom to call: they stay as they were written.
func (e *events) emitDeclared(kind string, fields map[string]any) {
	e.emitBy(kind, fields, func(line []byte) []byte { return line })
}

func (e *events) emitBy(kind string, fields map[string]any, mask func([]byte) []byte) {
	if e.w == nil {
		return
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if !e.begun {
		e.begun = true
		e.write(mask, map[string]any{"type": "version", "format_version": eventFormat, "rehome": version.Number, "at": e.now()})
	}
	line := map[string]any{"type": kind, "at": e.now()}
	for name, value := range fields {
		line[name] = value
	}
	e.write(mask, line)
}

// write is one line in one write. A reader that went away is not our failure.
func (e *events) write(mask func([]byte) []byte, line map[string]any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(line) != nil {
		return
	}
	_, _ = e.w.Write(mask(b.Bytes()))
}

// setMask changes every line that follows.
func (e *events) setMask(mask func([]byte) []byte) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.mask = mask
}

func (e *events) diagnostics(list diag.List) {
	for _, d := range list {
		e.emit("diagnostic", map[string]any{"diagnostic": d})
	}
}
