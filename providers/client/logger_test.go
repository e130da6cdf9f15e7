package client

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// A rate limit whose reset is far away looks like a process that hangs: it is told whatever the log level, and once.
func TestLogger_TellsLongWaits(t *testing.T) {
	for _, level := range []string{"", "error", "debug"} {
		var out bytes.Buffer
		var reported []string
		logger := NewLogger(level, &out,
			func(text string) string { return strings.ReplaceAll(text, "planted", "(sensitive)") },
			func(text string) { reported = append(reported, text) })
		plugin := hostLogger{Logger: logger.Named("provider.okta"),
			binary: "rehome-provider-okta"}.Named("rehome-provider-okta")
		alive := reading.Telling(plugin)
		alive(reading.Sign{Method: "GET", Path: "/api/v1/users/planted", Wait: 10 * time.Minute, Reason: "answered 429"})
		alive(reading.Sign{Method: "GET", Path: "/api/v1/apps", Wait: time.Second, Reason: "answered 429"})
		alive(reading.Sign{Method: "GET", Path: "/api/v1/apps"})
		plugin.Warn("something else", "seconds", 600)
		want := "okta waits 600 seconds before GET /api/v1/users/(sensitive): answered 429"
		if len(reported) != 1 || reported[0] != want {
			t.Errorf("%q: told %q", level, reported)
		}
		if logged := strings.Contains(out.String(), contract.WaitMessage); logged != (level == "debug") {
			t.Errorf("%q: %s", level, out.String())
		}
	}
	NewLogger("", nil, func(text string) string { return text }, func(string) {}).Log(hclog.Error, "without a writer")
}
