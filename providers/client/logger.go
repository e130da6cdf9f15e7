package client

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// Logger takes what plugins log and print.
type Logger = hclog.Logger

// NewLogger logs to w from a level on, trace, debug, info, warn or error, each text changed by redact first. Without a
// known level, or without a writer, nothing is logged. Whatever the level, waits hears of every long wait that a plugin
// tells of, so that nobody takes it for one that hangs.
func NewLogger(level string, w io.Writer, redact func(string) string, waits func(text string)) Logger {
	from := hclog.LevelFromString(level)
	if from == hclog.NoLevel || w == nil {
		from, w = hclog.Off, io.Discard
	}
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Name: "rehome", Level: from,
		Output: redacting{w: w, redact: redact}})
	logger.RegisterSink(&waitSink{tell: func(text string) { waits(redact(text)) }})
	return logger
}

// waitSink tells of waits.
type waitSink struct{ tell func(text string) }

// Accept implements hclog.SinkAdapter.
func (s *waitSink) Accept(name string, level hclog.Level, message string, args ...any) {
	if level != hclog.Warn || message != contract.WaitMessage {
		return
	}
	reported := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		reported[fmt.Sprint(args[i])] = protocol.CleanText(fmt.Sprint(args[i+1]))
	}
	provider := name[strings.LastIndexByte(name, '-')+1:]
	s.tell(fmt.Sprintf("%s waits %s seconds before %s %s: %s", provider, reported["seconds"], reported["method"], reported["path"],
		reported["reason"]))
}

// redacting is a writer whose text passes redact first.
type redacting struct {
	w      io.Writer
	redact func(string) string
}

// Write implements io.Writer.
func (r redacting) Write(b []byte) (int, error) {
	if _, err := io.WriteString(r.w, r.redact(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// hostLogger is what go-plugin logs to. Its own lines below Info are dropped, since at Trace it writes two for each
// kilobyte of a plugin's output; the plugin's lines, logged under the name of its binary, pass at every level.
type hostLogger struct {
	hclog.Logger
	binary string
}

func (l hostLogger) Named(name string) hclog.Logger {
	if name == l.binary {
		return l.Logger.Named(name)
	}
	return hostLogger{Logger: l.Logger.Named(name), binary: l.binary}
}

func (l hostLogger) Trace(string, ...any) {}

func (l hostLogger) Debug(string, ...any) {}

func (l hostLogger) IsTrace() bool { return false }

func (l hostLogger) IsDebug() bool { return false }

// lineLogger logs what a plugin prints, a line at a time.
type lineLogger struct {
	log     func(message string, args ...any)
	mutex   sync.Mutex
	partial []byte
}

// Write never fails, so that printing never stops a plugin.
func (l *lineLogger) Write(text []byte) (int, error) {
	const longest = 64 << 10
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.partial = append(l.partial, text...)
	for {
		end := bytes.IndexByte(l.partial, '\n')
		if end < 0 && len(l.partial) < longest {
			return len(text), nil
		}
		if end < 0 {
			end = len(l.partial) - 1
		}
		l.log(protocol.CleanText(string(bytes.TrimRight(l.partial[:end+1], "\n"))))
		l.partial = append(l.partial[:0], l.partial[end+1:]...)
	}
}
