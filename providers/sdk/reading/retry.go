package reading

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// Retry is how a request is sent again: after growing pauses, or as long as the server asks, until tries or budget are
// used up. What may be sent again says whoever sends it.
type Retry struct {
	Tries  int           // requests sent for one, the first included
	Budget time.Duration // all tries with the pauses between them
	Sleep  func(context.Context, time.Duration) error
	Now    func() time.Time
}

// Attempt is what became of one try.
type Attempt struct {
	Header http.Header // of the answer, nil without one
	Again  bool        // another try may help, and can do no harm
	Busy   bool        // the server asks to be left alone: to be waited for even where the request is not sent again
	// Limited says that the server counts requests and had enough. It is waited for by time and not by tries: a limit that
	// names no time ends when it ends.
	Limited bool
}

// Do tries until there is no other try, and returns how many there were. Paused hears of every pause before it begins,
// and of the end with a pause of none; it may be nil.
func (r Retry) Do(ctx context.Context, once func(try int) Attempt, paused func(try int, pause time.Duration)) int {
	end, left := r.Now().Add(r.Budget), r.Budget
	for try := 1; ; try++ {
		attempt := once(try)
		pause, waits := r.pause(ctx, try, attempt, end, left)
		left -= pause
		if paused != nil {
			paused(try, pause)
		}
		if !waits || r.Sleep(ctx, pause) != nil || !attempt.Again {
			return try
		}
	}
}

func (r Retry) pause(ctx context.Context, try int, attempt Attempt, end time.Time,
	left time.Duration) (time.Duration, bool) {
	if !attempt.Again && !attempt.Busy || try >= r.Tries && !attempt.Limited || ctx.Err() != nil {
		return 0, false
	}
	pause := backoff(try)
	if asked, ok := askedWait(attempt.Header, r.Now()); ok {
		// A reset that is already over must not use up all tries at once.
		pause = max(pause, asked+time.Duration(rand.Int64N(int64(250*time.Millisecond))))
	}
	if pause > left || r.Now().Add(pause).After(end) {
		return 0, false
	}
	return pause, true
}
