package reading

import (
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/rehome-iam/rehome/engine/contract"
)

// longWait is from when on a person is told that nothing hangs.
const longWait = 20 * time.Second

// NewLog is the log of a source's plugin. It writes to what is os.Stderr now, so make it before the plugin is served:
// later that is a pipe which nobody may read.
func NewLog(name string) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: name, Output: os.Stderr, JSONFormat: true, Level: hclog.Info})
}

// Telling logs signs of life. The host shows a long wait whatever its log level is.
func Telling(log hclog.Logger) func(Sign) {
	return func(s Sign) {
		if s.Wait <= 0 {
			log.Debug("answered", "method", s.Method, "path", s.Path, "status", s.Status, "try", s.Try)
			return
		}
		level := hclog.Info
		if s.Wait >= longWait {
			level = hclog.Warn
		}
		log.Log(level, contract.WaitMessage, "method", s.Method, "path", s.Path, "status", s.Status,
			"seconds", int(s.Wait.Seconds()), "reason", s.Reason)
	}
}
