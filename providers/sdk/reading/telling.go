package reading

import (
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/rehome-iam/rehome/engine/contract"
)

// longWait is from when on a person is told that nothing hangs.
const longWait = 20 * time.Second

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
