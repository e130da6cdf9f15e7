package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
)

// progress shows a line that is written over, in a terminal only, from the second second on.
type progress struct {
	mutex  sync.Mutex
	env    *environment
	on     bool
	start  time.Time
	last   time.Time
	events *events
	width  int
}

func newProgress(env *environment, global *options, events *events) *progress {
	now := env.now()
	return &progress{env: env, on: env.terminal && !global.json && !env.automation(), start: now, last: now, events: events}
}

// show writes text over the last line, at most five times a second; every ten seconds an event is a sign of life.
func (p *progress) show(text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	now := p.env.now()
	if now.Sub(p.last) < 200*time.Millisecond || now.Sub(p.start) < 2*time.Second {
		return
	}
	if p.events != nil && now.Unix()/10 != p.last.Unix()/10 {
		p.events.emit("progress", map[string]any{"message": text})
	}
	p.last = now
	if !p.on {
		return
	}
	fmt.Fprintf(p.env.err, "\r%s%s", text, strings.Repeat(" ", max(0, p.width-len(text))))
	p.width = len(text)
}

// bar is [====>    ] 148/223   client:wiki   12/s, 6 s left.
func (p *progress) bar(done, total int, current string) {
	const cells = 30
	filled := 0
	if total > 0 {
		filled = done * cells / total
	}
	passed := p.env.now().Sub(p.start).Seconds()
	rate := float64(done) / max(passed, 0.001)
	left := float64(total-done) / max(rate, 0.001)
	p.show(fmt.Sprintf("  [%s>%s] %d/%d   %s   %.0f/s, %.0f s left", strings.Repeat("=", filled), strings.Repeat(" ", cells-filled), done, total, view.Clean(current), rate, left))
}

// end clears the line.
func (p *progress) end() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.on && p.width > 0 {
		fmt.Fprintf(p.env.err, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}
