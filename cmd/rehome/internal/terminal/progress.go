package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/phrase"
)

// progress shows a line that is written over, in a terminal only, from the second second on. Its listener lets one
// goroutine in at a time.
type progress struct {
	to    *Listener
	start time.Time
	last  time.Time
	width int
}

func newProgress(to *Listener) *progress {
	now := to.Now()
	return &progress{to: to, start: now, last: now}
}

// show writes text over the last line, at most five times a second; every ten seconds an event is a sign of life.
func (p *progress) show(text string) {
	now := p.to.Now()
	if now.Sub(p.last) < 200*time.Millisecond || now.Sub(p.start) < 2*time.Second {
		return
	}
	if now.Unix()/10 != p.last.Unix()/10 {
		p.to.Emit("progress", map[string]any{"message": text})
	}
	p.last = now
	if !p.to.Live {
		return
	}
	fmt.Fprintf(p.to.Err, "\r%s%s", text, strings.Repeat(" ", max(0, p.width-len(text))))
	p.width = len(text)
}

// bar is [====>    ] 148/223   client:wiki   12/s, 6 s left.
func (p *progress) bar(done, total int, current string) {
	const cells = 30
	filled := 0
	if total > 0 {
		filled = done * cells / total
	}
	passed := p.to.Now().Sub(p.start).Seconds()
	rate := float64(done) / max(passed, 0.001)
	left := float64(total-done) / max(rate, 0.001)
	p.show(fmt.Sprintf("  [%s>%s] %d/%d   %s   %.0f/s, %.0f s left",
		strings.Repeat("=", filled), strings.Repeat(" ", cells-filled), done, total, phrase.Clean(current), rate, left))
}

// end clears the line.
func (p *progress) end() {
	if p.to.Live && p.width > 0 {
		fmt.Fprintf(p.to.Err, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}
