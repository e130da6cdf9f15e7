package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// testEnvironment is an environment without terminal, variables or a home.
func testEnvironment(t *testing.T) *environment {
	t.Helper()
	return &environment{
		in: strings.NewReader(""), out: &bytes.Buffer{}, err: &bytes.Buffer{},
		now:    func() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) },
		folder: t.TempDir(), home: t.TempDir(), host: "host", account: "tester",
	}
}
