package sdk

import (
	"io"
	"log/slog"
	"strings"
)

// logTime is the form of a time that the host's reader of plugin logs understands.
const logTime = "2006-01-02T15:04:05.000000Z07:00"

// logHandler writes the JSON lines that the host reads from a plugin's stderr, so that a provider logs with log/slog
// and the level survives. The host decides which levels are shown. A provider never logs a secret.
func logHandler(output io.Writer) slog.Handler {
	return slog.NewJSONHandler(output, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: hostNames})
}

func hostNames(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.String("@timestamp", a.Value.Time().Format(logTime))
	case slog.LevelKey:
		return slog.String("@level", strings.ToLower(a.Value.String()))
	case slog.MessageKey:
		return slog.String("@message", a.Value.String())
	}
	return a
}
