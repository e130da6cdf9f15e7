package client

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"github.com/rehome-iam/rehome/providers/protocol"
)

// Limits of what is kept of a plugin's last words.
const (
	tailLines = 20
	tailWidth = 500 // bytes of a line
)

// tail keeps the last lines of what is written to it. Safe for many goroutines.
type tail struct {
	mutex   sync.Mutex
	partial []byte
	lines   []string
}

// Write never fails, so that a plugin is never stopped by its own log.
func (t *tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for rest := text; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			t.keep(rest)
			break
		}
		t.keep(rest[:end])
		t.close()
		rest = rest[end+1:]
	}
	return len(text), nil
}

func (t *tail) keep(text []byte) {
	// A JSON line needs its whole text to be read, so the line is cut to tailWidth only when it is shown.
	const longest = 16 << 10
	if room := longest - len(t.partial); len(text) > room {
		text = text[:room]
	}
	t.partial = append(t.partial, text...)
}

func (t *tail) close() {
	line := plainLine(t.partial)
	t.partial = t.partial[:0]
	if line == "" {
		return
	}
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
}

// text is the last lines, oldest first.
func (t *tail) text() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	lines := t.lines
	if last := plainLine(t.partial); last != "" {
		lines = append(append([]string{}, lines...), last)
	}
	return strings.Join(lines, "\n")
}

// plainLine makes a JSON log line readable: its level and message. The other fields stay in the log.
func plainLine(line []byte) string {
	var entry struct {
		Level   string `json:"@level"`
		Message string `json:"@message"`
	}
	text := string(line)
	if json.Unmarshal(line, &entry) == nil && entry.Message != "" {
		text = entry.Level + ": " + entry.Message
	}
	text = strings.TrimSpace(protocol.CleanText(text))
	if len(text) > tailWidth {
		text = strings.ToValidUTF8(text[:tailWidth], "") + " …"
	}
	return text
}
