package terminal

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/providers/version"
)

// Format is the version of the JSON lines and documents; unknown types may be ignored by readers.
const Format = "1.0"

// Lines writes events as JSON lines, the first of which says the version. Safe for many goroutines.
type Lines struct {
	mutex sync.Mutex
	w     io.Writer
	begun bool
	mask  func([]byte) []byte // keeps people out; nil while nobody can be known
	now   func() time.Time
}

// NewLines writes to w, or nowhere where that is nil.
func NewLines(w io.Writer, now func() time.Time) *Lines { return &Lines{w: w, now: now} }

// Heard tells whether anybody reads the events.
func (l *Lines) Heard() bool { return l.w != nil }

// Emit writes one event; fields must not hold a secret.
func (l *Lines) Emit(kind string, fields map[string]any) {
	l.emitBy(kind, fields, func(line []byte) []byte {
		if l.mask == nil {
			return line
		}
		return l.mask(line)
	})
}

// EmitDeclared writes an event with words of the configuration's author only, such as whom to call: they stay as they
// were written.
func (l *Lines) EmitDeclared(kind string, fields map[string]any) {
	l.emitBy(kind, fields, func(line []byte) []byte { return line })
}

func (l *Lines) emitBy(kind string, fields map[string]any, mask func([]byte) []byte) {
	if l.w == nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if !l.begun {
		l.begun = true
		l.write(mask, map[string]any{"type": "version", "format_version": Format, "rehome": version.Number, "at": l.stamp()})
	}
	line := map[string]any{"type": kind, "at": l.stamp()}
	for name, value := range fields {
		line[name] = value
	}
	l.write(mask, line)
}

func (l *Lines) stamp() string { return l.now().UTC().Format("2006-01-02T15:04:05.000Z") }

// write is one line in one write. A reader that went away is not our failure.
func (l *Lines) write(mask func([]byte) []byte, line map[string]any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(line) != nil {
		return
	}
	_, _ = l.w.Write(mask(b.Bytes()))
}

// Hide changes the encoded form of every line that follows.
func (l *Lines) Hide(mask func([]byte) []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.mask = mask
}

// Diagnostics writes an event for each problem.
func (l *Lines) Diagnostics(list diag.List) {
	for _, d := range list {
		l.Emit("diagnostic", map[string]any{"diagnostic": d})
	}
}
