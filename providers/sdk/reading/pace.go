package reading

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// longestPause caps what a server may ask for with one header.
const longestPause = 10 * time.Minute

func retryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// backoff is the pause before try+1: half of 0.5, 1, 2, 4 ... seconds, and up to as much again by chance.
func backoff(try int) time.Duration {
	full := 500 * time.Millisecond << min(try-1, 6)
	return full/2 + time.Duration(rand.Int64N(int64(full/2)))
}

// askedWait reads how long the server wants to be left alone. Retry-After counts seconds, also with a fraction, or is a
// date; X-Rate-Limit-Reset is a time in epoch seconds by the server's own clock, which is in Date.
func askedWait(header http.Header, now time.Time) (time.Duration, bool) {
	if text := strings.TrimSpace(header.Get("Retry-After")); text != "" {
		if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 {
			return clampPause(seconds), true
		}
		if at, err := http.ParseTime(text); err == nil {
			return clampPause(at.Sub(serverTime(header, now)).Seconds()), true
		}
	}
	if reset, ok := resetTime(header); ok {
		return clampPause(reset.Sub(serverTime(header, now)).Seconds()), true
	}
	return 0, false
}

func clampPause(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	if seconds > longestPause.Seconds() {
		return longestPause
	}
	return time.Duration(seconds * float64(time.Second))
}

func resetTime(header http.Header) (time.Time, bool) {
	seconds, err := strconv.ParseInt(strings.TrimSpace(header.Get("X-Rate-Limit-Reset")), 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

func serverTime(header http.Header, now time.Time) time.Time {
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		return at
	}
	return now
}

// pace slows down before the server has to say 429: once the share of a bucket is used, requests wait for its reset.
type pace struct {
	share float64
	mu    sync.Mutex
	until map[string]time.Time // bucket to the time before which nothing is sent
}

func newPace(share float64) *pace {
	if !(share > 0) || share > 1 {
		share = 1
	}
	return &pace{share: share, until: map[string]time.Time{}}
}

// learn reads the announced limit of a response.
func (p *pace) learn(bucket string, response *http.Response, now time.Time) {
	if response == nil {
		return
	}
	limit, errLimit := strconv.ParseFloat(response.Header.Get("X-Rate-Limit-Limit"), 64)
	remaining, errRemaining := strconv.ParseFloat(response.Header.Get("X-Rate-Limit-Remaining"), 64)
	reset, ok := resetTime(response.Header)
	if errLimit != nil || errRemaining != nil || !ok || !(limit > 0) {
		return
	}
	if used := limit - remaining; used < limit*p.share {
		return
	}
	wait := clampPause(reset.Sub(serverTime(response.Header, now)).Seconds())
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := now.Add(wait); until.After(p.until[bucket]) {
		p.until[bucket] = until
	}
}

func (p *pace) wait(bucket string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until[bucket].Sub(now)
}
